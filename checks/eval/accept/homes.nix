# Homes that lie neither below /home nor in /root: a person's, and a system account's that the unit does or does not
# name. A service that has the rights of other accounts sees no home of theirs that its unit does not name.
let
  of = properties: {
    namespace = "vpn";
    serviceConfig = {
      ExecStart = "/bin/daemon";
    }
    // properties;
  };
in
{
  specification = {
    accounts = {
      alice = {
        home = "/srv/people/alice/";
        person = true;
      };
      bob = {
        home = "/home/bob";
        person = true;
      };
      www.home = "/var/www";
      media = {
        home = "/data/media";
        uid = 990;
      };
      db.home = "/var/lib/db";
      empty.home = "/var/empty";
      x.home = "/var/lib/x";
      rootless.home = "/";
      cached.home = "/var/cache/cached";
      held.home = "/var/cache/held/one";
      shared.home = "/data/shared";
    };
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn.tunnel = "lab";
    services = {
      web = of { User = "www"; };
      # The name of another directory begins with the path of the home.
      some = of {
        User = "media";
        ReadWritePaths = [
          "/data/media/downloads"
          "-/data/media2"
        ];
      };
      # A login starts programs of that directory, so the service cannot write it.
      starts = of {
        User = "media";
        ExecStart = "/data/media/bin/daemon --state /data/media/state";
      };
      # A directory with a dot is shown where a property names nothing but paths, but no .ssh, .gnupg and their kind.
      dotted = of {
        User = "media";
        ExecStart = "/bin/daemon --not /data/media/.agent/socket";
        ReadOnlyPaths = "-/data/media/.local/share/dotted/files";
        ReadWritePaths = [
          "/data/media/.config/dotted"
          "/data/media/.cache"
          "-/data/media/.ssh"
        ];
      };
      # Directories by the names of their units.
      cached = of {
        User = "%p";
        CacheDirectory = "%N";
      };
      "held@one" = of {
        User = "held";
        CacheDirectory = "%p/%i:link";
      };
      holding = of {
        User = "held";
        LogsDirectory = "%N";
        CacheDirectory = "held";
      };
      # Its name would have to be escaped in a list of paths, so systemd fills it in.
      "odd:name" = of {
        User = "cached";
        StateDirectory = "own/%N";
        CacheDirectory = "cached";
      };
      "kept@" = of {
        User = "cached";
        CacheDirectory = "%i";
      };
      media = of {
        User = "%N";
        WorkingDirectory = "-/data/%j";
        ReadOnlyPaths = "-/data/%%N";
      };
      "app-own.state" = of {
        WorkingDirectory = "-%S/%N";
        ExecStart = "/bin/daemon %S/%n /var/lib/%J";
      };
      whole = of {
        User = 990;
        WorkingDirectory = "-/data/media/";
      };
      state = of {
        User = "db";
        ReadWritePaths = "-/srv/people/alice/Music";
      };
      granted = of { User = "www"; } // {
        bindPaths = [ "/srv/people/alice/Music" ];
      };
      "any@" = of { User = "%i"; };
      becomes = of { } // {
        capabilities = [ "CAP_SETUID" ];
      };
      overrides =
        of {
          ReadWritePaths = "/data/media/downloads";
          CacheDirectory = "cached";
        }
        // {
          capabilities = [ "CAP_DAC_OVERRIDE" ];
          bindPaths = [ "/data/shared" ];
        };
      opens-none = of { } // {
        capabilities = [ "CAP_KILL" ];
      };
      loosened = of { User = "www"; } // {
        hardening.hiddenHomes = false;
      };
    };
  };

  facts =
    planned:
    let
      homes =
        path: builtins.match "-?/(srv|data|var/www|var/cache|var/lib/(app-)?own)([/.].*|:.*)?" path != null;
      config = name: planned.units."${name}.service".serviceConfig;
    in
    builtins.listToAttrs (
      map
        (name: {
          inherit name;
          value =
            builtins.filter homes (config name).TemporaryFileSystem
            ++ builtins.filter homes (config name).BindPaths
            ++ map (path: "ro ${path}") (builtins.filter homes (config name).BindReadOnlyPaths);
        })
        [
          "web"
          "some"
          "starts"
          "dotted"
          "cached"
          "held@one"
          "holding"
          "odd:name"
          "kept@"
          "media"
          "app-own.state"
          "whole"
          "state"
          "granted"
          "any@"
          "becomes"
          "overrides"
          "opens-none"
          "loosened"
        ]
    );

  expected = {
    web = [
      "/srv/people/alice:ro"
      "/var/www:ro"
    ];
    some = [
      "/srv/people/alice:ro"
      "/data/media:ro"
      "-/data/media/downloads"
    ];
    starts = [
      "/srv/people/alice:ro"
      "/data/media:ro"
      "-/data/media/state"
      "ro -/data/media/bin"
    ];
    dotted = [
      "/srv/people/alice:ro"
      "/data/media:ro"
      "-/data/media/.local/share/dotted"
      "-/data/media/.config/dotted"
      "-/data/media/.cache"
    ];
    cached = [ "/srv/people/alice:ro" ];
    "held@one" = [ "/srv/people/alice:ro" ];
    holding = [ "/srv/people/alice:ro" ];
    "odd:name" = [
      "/srv/people/alice:ro"
      "-/var/lib/own/%N"
    ];
    "kept@" = [
      "/srv/people/alice:ro"
      "/var/cache/cached:ro"
    ];
    media = [ "/srv/people/alice:ro" ];
    "app-own.state" = [
      "/srv/people/alice:ro"
      "-/var/lib/app-own.state"
      "-/var/lib/app-own.state.service"
      "-/var/lib/own.state"
    ];
    whole = [ "/srv/people/alice:ro" ];
    state = [ "/srv/people/alice:ro" ];
    granted = [
      "/srv/people/alice:ro"
      "/var/www:ro"
      "/srv/people/alice/Music"
    ];
    "any@" = [
      "/srv/people/alice:ro"
      "/var/cache/cached:ro"
      "/var/cache/held/one:ro"
      "/data/media:ro"
      "/data/shared:ro"
      "/var/www:ro"
    ];
    becomes = [
      "/srv/people/alice:ro"
      "/var/cache/cached:ro"
      "/var/cache/held/one:ro"
      "/data/media:ro"
      "/data/shared:ro"
      "/var/www:ro"
    ];
    overrides = [
      "/srv/people/alice:ro"
      "/var/cache/held/one:ro"
      "/data/media:ro"
      "/var/www:ro"
      "/data/shared"
      "-/data/media/downloads"
    ];
    opens-none = [ "/srv/people/alice:ro" ];
    loosened = [ ];
  };
}
