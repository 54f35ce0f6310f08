# What a bind mount shows of a home is the home.
{
  specification = {
    accounts.alice = {
      home = "/home/alice";
      person = true;
    };
    binds = [
      {
        device = "/home";
        mountPoint = "/export/home";
      }
      {
        device = "/home/alice";
        mountPoint = "/two words";
      }
    ];
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn.tunnel = "lab";
    services = {
      granted = {
        namespace = "vpn";
        bindPaths = [ "/export/home/alice" ];
        serviceConfig.ExecStart = "/bin/true";
      };
      bound = {
        namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/true";
          BindPaths = [
            "/export/home/alice"
            "/export:/mnt"
            "/export/home/alice/.bashrc"
            "/export/home/alice/Music"
            "/export/home/carol"
            "/export/home/carol/.ssh/config"
            "/export/home/carol/Music"
          ];
          StandardError = "append:/export/home/alice/.profile";
        };
      };
    };
  };
  messages = [
    ''fileSystems: "/two words", at which a bind mount shows a home, cannot be hidden from confined services; use absolute paths of letters, digits and any of . _ @ + - for its device and mount point''
    ''systemd.services.bound.serviceConfig: binding "/export/home/alice" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.bound.serviceConfig: binding "/export:/mnt" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.bound.serviceConfig: binding "/export/home/carol" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.bound.serviceConfig: "/export/home/alice/.bashrc" contains what a login outside the namespace starts or reads; name another directory, show it with BindReadOnlyPaths, or accept that with systemd.services.bound.nsguard.bindPaths = [ "/export/home/alice/.bashrc" ];''
    ''systemd.services.bound.serviceConfig: "/export/home/carol/.ssh/config" contains what a login outside the namespace starts or reads; name another directory, show it with BindReadOnlyPaths, or accept that with systemd.services.bound.nsguard.bindPaths = [ "/export/home/carol/.ssh/config" ];''
    ''systemd.services.bound.serviceConfig.StandardError: "append:/export/home/alice/.profile" is started or read by a login outside the namespace; name a file in a data directory, or accept that with systemd.services.bound.nsguard.bindPaths = [ "/export/home/alice/.profile" ];''
    ''systemd.services.granted.nsguard.bindPaths: "/export/home/alice" contains files that the user's session runs outside the namespace; name a directory in it''
  ];
}
