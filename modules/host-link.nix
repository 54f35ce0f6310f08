# nsguard.namespaces.<name>.hostLink
{ lib }:
let
  inherit (lib) mkOption types;
  defaults = (import ./plan/defaults.nix).hostLink;
in
{
  enable = mkOption {
    type = types.bool;
    default = defaults.enable;
    example = true;
    description = ''
      Whether host and namespace have a link, a pair of veth(4), over which the host passes packets to ports in
      {option}`publish` that are UDP, or whose service is to see who connects. Every connection over it begins outside:
      what the namespace sends is let through only as the answer in one, by rules at both ends. There is no route over it
      but for answers.

      The host forwards packets for as long as there is a link, of the families of the addresses in `listen`. Where it did
      not before, it still forwards nothing else; where {option}`boot.kernel.sysctl` or another program says that it
      does, that is left as it is.

      Risk: the namespace is no longer held by its topology alone: rules of nftables stand between it and the host's
      network. A kernel that forwards takes no router advertisements by itself; networkd, NetworkManager and dhcpcd do.
    '';
  };

  range = mkOption {
    type = types.str;
    default = defaults.range;
    example = "10.213.0.0/24";
    description = ''
      Where the link's two IPv4 addresses are taken from. Which two depends on the namespace's name; another namespace's
      are refused at evaluation, and those that the host has a route to when the namespace comes up. Those of IPv6 are of
      a network that is made from the name (RFC 4193).

      Risk: a host on your network that has one of them is no longer reached.
    '';
  };
}
