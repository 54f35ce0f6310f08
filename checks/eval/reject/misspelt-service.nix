{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    namespaces.vpn.tunnel = "mullvad";
    services.transmision.namespace = "vpn";
  };
  messages = [
    ''systemd.services.transmision.nsguard.namespace: nothing else defines the service "transmision", so there is nothing to confine; look for a slip in the name, or, if its unit comes with a package, say its command here: systemd.services.transmision.serviceConfig.ExecStart = [ "" "…" ];''
  ];
}
