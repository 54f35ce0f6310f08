# Users and groups that nothing defines have a warning that names the nearest ones. Numbers, and accounts that systemd
# or an app makes, have none.
{
  specification = {
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn = {
      tunnel = "lab";
      users = [
        "alcie"
        "alice"
      ];
      publish.web = {
        listen = [ "/run/web.sock" ];
        port = 80;
        group = "nginxx";
      };
      portForwarding = {
        enable = true;
        onChange = "/bin/tell";
        user = "torrents";
      };
    };
    apps = {
      browser = {
        namespace = "vpn";
        command = "/bin/browser";
        user = "alise";
      };
      own = {
        namespace = "vpn";
        command = "/bin/own";
      };
    };
    services = {
      dynamic = {
        namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/app";
          DynamicUser = true;
          User = "made";
          SupplementaryGroups = [ "Media" ];
        };
      };
      numeric = {
        namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/app";
          User = 1000;
          Group = "100";
        };
      };
      "per-user@" = {
        namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/app";
          User = "%i";
        };
      };
      prowlarr = {
        namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/app";
          User = "prowlar";
          Group = "media";
          SupplementaryGroups = "media video-x";
        };
      };
      outside.serviceConfig = {
        ExecStart = "/bin/app";
        User = "nobody-knows";
      };
    };
    known = {
      users = [
        "alice"
        "prowlarr"
      ];
      groups = [
        "media"
        "nginx"
      ];
    };
  };

  facts = _: null;
  expected = null;
  warnings =
    let
      no = kind: name: "this configuration defines no ${kind} \"${name}\", so";
      made =
        kind: name: "define users.${kind}s.${name}, or ignore this if the ${kind} is made by other means";
      service = "the service does not start";
    in
    [
      ''nsguard.namespaces.vpn.users: ${no "user" "alcie"} nobody can run commands as that user; did you mean "alice"? If not, ${made "user" "alcie"}''
      "nsguard.namespaces.vpn.portForwarding.user: ${no "user" "torrents"} onChange does not run; ${made "user" "torrents"}"
      ''nsguard.namespaces.vpn.publish.web.group: ${no "group" "nginxx"} the sockets with a path are not made; did you mean "nginx"? If not, ${made "group" "nginxx"}''
      ''nsguard.apps.browser.user: ${no "user" "alise"} the app does not start; did you mean "alice"? If not, ${made "user" "alise"}''
      ''systemd.services.dynamic.serviceConfig.SupplementaryGroups: ${no "group" "Media"} ${service}; did you mean "media"? If not, ${made "group" "Media"}''
      ''systemd.services.prowlarr.serviceConfig.User: ${no "user" "prowlar"} ${service}; did you mean "prowlarr"? If not, ${made "user" "prowlar"}''
      "systemd.services.prowlarr.serviceConfig.SupplementaryGroups: ${no "group" "video-x"} ${service}; ${made "group" "video-x"}"
    ];
}
