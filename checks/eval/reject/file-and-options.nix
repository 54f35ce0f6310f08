{
  specification.tunnels.mullvad = {
    configFile = "/run/secrets/mullvad.conf";
    ips = [ "10.66.0.2/32" ];
    privateKeyFile = "/run/secrets/mullvad.key";
  };
  messages = [
    "nsguard.tunnels.mullvad: configFile describes the whole tunnel, so ips, privateKeyFile would be ignored; remove one of the two"
  ];
}
