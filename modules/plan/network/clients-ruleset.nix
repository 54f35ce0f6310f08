# Rules on the host: which networks reach what is published. They come before the destination of a packet is changed, so that
# they hold for proxies and host links alike.
let
  inherit (builtins) concatMap filter match;

  ports = import ./ports.nix;

  ip = listener: if listener.family == 4 then "ip" else "ip6";

  # All addresses of the host, link-local ones as well: a proxy that listens at all of them answers there, too.
  asked =
    listener:
    (
      if listener.any then
        "meta nfproto ipv${toString listener.family} fib daddr type local"
      else
        "${ip listener} daddr ${listener.address}"
    )
    + " ${listener.protocol} dport ${ports.text listener.ports}";

  accepted = listener: range: "${asked listener} ${ip listener} saddr ${range} accept";

  isOf = family: range: (match ".*:.*" range != null) == (family == 6);

  rules =
    listener:
    map (accepted listener) (filter (isOf listener.family) listener.from)
    ++ [ "${asked listener} drop" ];
in
# listeners: of those that name their clients
listeners: {
  name = "prerouting";
  hook = "type filter hook prerouting priority -110;";
  rules = [
    # The host itself, at whichever of its addresses.
    { text = [ ''iifname "lo" accept'' ]; }
    {
      name = "publish-from";
      guards = "published ports against clients outside of the networks that may use them";
      text = concatMap rules listeners;
    }
  ];
}
