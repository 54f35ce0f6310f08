# `ip netns exec` alone, which binds a resolv.conf for the namespace, as in most instructions on the web.
let
  common = import ./common.nix;
in
{
  services =
    common.services (
      name: user:
      let
        as = if user == { } then "" else "setpriv --reuid=${user.User} --regid=${user.Group} --init-groups";
      in
      common.agent name "/usr/bin/env ip netns exec vpn ${as}" { unitConfig = common.inNamespace; }
    )
    // common.units { link = common.link "" ++ [ "ip link set wg0 netns vpn" ]; };
}
