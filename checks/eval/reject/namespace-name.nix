{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    tunnels.proton.configFile = "/run/secrets/proton.conf";
    namespaces."my vpn".tunnel = "mullvad";
    namespaces.a-name-that-is-longer-than-thirty-two.tunnel = "proton";
  };
  messages = [
    "nsguard.namespaces.a-name-that-is-longer-than-thirty-two: the name must start with a letter or digit and have at most 32 letters, digits, - and _; rename it"
    "nsguard.namespaces.my vpn: the name must start with a letter or digit and have at most 32 letters, digits, - and _; rename it"
  ];
}
