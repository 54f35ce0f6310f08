# The configuration of the page half-a-stack.md. Stand-ins answer at the ports of its services.
{ lib, pkgs, ... }:
let
  answering =
    name: port: program:
    pkgs.writeShellScriptBin program "exec /usr/bin/python3 ${./answering.py} ${name} ${toString port}";
in
{
  imports = [
    ./stand-in.nix
    ../../docs/snippets/half-a-stack.nix
  ];

  nsguard.tunnels.provider.configFile = lib.mkForce "/etc/nsguard-lab/client.conf";
  networking.firewall.enable = false;

  services = {
    prowlarr.package = answering "prowlarr" 9696 "prowlarr";
    transmission.package = answering "transmission" 9091 "transmission-daemon";
    sonarr.package = answering "sonarr" 8989 "NzbDrone";
    radarr.package = answering "radarr" 7878 "Radarr";
    jellyfin.package = answering "jellyfin" 8096 "jellyfin";
  };
}
