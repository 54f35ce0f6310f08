# NixOS: settings of a single instance would override the confinement of its template.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services = {
      "confined@" = {
        nsguard.namespace = "vpn";
        serviceConfig.ExecStart = "/bin/app";
      };
      "confined@one" = {
        environment.WORD = "heard";
        serviceConfig = {
          BindPaths = "/run/dbus";
          MemoryMax = "1G";
          PrivateTmp = false;
        };
        unitConfig.JoinsNamespaceOf = "free@three.service";
      };
      "free@".serviceConfig.ExecStart = "/bin/app";
      "free@two".nsguard.namespace = "vpn";
      "free@three".serviceConfig.PrivateTmp = false;
    };
  };
  messages = [
    ''systemd.services."free@two".nsguard.namespace: an instance is confined as its template is; set systemd.services."free@".nsguard.namespace''
    ''systemd.services."confined@one".unitConfig.JoinsNamespaceOf: the service would share the namespaces of another unit; remove it (systemd.services."confined@one".unitConfig.JoinsNamespaceOf = lib.mkForce [ ]; where a module sets it)''
    ''systemd.services."confined@one".serviceConfig.BindPaths: the setting of one instance would override its confined template; set it in systemd.services."confined@"''
    ''systemd.services."confined@one".serviceConfig.PrivateTmp: the setting of one instance would override its confined template; set it in systemd.services."confined@"''
  ];
}
