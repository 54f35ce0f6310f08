{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    namespaces.one.tunnel = "mullvad";
    namespaces.two.tunnel = "mullvad";
  };
  messages = [
    ''nsguard.namespaces.one.tunnel: tunnel "mullvad" is also the tunnel of nsguard.namespaces.two, and two links with the same key cut each other off; define a tunnel for each, or put the services into one namespace''
  ];
}
