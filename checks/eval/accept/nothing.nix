# NixOS: the module alone changes nothing.
{
  module = { };
  facts = config: {
    units = builtins.filter (name: builtins.match "nsguard.*" name != null) (
      builtins.attrNames config.systemd.units
    );
    packages = builtins.filter (
      package: builtins.match "nsguard.*" package.name != null
    ) config.systemd.packages;
    etc = builtins.filter (name: builtins.match "nsguard.*" name != null) (
      builtins.attrNames config.environment.etc
    );
  };
  expected = {
    units = [ ];
    packages = [ ];
    etc = [ ];
  };
}
