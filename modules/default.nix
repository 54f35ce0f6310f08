# nsguard for NixOS: imports = [ nsguard.nixosModules.default ];
{
  _class = "nixos";
  imports = [
    ./namespaces.nix
    ./tunnels.nix
    ./services.nix
    ./kernel.nix
    ./leaktest.nix
    ./metrics.nix
    ./apps.nix
    ./units.nix
    ./stored-keys.nix
    ./same-key.nix
  ];
}
