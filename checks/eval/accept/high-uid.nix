# A user whose number is above those that PrivateUsers=identity maps; the service would fail with 217/USER.
let
  app = uid: {
    namespace = "vpn";
    user = "alice";
    command = "/usr/bin/true";
    inherit uid;
  };
in
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
    apps = {
      usual = app 65535;
      high = app 65536;
    };
  };
  facts =
    planned:
    map (name: planned.units."${name}.service".serviceConfig.PrivateUsers) [
      "nsguard-app-usual"
      "nsguard-app-high"
    ];
  expected = [
    "identity"
    "self"
  ];
}
