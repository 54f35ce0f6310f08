# NixOS: a service that would start before what its tunnel waits for, as resolvers of nixpkgs do, starts after it. Otherwise
# systemd would leave one of them out of the boot.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services.resolver = {
      nsguard.namespace = "vpn";
      before = [
        "nss-lookup.target"
        "other.service"
        "network.target"
      ];
      wantedBy = [
        "multi-user.target"
        "nss-lookup.target"
      ];
      serviceConfig.ExecStart = "/usr/bin/sleep infinity";
    };
  };

  facts =
    config:
    let
      inherit (config.systemd.services.resolver) unitConfig;
    in
    {
      inherit (unitConfig) Before;
      after = builtins.filter (unit: builtins.match ".*[.]target" unit != null) unitConfig.After;
    };

  expected = {
    Before = [ "other.service" ];
    after = [
      "nss-lookup.target"
      "network.target"
    ];
  };
}
