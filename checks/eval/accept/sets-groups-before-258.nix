# NixOS: a daemon that becomes another user fails with systemd 257, and a warning says so.
{
  module =
    { pkgs, ... }:
    {
      nsguard = import ../vpn.nix;
      systemd.package = pkgs.systemd // {
        version = "257.9";
      };
      systemd.services.becomes = {
        nsguard = {
          namespace = "vpn";
          capabilities = [
            "CAP_SETUID"
            "CAP_SETGID"
          ];
        };
        serviceConfig.ExecStart = "/usr/bin/true";
      };
    };

  facts = config: {
    inherit (config.systemd.services.becomes.serviceConfig) PrivateUsers;
    warnings = builtins.filter (
      text: builtins.match "systemd[.]services[.].*" text != null
    ) config.warnings;
  };

  expected = {
    PrivateUsers = "identity";
    warnings = [
      ''systemd.services.becomes: systemd before 258 denies setgroups(2) to a service in a user namespace, so a daemon that starts as root and becomes another user fails; let systemd start it as that user: systemd.services.becomes.serviceConfig.User = "…";''
    ];
  };
}
