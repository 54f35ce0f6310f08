# NixOS: services that would start before what their tunnel waits for start after it, resolvers of nixpkgs and searx among
# them. Otherwise systemd would leave one of these units out of the boot.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services.searx = {
      nsguard.namespace = "vpn";
      wantedBy = [
        "network.target"
        "multi-user.target"
      ];
      serviceConfig.ExecStart = "/usr/bin/sleep infinity";
    };
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
      targets = builtins.filter (unit: builtins.match ".*[.]target" unit != null);
      after = service: targets service.unitConfig.After;
      inherit (config.systemd.services) resolver searx;
    in
    {
      inherit (resolver.unitConfig) Before;
      resolver = after resolver;
      searx = after searx;
    };

  expected = {
    Before = [ "other.service" ];
    resolver = [
      "nss-lookup.target"
      "network.target"
    ];
    searx = [ "network.target" ];
  };
}
