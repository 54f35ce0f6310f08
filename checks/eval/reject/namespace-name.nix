{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    tunnels.proton.configFile = "/run/secrets/proton.conf";
    namespaces."my vpn".tunnel = "mullvad";
    namespaces.a-name-that-is-longer-than-thirty-two.tunnel = "proton";
  };
  messages = [
    "nsguard.namespaces.a-name-that-is-longer-than-thirty-two: the name may have letters, digits, - and _, starts with a letter or digit, and has 32 characters at most; rename it"
    "nsguard.namespaces.my vpn: the name may have letters, digits, - and _, starts with a letter or digit, and has 32 characters at most; rename it"
  ];
}
