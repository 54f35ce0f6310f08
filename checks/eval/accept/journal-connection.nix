# Each command is started by systemd-cat, with what systemd would tell the journal; what does not write there is not.
let
  service = serviceConfig: {
    namespace = "vpn";
    inherit serviceConfig;
  };
in
{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    namespaces.vpn.tunnel = "mullvad";
    services = {
      plain = service {
        ExecStart = "/bin/app --flag \"two words\" $A";
        ExecStop = [
          "-/bin/stop"
          ""
          ":'/opt/an app/stop' now"
        ];
      };
      named = service {
        ExecStart = "@-/bin/busybox app --flag";
        SyslogIdentifier = "an app";
        SyslogLevel = "notice";
        SyslogLevelPrefix = false;
      };
      quiet = service {
        Type = "oneshot";
        ExecStart = "/bin/one ; /bin/other";
        StandardOutput = "append:/var/log/app";
      };
    };
  };

  facts =
    planned:
    let
      config = name: planned.units."${name}.service".serviceConfig;
      # Where env(1) lies is NixOS's or the test's affair.
      env = command: builtins.match "(.*) [^ ]*/env (--argv0.*)" command;
    in
    {
      plain = (config "plain").ExecStart;
      stop = (config "plain").ExecStop;
      named = env (config "named").ExecStart;
      quiet = (config "quiet").ExecStart;
    };

  expected = {
    plain = "/usr/bin/systemd-cat --identifier=app /bin/app --flag \"two words\" $A";
    stop = [
      "-/usr/bin/systemd-cat --identifier=stop /bin/stop"
      ""
      ":/usr/bin/systemd-cat --identifier=stop '/opt/an app/stop' now"
    ];
    named = [
      "-/usr/bin/systemd-cat \"--identifier=an app\" --priority=notice --level-prefix=false"
      "--argv0=app /bin/busybox --flag"
    ];
    quiet = "/bin/one ; /bin/other";
  };
}
