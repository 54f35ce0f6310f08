# nsguard for NixOS: imports = [ nsguard.nixosModules.default ];
{
  imports = [
    ./namespaces.nix
    ./tunnels.nix
    ./services.nix
    ./metrics.nix
    ./apps.nix
    ./units.nix
  ];
}
