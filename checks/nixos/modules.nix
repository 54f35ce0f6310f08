# Services of NixOS's own modules, each confined by one line, which run the attacker as their program.
{ lib, pkgs, ... }:
let
  attacker =
    service: program:
    pkgs.writeShellScriptBin program "exec /usr/bin/python3 -m nsguard_harness.inside.agent /run/nsguard-agent-${service}/socket";

  confined = service: {
    nsguard.namespace = "vpn";
    environment.PYTHONPATH = "/usr/lib/nsguard-harness";
    serviceConfig.RuntimeDirectory = [ "nsguard-agent-${service}" ];
  };
in
{
  imports = [ ./machine.nix ];

  services.prowlarr = {
    enable = true;
    package = attacker "prowlarr" "prowlarr";
  };
  services.sonarr = {
    enable = true;
    package = attacker "sonarr" "NzbDrone";
  };
  services.jellyfin = {
    enable = true;
    package = attacker "jellyfin" "jellyfin";
  };
  services.nginx = {
    enable = true;
    validateConfigFile = false;
    package = import ./nginx.nix {
      inherit pkgs;
    } "/usr/bin/python3 -m nsguard_harness.inside.agent /run/nsguard-agent-nginx/socket";
  };
  services.transmission = {
    enable = true;
    package = attacker "transmission" "transmission-daemon";
  };

  systemd.services = lib.mkMerge [
    (lib.genAttrs [ "prowlarr" "sonarr" "jellyfin" "transmission" "nginx" ] confined)
    # Transmission's preparation runs as root, with the host's sockets.
    { transmission.nsguard.allowPrivilegedCommands = true; }
    {
      nginx.serviceConfig = {
        RuntimeDirectory = lib.mkForce [
          "nginx"
          "nsguard-agent-nginx"
        ];
        # A denied system call fails and does not kill the attacker.
        SystemCallErrorNumber = "EPERM";
      };
    }
  ];
}
