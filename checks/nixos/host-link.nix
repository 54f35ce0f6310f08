# The same machine with a host link, over which what the harness's scenario has is published, behind NixOS's firewall.
{ lib, ... }:
let
  inherit (import ../eval/nixos.nix { inherit lib; }) moduleOf;
  linked = import ../../harness/scenarios/hostlink.nix;

  # Where attacks from outside try whether somebody answers: the controls of those are answered.
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
    checkRuleset = false; # by a program that is not built here
  };

  # NixOS looks for the firewall's programs in bin/, Debian has them in sbin/.
  system.activationScripts.firewall = "ln -sf ../sbin/{nft,iptables,ip6tables} /usr/bin/";
}
