# The common parts of the guards in this directory. They do not use nsguard: each represents a way in which VPN
# namespaces are often built, and shows what the suite finds there. A guard is a scenario without a namespace of
# nsguard's: its services are plain units, and a unit of its own runs the commands that set it up.
#
# The units, the namespace and its link have the names that the attacks know, so that attacks can disturb them.
let
  agent = name: command: properties: {
    serviceConfig = {
      ExecStart = "${command} /usr/bin/python3 -m nsguard_harness.inside.agent /run/nsguard-agent-${name}/socket";
      Environment = "PYTHONPATH=/usr/lib/nsguard-harness";
      RuntimeDirectory = "nsguard-agent-${name}";
      RuntimeDirectoryMode = "0777";
      Type = "notify";
    }
    // properties.serviceConfig or { };
    unitConfig = properties.unitConfig or { };
    wantedBy = [ "multi-user.target" ];
  };

  inNamespace = {
    Wants = "nsguard-tunnel-vpn.service";
    BindsTo = "nsguard-netns-vpn.service";
    After = [
      "nsguard-netns-vpn.service"
      "nsguard-tunnel-vpn.service"
    ];
  };

  shell = command: "/bin/bash -euc ${builtins.toJSON command}";

  oneshot = unitConfig: commands: undo: {
    inherit unitConfig;
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      # wireguard-go must keep running
      KillMode = "none";
      ExecStart = map shell commands;
      ExecStopPost = map (command: "-${shell command}") undo;
    };
    wantedBy = [ "multi-user.target" ];
  };
in
rec {
  configuration = "/etc/nsguard-lab/client.conf";

  asUser = {
    User = "www-data";
    Group = "www-data";
  };

  # Two confined services, made by the function `confined` of name and user, and the unconfined ones for the controls.
  services = confined: {
    app-root = confined "app-root" { };
    app-user = confined "app-user" asUser;
    free = agent "free" "" { };
    free-user = agent "free-user" "" { serviceConfig = asUser; };
  };

  inherit agent inNamespace;

  # An agent that systemd puts into the namespace, with the namespace's resolv.conf bound over the host's.
  bound =
    properties: name: user:
    agent name "" {
      unitConfig = inNamespace;
      serviceConfig =
        user
        // {
          NetworkNamespacePath = "/run/netns/vpn";
          BindReadOnlyPaths = "/etc/netns/vpn/resolv.conf:/etc/resolv.conf";
        }
        // properties;
    };

  # Creates the tunnel's link as wg-quick does, in the host's namespace or, by the command `inside`, in the services'.
  link = inside: [
    "${inside} ip link add wg0 type wireguard 2>/dev/null || ${inside} wireguard-go wg0"
    "wg-quick strip ${configuration} > /run/guard.conf; ${inside} wg setconf wg0 /run/guard.conf"
  ];
  addresses = [
    "ip -n vpn address add 10.66.0.2/32 dev wg0; ip -n vpn address add fd66::2/128 dev wg0 nodad"
    "ip -n vpn link set wg0 up"
    "ip -n vpn route add default dev wg0; ip -n vpn -6 route add default dev wg0"
  ];

  # more: further commands that set up the namespace
  units =
    {
      link,
      more ? [ ],
      undo ? [ ],
    }:
    {
      nsguard-netns-vpn = oneshot { } (
        [
          "ip netns add vpn; ip -n vpn link set lo up"
          "mkdir -p /etc/netns/vpn; printf 'nameserver 10.66.0.1\\nnameserver fd66::1\\n' > /etc/netns/vpn/resolv.conf"
        ]
        ++ more
      ) (undo ++ [ "ip netns delete vpn" ]);
      nsguard-tunnel-vpn = oneshot {
        BindsTo = "nsguard-netns-vpn.service";
        After = "nsguard-netns-vpn.service";
      } (link ++ addresses) [ "ip -n vpn link delete wg0" ];
    };
}
