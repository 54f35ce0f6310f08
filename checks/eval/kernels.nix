# NixOS: two namespaces whose tunnels need modules of the kernel, WireGuard's and AmneziaWG's.
{
  nsguard = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    tunnels.disguised = {
      configFile = "/run/secrets/disguised.conf";
      type = "amneziawg";
      implementation = "kernel";
    };
    namespaces.vpn.tunnel = "mullvad";
    namespaces.other.tunnel = "disguised";
  };
}
