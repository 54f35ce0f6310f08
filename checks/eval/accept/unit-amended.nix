# NixOS: a configuration's settings for one of nsguard's own units become a drop-in.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services.nsguard-tunnel-vpn.after = [ "secrets.service" ];
  };

  facts =
    config:
    let
      unit = config.systemd.units."nsguard-tunnel-vpn.service";
      # NixOS makes it a drop-in if a package has a unit of that name.
      package = builtins.head (builtins.filter (p: p.name == "nsguard-units") config.systemd.packages);
    in
    {
      inherit (unit) overrideStrategy;
      after = builtins.match ".*\nAfter=secrets.service\n.*" unit.text != null;
      started = builtins.match ".*ExecStart.*" unit.text != null;
      packaged = package.name;
    };

  expected = {
    overrideStrategy = "asDropinIfExists";
    after = true;
    started = false;
    packaged = "nsguard-units";
  };
}
