# What confinement needs of the host's kernel: modules loaded in time, and user namespaces.
{ config, lib, ... }:
let
  cfg = config.nsguard;
  tunnels = lib.attrValues cfg.tunnels;

  ofType =
    type: lib.any (tunnel: tunnel.type == type && tunnel.implementation != "userspace") tunnels;
  byProcess = lib.any (tunnel: tunnel.implementation != "kernel") tunnels;
  mustBeLoaded = lib.attrNames (
    lib.filterAttrs (
      _: tunnel: tunnel.type == "amneziawg" && tunnel.implementation == "kernel"
    ) cfg.tunnels
  );
in
{
  config = lib.mkIf (cfg.namespaces != { }) {
    # Loaded at boot, because `security.lockKernelModules` lets nobody load them later.
    boot.kernelModules = lib.optional (ofType "wireguard") "wireguard" ++ lib.optional byProcess "tun";

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
