# NixOS: an override in another module does not remove a protection.
{
  module =
    { lib, ... }:
    {
      nsguard = import ../vpn.nix;
      systemd.services.app = {
        nsguard.namespace = "vpn";
        script = "exec sleep infinity";
        serviceConfig = {
          PrivatePIDs = lib.mkForce false;
          NetworkNamespacePath = lib.mkForce "/proc/1/ns/net";
          TemporaryFileSystem = lib.mkForce [ ];
        };
      };
    };

  facts =
    config:
    let
      service = config.systemd.services.app;
    in
    {
      inherit (service.serviceConfig) PrivatePIDs NetworkNamespacePath TemporaryFileSystem;
      inherit (service.unitConfig) BindsTo;
      inText =
        builtins.match ".*\nNetworkNamespacePath=/run/netns/vpn\n.*" config.systemd.units."app.service".text
        != null;
      elsewhere = config.systemd.services.systemd-journald.serviceConfig ? NetworkNamespacePath;
    };

  expected = {
    PrivatePIDs = true;
    NetworkNamespacePath = "/run/netns/vpn";
    TemporaryFileSystem = [
      "/var/lib:ro"
      "/var/log:ro"
      "/run:mode=0755,nosuid,nodev"
      "/dev/shm:mode=1777,nosuid,nodev"
    ];
    BindsTo = [ "nsguard-netns-vpn.service" ];
    inText = true;
    elsewhere = false;
  };
}
