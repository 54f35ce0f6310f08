# NixOS: a service of its own modules whose root directory is below /run, and which binds the host's whole /run.
{
  module = {
    nsguard = import ../vpn.nix;
    services.transmission.enable = true;
    systemd.services.transmission.nsguard = {
      namespace = "vpn";
      allowPrivilegedCommands = true;
    };
  };

  facts =
    config:
    let
      c = config.systemd.services.transmission.serviceConfig;
    in
    {
      run = builtins.elem "/run" c.BindPaths;
      runtime = builtins.elem "/run/transmission" c.BindPaths;
      root = c ? RootDirectory;
      inherit (c) ProtectHome RestrictAddressFamilies;
    };

  expected = {
    run = false;
    runtime = true;
    root = false;
    ProtectHome = "tmpfs";
    RestrictAddressFamilies = "AF_UNIX AF_INET AF_INET6";
  };
}
