# Rules on the host: which networks reach what is published. They come before the destination of a packet is changed, so that
# they hold for proxies and host links alike.
let
  inherit (builtins) concatMap filter match;

  ports = import ./ports.nix;

  ip = place: if place.family == 4 then "ip" else "ip6";

  # All addresses of the host, link-local ones as well: a proxy that listens at all of them answers there, too.
  asked =
    place:
    (
      if place.any then
        "meta nfproto ipv${toString place.family} fib daddr type local"
      else
        "${ip place} daddr ${place.address}"
    )
    + " ${place.protocol} dport ${ports.text place.ports}";

  accepted = place: range: "${asked place} ${ip place} saddr ${range} accept";

  isOf = family: range: (match ".*:.*" range != null) == (family == 6);

  rules =
    place: map (accepted place) (filter (isOf place.family) place.from) ++ [ "${asked place} drop" ];
in
# places: of those that name their clients
places: {
  name = "prerouting";
  hook = "type filter hook prerouting priority -110;";
  rules = [
    # The host itself, at whichever of its addresses.
    { text = [ ''iifname "lo" accept'' ]; }
    {
      name = "publish-from";
      guards = "published ports against clients outside of the networks that may use them";
      text = concatMap rules places;
    }
  ];
}
