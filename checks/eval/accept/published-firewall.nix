# NixOS: ports that are published at other addresses than loopback are opened in the firewall if the option says so.
{
  module = {
    nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    nsguard.namespaces.vpn = {
      tunnel = "mullvad";
      publish.web = {
        listen = [
          "127.0.0.1:8080"
          "[2001:db8::2]:8081"
        ];
        port = 80;
        openFirewall = true;
      };
      publish.local = {
        listen = [
          "127.0.0.1:8083"
          "[::1]:8083"
          "/run/local.sock"
        ];
        port = 80;
        openFirewall = true;
      };
      publish.other = {
        listen = [ "192.0.2.2:8082" ];
        port = 80;
      };
    };
  };

  warnings = [
    "nsguard.namespaces.vpn.publish.local.openFirewall: it opens no port, because listen has no address that other machines reach; remove it, or add an address of this host to listen"
  ];

  facts = config: {
    inherit (config.networking.firewall) allowedTCPPorts allowedUDPPorts;
  };

  expected = {
    allowedTCPPorts = [ 8081 ];
    allowedUDPPorts = [ ];
  };
}
