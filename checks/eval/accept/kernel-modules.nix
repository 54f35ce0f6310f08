# NixOS: what the kernel needs for a tunnel is loaded at boot, as nixpkgs' own WireGuard module has it.
{
  module = import ../kernels.nix // {
    security.lockKernelModules = true;
    boot.kernelModules = [ "amneziawg" ];
  };

  facts =
    config:
    builtins.filter (module: builtins.elem module config.boot.kernelModules) [
      "amneziawg"
      "tun"
      "wireguard"
    ];
  expected = [
    "amneziawg"
    "tun"
    "wireguard"
  ];
}
