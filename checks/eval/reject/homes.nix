{
  specification = {
    accounts = {
      alice = {
        home = "/srv/people/alice";
        person = true;
      };
      odd.home = "/srv/two words";
    };
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn.tunnel = "lab";
    services = {
      granted = {
        namespace = "vpn";
        bindPaths = [ "/srv/people/alice" ];
        serviceConfig.ExecStart = "/bin/true";
      };
      bound = {
        namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/true";
          BindPaths = [
            "/srv/people:/mnt"
            "/srv/people"
            "/srv/people/alice/Music"
          ];
        };
      };
    };
  };
  messages = [
    ''users.users.odd.home: "/srv/two words" cannot be hidden from confined services; write an absolute path of letters, digits and any of . _ @ + -''
    ''systemd.services.bound.serviceConfig: binding "/srv/people:/mnt" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.granted.nsguard.bindPaths: "/srv/people/alice" contains files that the user's session runs outside the namespace; name a directory in it''
  ];
}
