# A service that nothing defines: the message names the nearest one that is defined.
{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    namespaces.vpn = {
      tunnel = "mullvad";
      hostServices.sonnar = { };
    };
    services = {
      # both of these as well
      prowlarrr.namespace = "vpn";
      prwolarr.namespace = "vpn";
      transmission-daemon.namespace = "vpn";
      unheard-of.namespace = "vpn";
    };
    known.services = [
      "nginx"
      "prowlarr"
      "prowlarrr"
      "prwolarr"
      "sonarr"
      "transmission"
      "transmission-daemon"
      "unheard-of"
    ];
  };
  messages =
    let
      message =
        name: fix:
        ''systemd.services.${name}.nsguard.namespace: nothing else defines the service "${name}", so there is nothing to confine; ${fix}enable the module that defines it (often services.${name}.enable = true;), or, if a package defines its unit, repeat the command here: systemd.services.${name}.serviceConfig.ExecStart = [ "" "…" ];'';
    in
    [
      ''nsguard.namespaces.vpn.hostServices.sonnar.port: no port is set, and services.sonnar has no option with its port; did you mean "sonarr"? If not, set nsguard.namespaces.vpn.hostServices.sonnar.port to the port on which the service listens''
      (message "prowlarrr" "did you mean \"prowlarr\"? If not, ")
      (message "prwolarr" "did you mean \"prowlarr\"? If not, ")
      (message "transmission-daemon" "did you mean \"transmission\"? If not, ")
      (message "unheard-of" "check the spelling, ")
    ];
}
