{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    namespaces.vpn.tunnel = "mullvad";
    services.transmision.namespace = "vpn";
  };
  messages = [
    ''systemd.services.transmision.nsguard.namespace: nothing else defines the service "transmision", so there is nothing to confine; check the spelling, or, if a package defines its unit, repeat the command here: systemd.services.transmision.serviceConfig.ExecStart = [ "" "…" ];''
  ];
}
