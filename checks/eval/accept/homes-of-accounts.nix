# NixOS's accounts: commands and apps do not see a home outside /home. The definition of an account may depend on the
# groups that exist, including those of namespaces.
{
  module =
    { config, ... }:
    {
      users.users.alice = {
        isNormalUser = true;
        home = "/srv/people/alice";
        extraGroups = builtins.filter (group: config.users.groups ? ${group}) [
          "nsguard-vpn"
          "nobody-has-this"
        ];
      };
      nsguard = {
        tunnels.lab.configFile = "/run/secrets/lab.conf";
        namespaces.vpn = {
          tunnel = "lab";
          users = [ "alice" ];
          homes = "hidden";
        };
        apps.reader = {
          namespace = "vpn";
          command = "/bin/reader";
          sandbox.enable = true;
          user = "alice";
        };
      };
    };

  facts =
    config:
    let
      inherit (config.nsguard.planned) files units;
      hidden = unit: builtins.match ".*TemporaryFileSystem=/srv/people/alice:ro\n.*" unit.text != null;
    in
    {
      command = hidden units."nsguard-run-vpn@.service";
      app = hidden units."nsguard-app-reader.service";
      sandbox =
        builtins.elem "/srv/people/alice"
          (builtins.fromJSON files."/etc/nsguard-apps/reader.json").sandbox;
      inherit (config.users.users.alice) extraGroups;
    };

  expected = {
    command = true;
    app = true;
    sandbox = true;
    extraGroups = [ "nsguard-vpn" ];
  };
}
