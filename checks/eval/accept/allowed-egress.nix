{
  specification = {
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn = {
      tunnel = "lab";
      allowedEgress = {
        nas = {
          address = "192.168.1.10";
          port = 445;
        };
        nas-web = {
          address = "192.168.1.10";
          port = 443;
        };
        printer = {
          address = "fd00::9";
          port = 631;
        };
      };
    };
  };

  facts =
    planned:
    let
      inherit (import ../ways-out.nix "egress" planned) named unit;
      socket = unit "socket" "printer";
      nas = unit "service" "nas";
      inherit (nas.serviceConfig) IPAddressAllow IPAddressDeny DynamicUser;
    in
    {
      units = builtins.length named;
      inherit (builtins.fromJSON planned.files."/etc/nsguard/vpn/spec.json") loopback;
      inherit (socket.socketConfig) ListenStream NetworkNamespacePath;
      inherit (socket) wantedBy;
      bound = socket.unitConfig.BindsTo;
      proxies =
        map (name: builtins.match ".*/lib/systemd/(.*)" (unit "service" name).serviceConfig.ExecStart)
          [
            "nas"
            "printer"
          ];
      inherit IPAddressAllow IPAddressDeny DynamicUser;
      inside = nas.serviceConfig ? NetworkNamespacePath;
      # The proxy lets connections out; no rule does.
      ruled = builtins.match ".*192[.]168.*" planned.files."/etc/nsguard/vpn/namespace.nft" != null;
    };

  expected = {
    units = 6;
    loopback = [
      "192.168.1.10"
      "fd00::9"
    ];
    ListenStream = "[fd00::9]:631";
    NetworkNamespacePath = "/run/netns/vpn";
    wantedBy = [
      "multi-user.target"
      "nsguard-netns-vpn.service"
    ];
    bound = [ "nsguard-netns-vpn.service" ];
    proxies = [
      [ "systemd-socket-proxyd 192.168.1.10:445" ]
      [ "systemd-socket-proxyd fd00::9:631" ]
    ];
    IPAddressAllow = "192.168.1.10";
    IPAddressDeny = "any";
    DynamicUser = true;
    inside = false;
    ruled = false;
  };
}
