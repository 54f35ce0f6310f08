# A service in `hostServices` that is itself confined has a warning.
{
  specification = {
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces = {
      vpn = {
        tunnel = "lab";
        hostServices.sonarr.port = 8989;
        hostServices.radarr.port = 7878;
      };
    };
    services.sonarr = {
      namespace = "vpn";
      serviceConfig.ExecStart = "/bin/sonarr";
      serviceConfig.User = "app";
    };
  };
  warnings = [
    "nsguard.namespaces.vpn.hostServices.sonarr: sonarr.service is confined to this namespace itself, where the others reach it at its own port; remove it"
  ];

  facts = planned: planned.units ? "nsguard-netns-vpn.service";
  expected = true;
}
