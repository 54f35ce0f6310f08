{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    namespaces.vpn.tunnel = "mulvad";
  };
  messages = [
    ''nsguard.namespaces.vpn.tunnel: there is no tunnel "mulvad" (defined: mullvad); did you mean "mullvad"? If not, define nsguard.tunnels.mulvad or name another''
  ];
}
