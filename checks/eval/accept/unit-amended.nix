# NixOS: what a configuration says of one of nsguard's own units is laid over it as a drop-in.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services.nsguard-tunnel-vpn.after = [ "secrets.service" ];
  };

  facts =
    config:
    let
      unit = config.systemd.units."nsguard-tunnel-vpn.service";
      # NixOS lays it over the package's unit where there is one of that name.
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
