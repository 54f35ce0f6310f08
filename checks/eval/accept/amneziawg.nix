{
  specification = {
    tunnels.hidden = {
      type = "amneziawg";
      implementation = "userspace";
      configFile = "/run/secrets/hidden.conf";
    };
    namespaces.vpn.tunnel = "hidden";
  };

  facts =
    planned:
    let
      unit = planned.units."nsguard-userspace-vpn.service";
      inherit (builtins.fromJSON planned.files."/etc/nsguard/vpn/spec.json") tunnel;
    in
    {
      inherit (tunnel) type implementation;
      program = builtins.head (builtins.split " " unit.serviceConfig.ExecStart);
      inherit (unit.serviceConfig) CapabilityBoundingSet RuntimeDirectory;
      inherit (unit.unitConfig) OnFailure;
    };

  expected = {
    type = "amneziawg";
    implementation = "userspace";
    program = "/usr/bin/amneziawg-go";
    CapabilityBoundingSet = "CAP_NET_ADMIN";
    RuntimeDirectory = "amneziawg";
    OnFailure = [ "nsguard-mend-vpn.service" ];
  };
}
