# NixOS: the module alone changes nothing.
{
  module = { };
  facts = config: {
    units = builtins.filter (name: builtins.match "nsguard.*" name != null) (builtins.attrNames config.systemd.units);
    etc = builtins.filter (name: builtins.match "nsguard.*" name != null) (builtins.attrNames config.environment.etc);
  };
  expected = {
    units = [ ];
    etc = [ ];
  };
}
