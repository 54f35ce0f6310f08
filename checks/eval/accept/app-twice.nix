# NixOS: a user's own profile comes before the launcher in PATH, and its program runs unconfined.
{
  module =
    { pkgs, ... }:
    {
      nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
      nsguard.namespaces.vpn.tunnel = "mullvad";
      nsguard.apps.brave = {
        preset = "brave";
        namespace = "vpn";
        user = "alice";
      };
      users.users.alice = {
        isNormalUser = true;
        uid = 1000;
        packages = [
          pkgs.firefox
          pkgs.brave
        ];
      };
    };

  warnings = [
    "nsguard.apps.brave: users.users.alice.packages has the same program, which comes before the launcher in PATH and runs unconfined; remove it there"
  ];
  facts = _: null;
  expected = null;
}
