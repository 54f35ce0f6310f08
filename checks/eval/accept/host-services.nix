{
  specification = {
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn = {
      tunnel = "lab";
      hostServices = {
        sonarr.port = 8989;
        # Inside, another port, because the host's port is taken there; and a service at another loopback address.
        prowlarr = {
          port = 9696;
          listenPort = 19696;
          address = "::1";
        };
      };
      publish.prowlarr = {
        listen = [ "127.0.0.1:9696" ];
        port = 9696;
      };
    };
  };

  facts =
    planned:
    let
      inherit (import ../ways-out.nix "host" planned) named unit;
      socket = unit "socket" "prowlarr";
      proxy = unit "service" "prowlarr";
      inherit (proxy.serviceConfig)
        IPAddressAllow
        IPAddressDeny
        DynamicUser
        SocketBindDeny
        ;
      spec = builtins.fromJSON planned.files."/etc/nsguard/vpn/spec.json";
    in
    {
      units = builtins.length named;
      inherit (spec) loopback;
      known = map (it: removeAttrs it [ "unit" ]) spec.hostServices;
      inherit (socket.socketConfig) ListenStream NetworkNamespacePath;
      inherit (socket) wantedBy;
      bound = socket.unitConfig.BindsTo;
      proxies =
        map (name: builtins.match ".*/lib/systemd/(.*)" (unit "service" name).serviceConfig.ExecStart)
          [
            "prowlarr"
            "sonarr"
          ];
      inherit
        IPAddressAllow
        IPAddressDeny
        DynamicUser
        SocketBindDeny
        ;
      inside = proxy.serviceConfig ? NetworkNamespacePath;
    };

  expected = {
    units = 4;
    loopback = [ ];
    known = [
      {
        name = "prowlarr";
        address = "::1";
        port = 9696;
        listenPort = 19696;
      }
      {
        name = "sonarr";
        address = "127.0.0.1";
        port = 8989;
        listenPort = 8989;
      }
    ];
    ListenStream = [
      "127.0.0.1:19696"
      "[::1]:19696"
    ];
    NetworkNamespacePath = "/run/netns/vpn";
    wantedBy = [
      "multi-user.target"
      "nsguard-netns-vpn.service"
    ];
    bound = [ "nsguard-netns-vpn.service" ];
    proxies = [
      [ "systemd-socket-proxyd ::1:9696" ]
      [ "systemd-socket-proxyd 127.0.0.1:8989" ]
    ];
    IPAddressAllow = "::1";
    IPAddressDeny = "any";
    DynamicUser = true;
    SocketBindDeny = "any";
    inside = false;
  };
}
