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
      Whether to connect the host and the namespace by a link, a pair of veth(4) interfaces. Over it the host forwards
      packets to those ports in {option}`publish` that are UDP, or whose service needs the client's address. Every
      connection over the link begins outside: rules at both ends let the namespace send answers only, and the only
      routes over the link are for answers.

      The host forwards packets while there is a link, of the address families in `listen`. If it did not forward
      before, it still forwards nothing else. If {option}`boot.kernel.sysctl` or another program enables forwarding,
      nsguard leaves that setting alone.

      Risk: the namespace is no longer confined by its topology alone: nftables rules separate it from the host's
      network. A kernel that forwards ignores router advertisements; networkd, NetworkManager and dhcpcd process these
      themselves.
    '';
  };

  range = mkOption {
    type = types.str;
    default = defaults.range;
    example = "10.213.0.0/24";
    description = ''
      IPv4 network from which the link's two addresses are taken. The namespace's name determines which two. Addresses
      that another namespace uses are refused at evaluation. Addresses to which the host has a route are refused when
      the namespace starts. The IPv6 addresses come from a network that is derived from the name (RFC 4193).

      Risk: this host no longer reaches a machine on your network that has one of these addresses.
    '';
  };
}
