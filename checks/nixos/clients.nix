# The same machine with published ports that name their clients, as the harness's scenario has them, behind NixOS's
# firewall, which lets everybody in at them.
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
    checkRuleset = false; # by a program that is not built here
  };

  # NixOS looks for the firewall's programs in bin/, Debian has them in sbin/.
  system.activationScripts.firewall = "ln -sf ../sbin/{nft,iptables,ip6tables} /usr/bin/";
}
