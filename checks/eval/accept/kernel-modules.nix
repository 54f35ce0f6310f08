# NixOS: what the kernel needs for a tunnel is loaded at boot, as nixpkgs' own WireGuard module has it.
{
  module = {
    nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    nsguard.tunnels.disguised = {
      configFile = "/run/secrets/disguised.conf";
      type = "amneziawg";
      implementation = "kernel";
    };
    nsguard.namespaces.vpn.tunnel = "mullvad";
    nsguard.namespaces.other.tunnel = "disguised";
    security.lockKernelModules = true;
    boot.kernelModules = [ "amneziawg" ];
  };

  facts =
    config:
    builtins.filter (module: builtins.elem module config.boot.kernelModules) [
      "amneziawg"
      "tun"
      "wireguard"
    ];
  expected = [
    "amneziawg"
    "tun"
    "wireguard"
  ];
}
