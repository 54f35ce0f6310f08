# Typical hosts, one in each attribute: NixOS modules that are added to the template's host. The leak test of each
# (`config.system.build.leakTest`) must evaluate to a driver, whatever the host sets for network, disks and boot.
{ lib }:
let
  # The options of NixOS that disko, impermanence and similar modules set.
  disks = {
    fileSystems."/" = {
      device = lib.mkForce "none";
      fsType = lib.mkForce "tmpfs";
      options = [ "mode=755" ];
    };
    fileSystems."/persist" = {
      device = "/dev/disk/by-partlabel/disk-main-persist";
      fsType = "btrfs";
      options = [ "subvol=persist" ];
      neededForBoot = true;
    };
    fileSystems."/var/lib/nixos" = {
      device = "/persist/var/lib/nixos";
      fsType = "none";
      options = [ "bind" ];
      depends = [ "/persist" ];
      neededForBoot = true;
    };
    swapDevices = [ { device = "/dev/disk/by-partlabel/disk-main-swap"; } ];
  };
in
{
  plain = { };

  second-namespace = {
    nsguard.tunnels.other.configFile = "/run/secrets/other.conf";
    nsguard.namespaces.work.tunnel = "other";
    systemd.services.elsewhere = {
      nsguard.namespace = "work";
      serviceConfig.ExecStart = "/run/current-system/sw/bin/true";
    };
    nsguard.apps.browser = {
      namespace = "work";
      command = "/run/current-system/sw/bin/true";
    };
    nsguard.tests.namespace = "vpn";
    nsguard.tests.globalTimeout = 7200;
  };

  # A tunnel through another one's namespace.
  hops = {
    nsguard.tunnels.outer.configFile = "/run/secrets/outer.conf";
    nsguard.namespaces.outer.tunnel = "outer";
    nsguard.tunnels.mullvad.via = "outer";
    nsguard.tests.namespace = "vpn";
  };

  said-otherwise = {
    boot.consoleLogLevel = 3;
    boot.kernelParams = [ "quiet" ];
    services.timesyncd.enable = true;
    services.logrotate.enable = true;
    networking.usePredictableInterfaceNames = true;
    users.users.root.hashedPassword = "!";
  };

  # The same settings by the options of 2025 and by those of later releases.
  manager-settings =
    { options, ... }:
    {
      systemd =
        if options.systemd ? settings then
          {
            settings.Manager = {
              DefaultTimeoutStartSec = "20s";
              DefaultDeviceTimeoutSec = "15s";
              ShowStatus = true;
            };
          }
        else
          { extraConfig = "DefaultTimeoutStartSec=20s"; };
    };

  network-manager = {
    networking.networkmanager.enable = true;
  };

  # A file of networkd that sorts before the one for the lab's interface, and would match that interface.
  networkd = {
    networking.useNetworkd = true;
    systemd.network.enable = true;
    systemd.network.networks."10-uplink" = {
      matchConfig.Name = "en* eth*";
      networkConfig.DHCP = "yes";
    };
  };

  static-addresses = {
    networking.interfaces.enp1s0.ipv4.addresses = [
      {
        address = "192.0.2.10";
        prefixLength = 24;
      }
    ];
    networking.bridges.br0.interfaces = [ "enp2s0" ];
    networking.vlans.guests = {
      id = 20;
      interface = "enp1s0";
    };
    networking.defaultGateway = "192.0.2.1";
    networking.defaultGateway6 = {
      address = "fe80::1";
      interface = "enp1s0";
    };
    networking.nameservers = [
      "9.9.9.9"
      "2620:fe::fe"
    ];
  };

  etc-overlay = {
    boot.initrd.systemd.enable = true;
    system.etc.overlay = {
      enable = true;
      mutable = false;
    };
    systemd.sysusers.enable = true;
    users.mutableUsers = false;
  };

  # A system without Perl.
  perlless =
    { modulesPath, ... }:
    {
      imports = [ (modulesPath + "/profiles/perlless.nix") ];
    };

  impermanence = disks;

  encrypted = {
    boot.initrd.luks.devices.root.device = "/dev/disk/by-uuid/3e0a8e2c-1d4a-4c7e-9f0e-000000000000";
    boot.resumeDevice = "/dev/mapper/root";
  };

  zfs = {
    boot.supportedFilesystems.zfs = true;
    boot.zfs.forceImportRoot = false;
    networking.hostId = "8425e349";
    fileSystems."/" = {
      device = lib.mkForce "tank/root";
      fsType = lib.mkForce "zfs";
    };
  };

  # The options of NixOS that lanzaboote sets.
  boot-loader-of-its-own = {
    boot.loader.systemd-boot.enable = lib.mkForce false;
    boot.loader.external = {
      enable = true;
      installHook = "/run/current-system/sw/bin/true";
    };
    boot.loader.efi.canTouchEfiVariables = true;
  };

  firewall = {
    networking.nftables.enable = true;
    networking.firewall = {
      enable = true;
      allowedTCPPorts = [ 22 ];
      checkReversePath = "loose";
    };
  };
}
