let
  # The facts of a unit whose user's name is known inside.
  told = accounts: {
    etc = [ "/run/nsguard/named/confext-accounts" ];
    told = "--accounts=${accounts}";
    bound = [
      "-/etc/passwd:/run/nsguard-accounts/host/passwd"
      "-/etc/group:/run/nsguard-accounts/host/group"
    ];
  };
in
{
  specification = {
    tunnels = { inherit (import ../tunnels.nix) one two; };
    namespaces = {
      plain.tunnel = "one";
      named = {
        tunnel = "two";
        hosts = {
          "10.66.0.5" = [
            "nas.example.org"
            "nas"
          ];
          "fd66::5" = [ "nas" ];
          "0.0.0.0" = [ "tracker_1.example.org" ];
          "127.0.0.1" = [ "localhost" ];
        };
      };
    };
    services = {
      made = {
        namespace = "named";
        serviceConfig = {
          ExecStart = "/bin/true";
          DynamicUser = true;
        };
      };
      called = {
        namespace = "named";
        serviceConfig = {
          ExecStart = "/bin/true";
          DynamicUser = "yes";
          User = "alice";
          Group = "media";
        };
      };
      "each@" = {
        namespace = "named";
        serviceConfig = {
          ExecStart = "/bin/true";
          DynamicUser = true;
          User = "each-%i";
        };
      };
      # Commands with either prefix see the unit's /etc.
      privileged = {
        namespace = "named";
        allowPrivilegedCommands = true;
        serviceConfig = {
          ExecStart = "!/bin/true";
          DynamicUser = true;
        };
      };
      outside = {
        namespace = "named";
        allowPrivilegedCommands = true;
        serviceConfig = {
          ExecStart = "+/bin/true";
          DynamicUser = true;
        };
      };
      static = {
        namespace = "named";
        serviceConfig = {
          ExecStart = "/bin/true";
          User = "www-data";
        };
      };
    };
  };

  facts =
    planned:
    let
      hosts = ns: (builtins.fromJSON planned.files."/etc/nsguard/${ns}/spec.json").etc.hosts;
      # The overlay over /etc, and nsguard-init's option with the user's name.
      ofUnit =
        name:
        let
          inherit (planned.units."${name}.service") serviceConfig;
          told = builtins.match ".*(--accounts=[^ ]*).*" (toString serviceConfig.ExecStart);
        in
        {
          etc = serviceConfig.ExtensionDirectories;
          told = if told == null then null else builtins.head told;
          bound = builtins.filter (
            bind: builtins.match ".*nsguard-accounts.*" bind != null
          ) serviceConfig.BindReadOnlyPaths;
        };
    in
    {
      hosts = map hosts [
        "plain"
        "named"
      ];
      units = map ofUnit [
        "made"
        "called"
        "each@"
        "privileged"
        "outside"
        "static"
      ];
    };

  expected = {
    hosts = [
      "127.0.0.1 localhost\n::1 localhost\n"
      "127.0.0.1 localhost\n::1 localhost\n0.0.0.0 tracker_1.example.org\n10.66.0.5 nas.example.org nas\n127.0.0.1 localhost\nfd66::5 nas\n"
    ];
    units = [
      (told "%p:%p")
      (told "alice:media")
      (told "each-%i:each-%i")
      (told "%p:%p")
      (told "%p:%p")
      {
        etc = [ "/run/nsguard/named/confext" ];
        told = null;
        bound = [ ];
      }
    ];
  };
}
