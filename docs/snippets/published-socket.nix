{
  nsguard.namespaces.vpn.publish.web = {
    listen = [ "/run/vpn-web.sock" ];
    port = 8080;
    group = "nginx";
  };

  services.nginx = {
    enable = true;
    virtualHosts."web.example".locations."/".proxyPass = "http://unix:/run/vpn-web.sock";
  };
}
