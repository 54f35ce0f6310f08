# nsguard-init stands in front of each command, also after a reset.
let
  service = serviceConfig: {
    namespace = "vpn";
    inherit serviceConfig;
  };
in
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
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
      };
      # As in nixpkgs' dnsdist and quake3-server: systemd drops the commands before the reset.
      reset = service {
        ExecStartPre = [
          "/bin/dropped"
          ""
          "/bin/prepare"
        ];
        ExecStart = [
          ""
          "/bin/app"
        ];
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
      reset = {
        inherit (config "reset") ExecStartPre ExecStart;
      };
    };

  expected = {
    plain = "/usr/bin/nsguard-init --journal --netns=vpn --own-sockets /bin/app --flag \"two words\" $A";
    stop = [
      ""
      ":/usr/bin/nsguard-init --journal --netns=vpn --own-sockets '/opt/an app/stop' now"
    ];
    named = "-/usr/bin/nsguard-init --journal --netns=vpn --own-sockets --argv0=app /bin/busybox --flag";
    reset = {
      ExecStartPre = [
        ""
        "/usr/bin/nsguard-init --journal --netns=vpn --own-sockets /bin/prepare"
      ];
      ExecStart = [
        ""
        "/usr/bin/nsguard-init --journal --netns=vpn --own-sockets /bin/app"
      ];
    };
  };
}
