# NixOS: an unconfined unit would take the place of a confined one.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services = {
      web = {
        nsguard.namespace = "vpn";
        serviceConfig.ExecStart = "/bin/web";
        aliases = [ "site.service" ];
      };
      "app@" = {
        nsguard.namespace = "vpn";
        serviceConfig.ExecStart = "/bin/app";
        aliases = [ "app@two.service" ];
      };
      free = {
        serviceConfig.ExecStart = "/bin/web";
        aliases = [
          "web.service"
          "other.service"
          "app@one.service"
        ];
      };
    };
    systemd.sockets = {
      web.listenStreams = [ "8080" ];
      free = {
        listenStreams = [ "8081" ];
        aliases = [ "web.socket" ];
      };
    };
  };
  messages = [
    ''systemd.services.free.aliases: "web.service" is a confined unit, and this one would run in its place; remove the alias''
    ''systemd.services.free.aliases: "app@one.service" is a confined unit, and this one would run in its place; remove the alias''
    ''systemd.sockets.free.aliases: "web.socket" is a confined unit, and this one would run in its place; remove the alias''
  ];
}
