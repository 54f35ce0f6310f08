# Rules on the host: which networks reach published ports. They come before destination addresses are translated, so
# they apply to proxies and host links alike.
let
  inherit (builtins) filter;

  ports = import ./ports.nix;

  ip = listener: if listener.family == 4 then "ip" else "ip6";

  # For all addresses: also the host's link-local ones, because a proxy that listens at all addresses answers there.
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

  isOf = family: range: (builtins.match ".*:.*" range != null) == (family == 6);

  rules =
    listener:
    map (accepted listener) (filter (isOf listener.family) listener.from)
    ++ [ "${asked listener} drop" ];
in
# listeners: those whose ports name their clients
listeners: {
  name = "prerouting";
  hook = "type filter hook prerouting priority -110;";
  rules = [
    # The host itself, at any of its addresses.
    { text = [ ''iifname "lo" accept'' ]; }
    {
      name = "publish-from";
      guards = "published ports against clients outside of the networks that may use them";
      text = builtins.concatMap rules listeners;
    }
  ];
}
