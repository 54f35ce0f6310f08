# Each command is started by `nsguard journal`, with what systemd would tell the journal; what does not write there is not.
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
        SyslogFacility = "local0";
        SyslogLevel = "notice";
        SyslogLevelPrefix = false;
        IgnoreSIGPIPE = false;
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
    in
    {
      plain = (config "plain").ExecStart;
      stop = (config "plain").ExecStop;
      named = (config "named").ExecStart;
      quiet = (config "quiet").ExecStart;
    };

  expected = {
    plain = "/usr/bin/nsguard journal /bin/app --flag \"two words\" $A";
    stop = [
      "-/usr/bin/nsguard journal /bin/stop"
      ""
      ":/usr/bin/nsguard journal '/opt/an app/stop' now"
    ];
    named = "-/usr/bin/nsguard journal \"--identifier=an app\" --facility=local0 --level=notice --level-prefix=false --ignore-sigpipe=false --argv0=app /bin/busybox --flag";
    quiet = "/bin/one ; /bin/other";
  };
}
