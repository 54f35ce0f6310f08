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
      homes = path: builtins.match "-?/(srv|data|var/www|var/cache)(/.*|:.*)?" path != null;
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
      "/data/media:ro"
      "/data/shared:ro"
      "/var/www:ro"
    ];
    becomes = [
      "/srv/people/alice:ro"
      "/var/cache/cached:ro"
      "/data/media:ro"
      "/data/shared:ro"
      "/var/www:ro"
    ];
    overrides = [
      "/srv/people/alice:ro"
      "/data/media:ro"
      "/var/www:ro"
      "/data/shared"
      "-/data/media/downloads"
    ];
    opens-none = [ "/srv/people/alice:ro" ];
    loosened = [ ];
  };
}
