# A usual host with a number of namespaces and services. Its value contains every text that a switch to the host would
# install, so that nothing stays unevaluated.
#
#   bare: whether it lacks what a usual host has; nsguard: whether the module is imported; namespaces: how many;
#   services: how many services of its own, spread over the namespaces if `confined`.
{
  lib,
  nixos,
  names,
  attributes,
}:
{
  bare ? false,
  nsguard ? true,
  namespaces ? 0,
  services ? 0,
  confined ? false,
}:
let
  standIns = import ./eval/stand-ins.nix {
    inherit lib attributes;
    names = names ++ [
      "amneziawg-go"
      "nsguard"
    ];
  };

  # A derivation counts as made once the text of its script is evaluated.
  pkgs = standIns // {
    runCommand =
      name: _: text:
      standIns.hello
      // {
        inherit name text;
        outPath = builtins.seq (lib.stringLength text) "/made/${name}";
      };
  };

  overridden = package: package // { override = _: overridden package; };

  namespace = index: "ns${toString (lib.mod index namespaces)}";

  ours = {
    imports = [ ../modules ];
    nsguard = {
      package = pkgs.nsguard;
      tunnels = lib.genAttrs (map namespace (lib.range 0 (namespaces - 1))) (name: {
        configFile = "/run/secrets/${name}.conf";
      });
      namespaces = lib.genAttrs (map namespace (lib.range 0 (namespaces - 1))) (name: {
        tunnel = name;
      });
    };
    systemd.services = lib.mkIf confined (
      lib.listToAttrs (
        lib.genList (
          index: lib.nameValuePair "app${toString index}" { nsguard.namespace = namespace index; }
        ) services
      )
    );
  };

  # What home servers and desktops usually have besides.
  usual = {
    services.nginx = {
      enable = true;
      package = overridden (standIns.nginx // { modules = [ ]; });
      validateConfigFile = false;
      recommendedProxySettings = true;
      virtualHosts."example.org" = {
        forceSSL = true;
        enableACME = true;
        locations."/".proxyPass = "http://127.0.0.1:8096";
      };
    };
    security.acme.acceptTerms = true;
    security.acme.defaults.email = "alice@example.org";
    services.printing.enable = true;
    services.jellyfin.enable = true;
    services.tailscale.enable = true;
    hardware.bluetooth.enable = true;
  };

  host = {
    _module.args.pkgs = lib.mkForce pkgs;
    boot.loader.grub.enable = false;
    fileSystems."/" = {
      device = "/dev/disk/by-label/nixos";
      fsType = "ext4";
    };
    documentation.enable = false;
    programs.command-not-found.enable = false;
    nixpkgs.hostPlatform = "x86_64-linux";
    system.stateVersion = "25.05";

    networking.firewall.allowedTCPPorts = [
      80
      443
    ];
    networking.nftables.enable = true;
    networking.useNetworkd = true;
    services.avahi.enable = true;
    services.pipewire.enable = true;
    services.openssh.enable = true;
    services.resolved.enable = true;
    services.prometheus.exporters.node.enable = true;
    services.networkd-dispatcher.enable = true;
    services.radarr.enable = true;
    services.sonarr.enable = true;
    services.syncthing.enable = true;
    services.prowlarr.enable = true;
    services.transmission.enable = true;
    users.users.alice = {
      isNormalUser = true;
      extraGroups = [ "wheel" ];
    };

    systemd.services = lib.listToAttrs (
      lib.genList (
        index:
        lib.nameValuePair "app${toString index}" {
          wantedBy = [ "multi-user.target" ];
          after = [ "network.target" ];
          serviceConfig = {
            ExecStart = "/bin/app --port ${toString index}";
            User = "app";
            Restart = "on-failure";
          };
        }
      ) services
    );
  };

  config =
    (import (nixos + "/lib/eval-config.nix") {
      inherit lib;
      system = null;
      modules = [ host ] ++ lib.optional (!bare) usual ++ lib.optional nsguard ours;
    }).config;

  failed = map (a: a.message) (lib.filter (a: !a.assertion) config.assertions);

  whole = {
    units = lib.mapAttrs (_: unit: unit.text) config.systemd.units;
    # Without one that is made by a function which the stand-ins lack.
    userUnits = lib.mapAttrs (_: unit: unit.text) (
      removeAttrs config.systemd.user.units [ "nixos-activation.service" ]
    );
    etc = lib.mapAttrs (_: file: [
      file.target
      file.mode
      file.text
    ]) config.environment.etc;
    files = config.environment.etc.nsguard.source or null;
    packages = map (package: package.text or package.name) config.systemd.packages;
    users = lib.mapAttrs (_: user: [
      user.uid
      user.group
    ]) config.users.users;
  };
in
if failed != [ ] then
  throw (lib.concatStringsSep "\n" failed)
else
  lib.stringLength (builtins.toJSON whole)
