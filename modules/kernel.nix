# What confinement needs of the host's kernel: modules loaded in time, user namespaces, and room for many tunnels.
{ config, lib, ... }:
let
  cfg = config.nsguard;
  tunnels = lib.attrValues cfg.tunnels;

  ofType =
    type: lib.any (tunnel: tunnel.type == type && tunnel.implementation != "userspace") tunnels;
  # The kernel gives each user 128 inotify instances (inotify(7), max_user_instances). Of root's, a tunnel may take two:
  # one for the file that it waits for, and wireguard-go's for its socket. Other programs need some, too.
  many = lib.length tunnels > 20;
  byProcess = lib.any (tunnel: tunnel.implementation != "kernel") tunnels;
  mustBeLoaded = lib.attrNames (
    lib.filterAttrs (
      _: tunnel: tunnel.type == "amneziawg" && tunnel.implementation == "kernel"
    ) cfg.tunnels
  );
in
{
  config = lib.mkIf (cfg.namespaces != { }) {
    # Loaded at boot, because with `security.lockKernelModules` nobody can load them later. Apps and commands, whose
    # /etc is an overlay, start after the lock, and a tunnel may.
    boot.kernelModules =
      lib.optional (ofType "wireguard") "wireguard"
      ++ lib.optional byProcess "tun"
      ++ lib.optional config.security.lockKernelModules "overlay";
    # The value is nixpkgs' own default for hosts with a desktop.
    boot.kernel.sysctl = lib.mkIf many { "fs.inotify.max_user_instances" = lib.mkDefault 524288; };

    assertions = [
      {
        assertion = config.security.allowUserNamespaces;
        message =
          "security.allowUserNamespaces = false: every confined service and app runs in a user namespace of its own, "
          + "and none would start; remove that line";
      }
    ]
    ++ map (name: {
      assertion = config.security.lockKernelModules -> lib.elem "amneziawg" config.boot.kernelModules;
      message =
        "nsguard.tunnels.${name}: security.lockKernelModules keeps the kernel's amneziawg from being loaded when the "
        + "tunnel starts; add it to boot.kernelModules and to boot.extraModulePackages, or set "
        + "nsguard.tunnels.${name}.implementation = \"userspace\"";
    }) mustBeLoaded;
  };
}
