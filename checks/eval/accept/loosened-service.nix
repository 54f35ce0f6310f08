# Each loosening removes the protections that it names, and no others. Granted directories and devices are visible.
let
  inherit (builtins)
    attrNames
    filter
    listToAttrs
    map
    ;
  loosenings = import ../../../modules/plan/confinement/loosenings.nix;
  program = {
    namespace = "vpn";
    serviceConfig.ExecStart = "/bin/app";
  };
in
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
    services = {
      whole = program;
      media = program // {
        bindPaths = [
          "/home/alice/Music"
          "/run/postgresql"
          "/tmp/transcoded:/tmp"
          "/srv/films"
        ];
        devices = [
          "/dev/dri"
          "/dev/ttyUSB0"
        ];
        serviceConfig.ExecStart = "/bin/app";
        serviceConfig.DeviceAllow = "/dev/fuse";
      };
      forks = program // {
        serviceConfig.ExecStart = "/bin/forks";
        serviceConfig.Type = "forking";
        hardening.ownProcesses = false;
      };
    }
    // listToAttrs (
      map (name: {
        inherit name;
        value = program // {
          hardening.${name} = false;
        };
      }) (attrNames loosenings)
    );
  };

  facts =
    planned:
    let
      config = name: planned.units."${name}.service".serviceConfig;
      whole = config "whole";
      changed = name: filter (key: whole.${key} != (config name).${key} or null) (attrNames whole);
    in
    {
      changed = listToAttrs (
        map (name: {
          inherit name;
          value = changed name;
        }) (attrNames loosenings)
      );
      filter = (config "noIoUring").SystemCallFilter;
      inherit (config "media") BindPaths DeviceAllow PrivateDevices;
    };

  expected = {
    changed = {
      hiddenHomes = [ "ProtectHome" ];
      hiddenProcesses = [
        "PrivatePIDs"
        "ProtectProc"
        "SuccessExitStatus"
      ];
      nativeCalls = [ "SystemCallArchitectures" ];
      noIoUring = [ "SystemCallFilter" ];
      ownJournalConnection = [ "ExecStart" ];
      ownProcesses = [
        "PrivatePIDs"
        "SuccessExitStatus"
      ];
      privateTmp = [ "PrivateTmp" ];
      readOnlySystem = [ "ProtectSystem" ];
    };
    filter = [ "~@keyring:EPERM" ];
    BindPaths = [
      "/home/alice/Music"
      "/run/postgresql"
      "/tmp/transcoded:/tmp"
      "/srv/films"
      "-/dev/dri"
      "-/dev/ttyUSB0"
      "/run/nsguard/vpn/terminals/pts:/dev/pts"
    ];
    DeviceAllow = [
      "/dev/fuse"
      "char-drm rw"
      "/dev/ttyUSB0 rw"
    ];
    PrivateDevices = true;
  };
}
