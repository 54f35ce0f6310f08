# ./machine.nix with a host link that publishes the ports of the harness's scenario, behind NixOS's firewall.
{ lib, ... }:
let
  inherit (import ../eval/nixos.nix { inherit lib; }) moduleOf;
  linked = import ../../harness/scenarios/hostlink.nix;

  # Ports that attacks from outside try: something answers there, for the attacks' controls.
  tried = [
    53
    9091
    40406
    40407
    40408
  ];
in
{
  imports = [
    ./machine.nix
    (moduleOf {
      namespaces.vpn = { inherit (linked.namespaces.vpn) hostLink publish; };
      services = { inherit (linked.services) echo; };
    })
  ];

  networking.firewall = {
    enable = lib.mkForce true;
    filterForward = lib.mkDefault true;
    allowedTCPPorts = tried;
    allowedUDPPorts = tried;
    logRefusedConnections = false;
  };
  networking.nftables = {
    enable = lib.mkDefault true;
    checkRuleset = false; # the program for this is not built here
  };

  # NixOS looks for the firewall's programs in bin/, Debian has them in sbin/.
  system.activationScripts.firewall = "ln -sf ../sbin/{nft,iptables,ip6tables} /usr/bin/";
}
