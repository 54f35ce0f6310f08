# Ports in a namespace that are published outside it: sockets of the host, and a process inside that forwards their
# connections. No packet passes between the two, so there is no route.
{
  tools,
  names,
  dependencies,
  confine,
}:
# { name, publish } of a namespace -> { units; openPorts; }
{ name, publish }:
let
  inherit (builtins) filter;
  inherit (import ../network/listen.nix) parse;

  netns = names.netnsUnit name;

  # The namespace's unit loads the rules for clients. While it is not up, nobody may connect without the rules.
  ruled = {
    BindsTo = [ netns ];
    After = [ netns ];
    # The namespace's unit starts after sockets.target, and this socket after that unit.
    DefaultDependencies = false;
    Conflicts = [ "shutdown.target" ];
    Before = [ "shutdown.target" ];
  };

  socket = published: it: {
    unitConfig = {
      Description = "Published port ${published} of network namespace ${name}";
    }
    // (if it.from == null then { } else ruled);
    socketConfig = {
      ListenStream = it.listen;
      # The host may get an address later, or lose it and get it back.
      FreeBind = true;
      BindIPv6Only = "ipv6-only";
      SocketMode = it.mode;
      SocketGroup = it.group;
      RemoveOnStop = true;
      # Otherwise a client that has disappeared would keep the process running for ever.
      KeepAlive = true;
      # If the namespace does not come up, a client is refused; the start is not tried again and again.
      FlushPending = true;
      TriggerLimitIntervalSec = 0;
    };
    wantedBy = [
      (if it.from == null then "sockets.target" else "multi-user.target")
      netns
    ];
  };

  # It has sockets of the host and handles what the service sends, so it is confined like the service.
  service =
    published: it:
    let
      unit = names.publishUnit name published it;
      own = dependencies.directives "publish" name;
      confined = confine {
        unit = "${unit}.service";
        namespace = name;
        # It accepts the host's connections.
        loosened = [ "own-sockets" ];
        capabilities = [ ];
        unitConfig = { };
        serviceConfig = import ./proxy.nix // {
          # systemd-socket-proxyd does not accept an address in brackets.
          ExecStart = "${tools.systemd-socket-proxyd} --exit-idle-time=5min 127.0.0.1:${toString it.port}";
          IPAddressAllow = "127.0.0.1";
          IPAddressDeny = "any";
          RestrictAddressFamilies = "AF_INET AF_UNIX";
        };
      };
    in
    {
      inherit (confined) serviceConfig;
      # Unlike a service, it does not need the tunnel.
      unitConfig = own // {
        Description = "Connections to published port ${published} of network namespace ${name}";
        BindsTo = own.BindsTo or [ ] ++ [ "${unit}.socket" ];
        After = own.After or [ ] ++ [ "${unit}.socket" ];
        StartLimitIntervalSec = 0;
      };
    };

  units =
    published:
    let
      it = publish.${published};
      unit = names.publishUnit name published it;
    in
    {
      "${unit}.socket" = socket published it;
      "${unit}.service" = service published it;
    };

  outside = at: at.family != "unix" && !at.loopback;
in
{
  units = builtins.foldl' (all: each: all // each) { } (map units (builtins.attrNames publish));

  # The ports to open in the host's firewall.
  openPorts = builtins.concatMap (
    it: map (at: at.ports.from) (filter outside (map parse it.listen))
  ) (filter (it: it.openFirewall) (builtins.attrValues publish));
}
