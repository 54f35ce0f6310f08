{
  nsguard.tunnels.entry.configFile = "/run/secrets/entry.conf";
  nsguard.tunnels.exit = {
    configFile = "/run/secrets/exit.conf";
    via = "entry";
  };
  nsguard.namespaces.vpn.tunnel = "exit";
}
