{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    namespaces.one.tunnel = "mullvad";
    namespaces.two.tunnel = "mullvad";
  };
  messages = [
    ''nsguard.namespaces.one.tunnel: tunnel "mullvad" is also that of nsguard.namespaces.two, and two ends with one key cut each other off; define a tunnel for each, or put the services into one namespace''
  ];
}
