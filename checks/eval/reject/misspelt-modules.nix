# NixOS: names of modules that exist are suggested, and no option that cannot exist.
{
  module = {
    nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    nsguard.namespaces.vpn = {
      tunnel = "mullvad";
      # Neither has an option with its port; that of the second exists.
      hostServices.sonar = { };
      hostServices.sonarr = { };
    };
    systemd.services = {
      jellyfin.nsguard.namespace = "vpn";
      "jellyfin@films".nsguard.namespace = "vpn";
      "jellyfin.service".nsguard.namespace = "vpn";
      jelyfin.nsguard.namespace = "vpn";
      "unheard@of".nsguard.namespace = "vpn";
    };
  };
  messages =
    let
      port =
        name: meant:
        "nsguard.namespaces.vpn.hostServices.${name}.port: no port is set, and services.${name} has no option with its port; ${meant}set nsguard.namespaces.vpn.hostServices.${name}.port to the port on which the service listens";
      message =
        unit: name: fix:
        ''systemd.services.${unit}.nsguard.namespace: nothing else defines the service "${name}", so there is nothing to confine; ${fix}'';
      define =
        unit: option:
        ''enable the module that defines it${option}, or, if a package defines its unit, repeat the command here: systemd.services.${unit}.serviceConfig.ExecStart = [ "" "…" ];'';
      often = " (often services.jellyfin.enable = true;)";
    in
    [
      (port "sonar" ''did you mean "sonarr"? If not, '')
      (port "sonarr" "")
      (message "jellyfin" "jellyfin" "check the spelling, ${define "jellyfin" often}")
      (message ''"jellyfin.service"'' "jellyfin.service"
        "write systemd.services.jellyfin, without the .service that NixOS adds"
      )
      (message ''"jellyfin@films"'' "jellyfin@films"
        "check the spelling, ${define ''"jellyfin@films"'' often}"
      )
      (message "jelyfin" "jelyfin" ''did you mean "jellyfin"? If not, ${define "jelyfin" ""}'')
      (message ''"unheard@of"'' "unheard@of" "check the spelling, ${define ''"unheard@of"'' ""}")
    ];
}
