# ./machine.nix with the published ports of the harness's scenario, which name their clients, behind NixOS's firewall,
# which opens these ports to everybody.
{ lib, ... }:
let
  inherit (import ../eval/nixos.nix { inherit lib; }) moduleOf;
  narrowed = import ../../harness/scenarios/clients.nix;
in
{
  imports = [
    ./machine.nix
    (moduleOf {
      namespaces.vpn = { inherit (narrowed.namespaces.vpn) hostLink publish; };
      services = { inherit (narrowed.services) echo; };
    })
  ];

  networking.firewall = {
    enable = lib.mkForce true;
    allowedTCPPorts = [
      8093
      8094
    ];
    logRefusedConnections = false;
  };
  networking.nftables = {
    enable = true;
    checkRuleset = false; # the program for this is not built here
  };

  # NixOS looks for the firewall's programs in bin/, Debian has them in sbin/.
  system.activationScripts.firewall = "ln -sf ../sbin/{nft,iptables,ip6tables} /usr/bin/";
}
