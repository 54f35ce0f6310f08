# NixOS: the kernel modules that tunnels need are loaded at boot, as by nixpkgs' own WireGuard module. So is the module
# for the /etc of an app, if no module can be loaded later.
{
  module = import ../kernels.nix // {
    security.lockKernelModules = true;
    boot.kernelModules = [ "amneziawg" ];
  };

  facts =
    config:
    builtins.filter (module: builtins.elem module config.boot.kernelModules) [
      "amneziawg"
      "overlay"
      "tun"
      "wireguard"
    ];
  expected = [
    "amneziawg"
    "overlay"
    "tun"
    "wireguard"
  ];
}
