{
  specification = {
    tunnels.one = {
      configFile = "/run/secrets/one.conf";
      fwMark = "0x51820";
    };
    tunnels.two = {
      configFile = "/run/secrets/two.conf";
      fwMark = "0x51820";
    };
    namespaces.a.tunnel = "one";
    namespaces.b.tunnel = "two";
  };
  messages = [
    ''nsguard.tunnels.two.fwMark: "0x51820" is also the mark of another tunnel; set fwMark to a number that no other tunnel has''
  ];
}
