{ lib, ... }:
{
  nsguard.tests = {
    namespace = "vpn";
    services = [ "prowlarr" ];
    quick = false; # every attack, not the core set
    stub = [ { networking.networkmanager.enable = lib.mkForce false; } ];
  };
}
