{
  specification = {
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn = {
      tunnel = "lab";
      portForwarding = {
        enable = true;
        gateway = "fd00::1";
        protocols = [ ];
        onChange = "+/bin/true";
        clientUrl = "https://127.0.0.1:8080";
        clientCredentialsFile = "/nix/store/abc/password";
      };
    };
  };
  messages = [
    ''nsguard.namespaces.vpn.portForwarding.gateway: "fd00::1" is malformed; write it like "10.2.0.1"''
    ''nsguard.namespaces.vpn.portForwarding.clientUrl: "https://127.0.0.1:8080" is malformed; write it like "http://127.0.0.1:8080"''
    ''nsguard.namespaces.vpn.portForwarding.clientCredentialsFile: "/nix/store/abc/password" would be in the Nix store, which every user can read; write the path of a file that is created at run time, in quotes: nsguard.namespaces.vpn.portForwarding.clientCredentialsFile = "/run/secrets/…";''
    ''nsguard.namespaces.vpn.portForwarding.protocols: [] names no protocol, or another than TCP and UDP; set protocols = [ "tcp" "udp" ];''
    ''nsguard.namespaces.vpn.portForwarding.onChange: "+/bin/true" would run with full privileges because of its prefix; remove the + or !''
  ];
}
