# NixOS: a configuration that denies what confinement needs of the kernel is refused.
{
  module = import ../kernels.nix // {
    security.allowUserNamespaces = false;
    security.lockKernelModules = true;
    nix.settings.sandbox = false; # which needs user namespaces as well
  };
  messages = [
    "security.allowUserNamespaces = false: every confined service and app runs in a user namespace of its own, and none would start; remove that line"
    "nsguard.tunnels.disguised: security.lockKernelModules keeps the kernel's amneziawg from being loaded when the tunnel starts; add it to boot.kernelModules and to boot.extraModulePackages, or set nsguard.tunnels.disguised.implementation = \"userspace\""
  ];
}
