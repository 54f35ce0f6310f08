let
  peer = {
    publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
    presharedKeyFile = "/run/secrets/typed.psk";
    endpoint = "vpn.example.org:51820";
    allowedIPs = [
      "0.0.0.0/0"
      "::/0"
    ];
    persistentKeepalive = 25;
    dynamicEndpointRefreshSeconds = 300;
  };
in
{
  specification = {
    tunnels.typed = {
      ips = [
        "10.66.0.2/32"
        "fd66::2/128"
      ];
      privateKeyFile = "/run/secrets/typed.key";
      generatePrivateKeyFile = true;
      listenPort = 51821;
      mtu = 1380;
      fwMark = "0x51820";
      dns = [ "10.66.0.1" ];
      peers = [ peer ];
    };
    namespaces.vpn.tunnel = "typed";
  };

  facts =
    planned:
    let
      spec = builtins.fromJSON planned.files."/etc/nsguard/vpn/spec.json";
    in
    {
      inherit (spec) tunnel fwMark;
      units = builtins.filter (name: builtins.match "nsguard-.*\\.(service|timer)" name != null) (
        builtins.attrNames planned.units
      );
      # No unit waits for the key that nsguard itself generates.
      awaited = map (unit: unit.pathConfig) (
        builtins.filter (unit: unit ? pathConfig) (builtins.attrValues planned.units)
      );
      refresh = planned.units."nsguard-refresh-vpn.timer".timerConfig.OnUnitActiveSec;
      pinned = planned.files."/etc/nsguard/vpn/host.nft";
    };

  expected = {
    fwMark = "0x51820";
    tunnel = {
      name = "typed";
      type = "wireguard";
      implementation = "auto";
      configFile = null;
      ips = [
        "10.66.0.2/32"
        "fd66::2/128"
      ];
      privateKeyFile = "/run/secrets/typed.key";
      generatePrivateKeyFile = true;
      listenPort = 51821;
      mtu = 1380;
      dns = [ "10.66.0.1" ];
      dynamicEndpointRefreshSeconds = 0;
      peers = [ (peer // { name = null; }) ];
    };
    units = [
      "nsguard-handshake-vpn@.service"
      "nsguard-late-vpn@.service"
      "nsguard-mend-vpn.service"
      "nsguard-netns-vpn.service"
      "nsguard-refresh-vpn.service"
      "nsguard-refresh-vpn.timer"
      "nsguard-rules-vpn.service"
      "nsguard-tunnel-vpn.service"
      "nsguard-userspace-vpn.service"
    ];
    awaited = [
      {
        PathChanged = [ "/run/secrets/typed.psk" ];
        Unit = "nsguard-tunnel-vpn.service";
        TriggerLimitIntervalSec = 0;
      }
    ];
    refresh = 30;
    # The mark comes from the spec.
    # The runtime's tests load this file, so the names in it are those that the runtime uses.
    pinned = builtins.readFile ../../../pkgs/nsguard/tests/rulesets/host.nft;
  };
}
