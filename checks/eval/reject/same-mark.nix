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
    # Another spelling of the same number.
    tunnels.three = {
      configFile = "/run/secrets/three.conf";
      fwMark = "0x051820";
    };
    tunnels.four = {
      configFile = "/run/secrets/four.conf";
      fwMark = "333856";
    };
    namespaces.a.tunnel = "one";
    namespaces.b.tunnel = "two";
  };
  messages = [
    ''nsguard.tunnels.four.fwMark: "333856" is malformed; write it like "0x51820", with digits in lower case and no zero in front''
    ''nsguard.tunnels.three.fwMark: "0x051820" is malformed; write it like "0x51820", with digits in lower case and no zero in front''
    ''nsguard.tunnels.two.fwMark: "0x51820" is also the mark of another tunnel; set fwMark to a number that no other tunnel has''
  ];
}
