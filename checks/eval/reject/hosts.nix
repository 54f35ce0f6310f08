{
  specification = {
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn = {
      tunnel = "lab";
      hosts = {
        "10.66.0.300" = [ "nas" ];
        "10.66.0.5" = [ ];
        "10.66.0.6" = [
          "localhost"
          "two words"
          "fine"
          "10.66.0.7"
        ];
        "fd66::5" = [ "x\n10.0.0.1 bank.example.org" ];
        "nas" = [ "10.66.0.5" ];
      };
    };
  };
  messages = [
    ''nsguard.namespaces.vpn.hosts."10.66.0.300": this is not an IP address; write the address on the left and its names on the right: "10.66.0.5" = [ "nas" ];''
    ''nsguard.namespaces.vpn.hosts."10.66.0.5": the address has no name; add its names, or remove it''
    ''nsguard.namespaces.vpn.hosts."10.66.0.6": localhost is the namespace's own loopback address, and programs rely on that; use another name''
    ''nsguard.namespaces.vpn.hosts."10.66.0.6": "two words" is not a host name; use letters, digits, - and dots''
    ''nsguard.namespaces.vpn.hosts."10.66.0.6": "10.66.0.7" is not a host name; use letters, digits, - and dots''
    ''nsguard.namespaces.vpn.hosts."fd66::5": "x\n10.0.0.1 bank.example.org" is not a host name; use letters, digits, - and dots''
    ''nsguard.namespaces.vpn.hosts."nas": this is not an IP address; write the address on the left and its names on the right: "10.66.0.5" = [ "nas" ];''
    ''nsguard.namespaces.vpn.hosts."nas": "10.66.0.5" is not a host name; use letters, digits, - and dots''
  ];
}
