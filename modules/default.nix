# nsguard for NixOS: imports = [ nsguard.nixosModules.default ];
{
  imports = [
    ./namespaces.nix
    ./tunnels.nix
    ./services.nix
    ./leaktest.nix
    ./metrics.nix
    ./apps.nix
    ./units.nix
  ];
}
