# Paths that the host starts or reads later: an option, or a directory of the service's own, lets a service write them.
let
  service = more: { namespace = "vpn"; } // more;
in
{
  specification = {
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn.tunnel = "lab";
    services = {
      configured = service {
        serviceConfig = {
          ExecStart = "/bin/app";
          ConfigurationDirectory = "configured";
          ReadWritePaths = "/etc/configured/conf.d";
        };
      };
      keys = service {
        bindPaths = [ "/root/.ssh" ];
        serviceConfig = {
          ExecStart = "/bin/app";
          BindPaths = "/root/.ssh";
        };
      };
      updater = service {
        hardening.readOnlySystem = false;
        serviceConfig = {
          ExecStart = "/bin/app";
          BindPaths = "/boot:/srv/boot";
          ReadWritePaths = "/usr/share/app";
        };
      };
      # Names of the system's directories show nothing of them.
      reader = service {
        serviceConfig = {
          ExecStart = "/bin/app --timers /var/lib/systemd/timers --data /var/lib/reader";
          BindReadOnlyPaths = "/home/alice/.ssh /boot:/srv/boot";
        };
      };
    };
  };

  facts =
    planned:
    let
      bound = name: planned.units."${name}.service".serviceConfig.BindPaths;
    in
    {
      inherit (planned) holes;
      reader = builtins.filter (path: builtins.match "-/var/lib/.*" path != null) (bound "reader");
    };
  expected = {
    holes = [ ];
    reader = [ "-/var/lib/reader" ];
  };
}
