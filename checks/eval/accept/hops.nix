{
  specification = {
    tunnels = {
      entry.configFile = "/run/secrets/entry.conf";
      middle = {
        configFile = "/run/secrets/middle.conf";
        via = "entry";
      };
      exit = {
        configFile = "/run/secrets/exit.conf";
        via = "middle";
      };
      other = {
        configFile = "/run/secrets/other.conf";
        via = "entry";
      };
    };
    namespaces = {
      first.tunnel = "entry";
      vpn.tunnel = "exit";
      beside.tunnel = "other";
    };
  };

  facts =
    planned:
    let
      names = import ../../../modules/plan/names.nix;
      spec = name: builtins.fromJSON planned.files."/etc/nsguard/${name}/spec.json";
      outer = name: (spec name).outer;
      tunnel = planned.units."nsguard-tunnel-vpn.service".unitConfig;
      userspace = planned.units."nsguard-userspace-vpn.service".serviceConfig;
    in
    {
      outer = {
        first = outer "first";
        middle = outer "middle";
        vpn = outer "vpn";
        beside = outer "beside";
      };
      inherit (tunnel) BindsTo Wants;
      inherit (userspace) NetworkNamespacePath;
      ExecStart =
        builtins.replaceStrings [ (names.userspaceInterface "vpn") ] [ "USERSPACE" ]
          userspace.ExecStart;
    };

  expected = {
    outer = {
      first = null;
      middle = "first";
      vpn = "middle";
      beside = "first";
    };
    BindsTo = [
      "nsguard-netns-vpn.service"
      "nsguard-netns-middle.service"
    ];
    Wants = [
      "nsguard-tunnel-middle.service"
      "nsguard-refresh-vpn.timer"
      "nsguard-forward-vpn.service"
    ];
    ExecStart = "/usr/bin/nsguard-init --netns=middle /usr/bin/wireguard-go -f USERSPACE";
    NetworkNamespacePath = "/run/netns/middle";
  };
}
