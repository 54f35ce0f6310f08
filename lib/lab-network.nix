# A host on the lab's wire: the lab alone decides its addresses and routes, and when it may be slow. What a host says of
# these would take the lab's interface, wait for a card that a virtual machine does not have, or conflict with what the
# test framework says.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib) mkForce optionalAttrs;
  # As the test framework: an emulated machine starts slowly, and its console is read.
  patient = {
    ShowStatus = mkForce false;
    DefaultTimeoutStartSec = mkForce 300;
    DefaultDeviceTimeoutSec = mkForce 300;
  };
in
{
  networking = {
    useDHCP = mkForce false;
    dhcpcd.enable = mkForce false;
    defaultGateway = mkForce null;
    defaultGateway6 = mkForce null;
    interfaces = mkForce { eth1 = { }; };
    networkmanager.unmanaged = [ "interface-name:eth1" ];
  }
  // lib.genAttrs [ "bonds" "bridges" "macvlans" "sits" "vlans" "vswitches" ] (_: mkForce { });

  services.timesyncd.enable = mkForce false;
  boot.consoleLogLevel = mkForce 7;

  systemd = {
    # It sorts before the host's own, and the first file that matches an interface counts.
    network.networks."00-00-lab" = {
      matchConfig.Name = "eth1";
      linkConfig.Unmanaged = true;
    };
    network.wait-online.enable = mkForce false;
    services.NetworkManager-wait-online = lib.mkIf config.networking.networkmanager.enable {
      enable = mkForce false;
    };
  }
  // optionalAttrs (options.systemd ? settings) { settings.Manager = patient; };
  boot.initrd.systemd = optionalAttrs (options.boot.initrd.systemd ? settings) {
    settings.Manager = patient;
  };
}
