# A service that owns files of several users keeps the capabilities that the option grants, and no others of its unit.
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
    services.app = {
      namespace = "vpn";
      capabilities = [
        "CAP_CHOWN"
        "CAP_SETUID"
      ];
      serviceConfig = {
        ExecStart = "/bin/app";
        CapabilityBoundingSet = "CAP_NET_ADMIN CAP_CHOWN";
        AmbientCapabilities = "CAP_NET_BIND_SERVICE CAP_CHOWN";
      };
    };
  };

  facts =
    planned:
    if planned.units ? "app.service" then
      {
        inherit (planned.units."app.service".serviceConfig)
          CapabilityBoundingSet
          AmbientCapabilities
          PrivateUsers
          ;
      }
    else
      "no unit";

  expected = {
    CapabilityBoundingSet = "CAP_CHOWN CAP_SETUID";
    AmbientCapabilities = "CAP_CHOWN";
    PrivateUsers = "identity";
  };
}
