# What `switch-to-configuration` does for a change: which units it restarts or reloads, and which services keep running.
#
# There is one namespace for each change, and one switch makes all changes. No tunnel's peer answers; the harness's
# test_changes.py tests what happens to open connections.
let
  key = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
  other = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";

  tunnelOf =
    name: peer: more:
    {
      ips = [ "10.66.0.2/32" ];
      privateKeyFile = "/var/lib/keys/${name}";
      generatePrivateKeyFile = true;
      dns = [ "10.66.0.1" ];
      peers = [
        (
          {
            publicKey = key;
            endpoint = "203.0.113.51:51820";
            allowedIPs = [ "0.0.0.0/0" ];
          }
          // peer
        )
      ];
    }
    // more;

  # The changes; `before` replaces the common settings before the switch.
  changes = {
    nothing = { };
    peer.peer.publicKey = other;
    endpoint.peer.endpoint = "203.0.113.52:51820";
    refresh.peer.dynamicEndpointRefreshSeconds = 7;
    key.tunnel.privateKeyFile = "/var/lib/keys/another";
    address.tunnel.ips = [ "10.66.0.9/32" ];
    mtu.tunnel.mtu = 1300;
    dns.tunnel.dns = [ "10.66.0.9" ];
    enforce.namespace.dns.enforce = false;
    forward.namespace.portForwarding.enable = true;
    unforward.before.namespace.portForwarding.enable = true;
    ports.namespace.tunnelPorts.tcp = [ 80 ];
    swapped.swapped = "other";
    command.environment.CHANGED = "1";
    renamed.moved = "new";
  };

  # A namespace for each change; `of` picks the settings before or after the switch.
  machines =
    of:
    map (
      name:
      let
        change = of changes.${name};
        tunnel = change.swapped or name;
        namespace = change.moved or name;
      in
      {
        nsguard.tunnels.${tunnel} = tunnelOf name (change.peer or { }) (change.tunnel or { });
        nsguard.namespaces.${namespace} = change.namespace or { } // {
          inherit tunnel;
        };
        services."app-${name}" = {
          environment = change.environment or { };
          nsguard.namespace = namespace;
          wantedBy = [ "multi-user.target" ];
          script = "exec sleep infinity";
          serviceConfig.KillSignal = "SIGKILL"; # as in ../units.nix
        };
      }
    ) (builtins.attrNames changes);
in
{
  modules = [
    (
      { config, lib, ... }:
      let
        each = machines (
          change: if config.changed then removeAttrs change [ "before" ] else change.before or { }
        );
      in
      {
        options.changed = lib.mkEnableOption "every change";
        config = {
          nsguard = lib.mkMerge (map (one: one.nsguard) each);
          systemd.services = lib.mkMerge (map (one: one.services) each);
          systemd.tmpfiles.rules = [ "d /var/lib/keys 0700" ];
          system.switch.enable = true; # nodes of a test may lack it
          specialisation.changed.configuration.changed = true;
        };
      }
    )
  ];

  script = ''
    import re

    client = lab.client
    reload = {"reload tunnel"}
    expected = {
        "nothing": set(),
        "peer": reload,
        "endpoint": reload,
        "key": reload,
        "address": reload,
        "mtu": reload,
        "dns": reload,
        "swapped": reload,
        "refresh": {"reload tunnel", "restart refresh"},
        "enforce": {"reload netns"},
        "ports": {"reload netns"},
        "forward": {"reload netns", "start forward"},
        "unforward": {"reload netns", "stop forward"},
        "command": {"stop app", "start app"},
        "renamed": {"stop app", "stop netns", "stop tunnel", "stop refresh", "start app"},
        "new": {"start netns", "start tunnel", "start refresh"},
    }
    apps = {name: f"app-{name}.service" for name in expected if name != "new"}
    acting = r"^(stop|reload|restart|start)p?ing the following units: (.*)$"
    saying = re.compile(acting + r"|^(the following new units) .*: (.*)$", re.M)
    ours = re.compile(r"(?:nsguard-)?(app|netns|tunnel|refresh|forward)-(.*)\.(?:service|timer)")


    def lives():
        for unit in apps.values():
            client.wait_for_unit(unit)
        return {name: client.get_unit_property(unit, "InvocationID") for name, unit in apps.items()}


    before = lives()
    switch = "/run/current-system/specialisation/changed/bin/switch-to-configuration test 2>&1"
    said = client.succeed(switch, timeout=300)
    done = {name: set() for name in expected}
    for verb, units, _, started in saying.findall(said):
        for unit in (units or started).split(", "):
            if known := ours.fullmatch(unit):
                done[known[2]].add(f"{verb or 'start'} {known[1]}")
    assert done == expected, said
    after = lives()
    assert {name for name in apps if before[name] != after[name]} == {"command", "renamed"}
    assert client.succeed("systemctl list-units --failed --plain --no-legend") == ""
  '';
}
