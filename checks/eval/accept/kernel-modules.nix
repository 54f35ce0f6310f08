# NixOS: what the kernel needs for a tunnel is loaded at boot, as nixpkgs' own WireGuard module has it. So is what the /etc
# of an app needs if nothing can be loaded later.
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
