# A service that binds directories of other units depends on those units.
{
  specification = {
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn.tunnel = "lab";
    services = {
      db.serviceConfig = {
        ExecStart = "/bin/app";
        RuntimeDirectory = "db";
      };
      made.serviceConfig = {
        ExecStart = "/bin/true";
        Type = "oneshot";
        RuntimeDirectory = "made other";
        RuntimeDirectoryPreserve = true;
      };
      films.serviceConfig = {
        ExecStart = "/bin/app";
        StateDirectory = "films";
      };
      client = {
        namespace = "vpn";
        bindPaths = [
          "/run/db"
          "/run/other:/var/lib/other"
          "/var/lib/films/new"
        ];
        serviceConfig.ExecStart = "/bin/app";
      };
      # It is ordered before the unit whose directory it would wait for.
      first = {
        namespace = "vpn";
        bindPaths = [ "/run/late" ];
        serviceConfig.ExecStart = "/bin/app";
      };
      late = {
        unitConfig.After = [ "first.service" ];
        serviceConfig = {
          ExecStart = "/bin/app";
          RuntimeDirectory = "late";
        };
      };
    };
  };

  facts =
    planned:
    let
      unit = name: planned.units."${name}.service".unitConfig;
      ours = builtins.filter (name: builtins.match "nsguard-.*" name == null);
    in
    {
      requires = (unit "client").Requires;
      wants = ours (unit "client").Wants;
      after = ours (unit "client").After;
      first = (unit "first").Requires or [ ];
    };

  expected = {
    requires = [
      "db.service"
      "made.service"
    ];
    wants = [ "films.service" ];
    after = [
      "autofs.service"
      "nix-daemon.socket"
      "db.service"
      "made.service"
      "films.service"
    ];
    first = [ ];
  };
}
