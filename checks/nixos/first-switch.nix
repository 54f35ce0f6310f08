# Unconfined services of kinds that a switch does not restart: started by a socket of another name, one for each
# connection, reloaded instead of restarted, and never restarted.
{ config, lib, ... }:
{
  imports = [ ./machine.nix ];

  options.firstSwitch.confine = lib.mkEnableOption "their confinement";

  config.systemd =
    let
      confined = lib.optionalAttrs config.firstSwitch.confine { nsguard.namespace = "vpn"; };
      sleeping = {
        wantedBy = [ "multi-user.target" ];
        serviceConfig.ExecStart = "/usr/bin/sleep infinity";
      };
    in
    {
      sockets.other = {
        wantedBy = [ "sockets.target" ];
        socketConfig = {
          ListenStream = "0.0.0.0:9000";
          Service = "web.service";
        };
      };
      sockets.each = {
        wantedBy = [ "sockets.target" ];
        socketConfig = {
          ListenStream = "0.0.0.0:9001";
          Accept = true;
        };
      };
      services.web = sleeping // confined // { requires = [ "other.socket" ]; };
      services."each@" = confined // {
        serviceConfig.ExecStart = "/usr/bin/sleep infinity";
      };
      services.reloaded =
        sleeping
        // confined
        // {
          reloadIfChanged = true;
          serviceConfig = sleeping.serviceConfig // {
            ExecReload = "/usr/bin/true";
          };
        };
      services.left = sleeping // confined // { restartIfChanged = false; };
    };
}
