# Bind mounts that show homes at other paths: each path is hidden like the home.
let
  of = properties: {
    namespace = "vpn";
    serviceConfig = {
      ExecStart = "/bin/daemon";
    }
    // properties;
  };
  at = device: mountPoint: { inherit device mountPoint; };
in
{
  specification = {
    accounts = {
      alice = {
        home = "/home/alice";
        person = true;
      };
      bob = {
        home = "/srv/people/bob";
        person = true;
      };
      db.home = "/var/lib/db";
      svc.home = "/home/svc";
    };
    binds = [
      # All homes, and those again.
      (at "/home" "/export/home")
      (at "/export/" "/again")
      # A home is kept elsewhere, or a directory in one at the same path.
      (at "/data/bob" "/srv/people/bob")
      (at "/nix/persist/home/alice/Music" "/home/alice/Music")
      (at "/nix/persist/root/.cache" "/root/.cache")
      # What a login starts, at either end.
      (at "/home/alice/.config" "/srv/settings")
      (at "/keys/bob" "/srv/people/bob/.ssh")
      # Media, a service's state, and a directory below which are no homes.
      (at "/srv/media" "/home/alice/Videos")
      (at "/srv/people/bob/Music" "/srv/music")
      (at "/persist/var/lib/db" "/var/lib/db")
      (at "/persist/etc" "/etc/nixos")
    ];
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn = {
      tunnel = "lab";
      users = [ "alice" ];
      homes = "hidden";
    };
    services = {
      person = of { User = "alice"; };
      system = of { User = "svc"; };
      state = of {
        User = "db";
        ReadWritePaths = "/persist/var/lib/db";
      };
      granted = of { } // {
        bindPaths = [ "/export/home/alice/Music" ];
      };
      loosened = of { } // {
        hardening.hiddenHomes = false;
      };
    };
  };

  facts =
    planned:
    let
      config = name: planned.units."${name}.service".serviceConfig;
      homes = builtins.filter (
        path: builtins.match "-?/(again|data|export|keys|nix/persist|persist|srv)/.*" path != null
      );
    in
    builtins.listToAttrs (
      map
        (name: {
          inherit name;
          value = homes ((config name).TemporaryFileSystem ++ (config name).BindPaths);
        })
        [
          "person"
          "state"
          "system"
          "granted"
          "loosened"
          "nsguard-run-vpn@"
        ]
    );

  expected =
    let
      hidden = map (path: "${path}:ro") [
        "/srv/people/bob"
        "/srv/settings"
        "/data/bob"
        "/keys/bob"
        "/nix/persist/root"
        "/export/home"
        "/again/home"
        "/nix/persist/home"
      ];
    in
    {
      person = hidden;
      state = hidden;
      system = hidden;
      granted = hidden ++ [ "/export/home/alice/Music" ];
      loosened = [ ];
      "nsguard-run-vpn@" = hidden;
    };
}
