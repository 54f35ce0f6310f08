# NixOS: a service that reads the configuration of its socket, as game servers read where they take commands.
{
  module =
    { config, ... }:
    {
      nsguard = import ../vpn.nix;
      systemd.sockets.game.socketConfig.ListenStream = "127.0.0.1:4000";
      systemd.services.game = {
        nsguard.namespace = "vpn";
        serviceConfig = {
          ExecStart = "/usr/bin/sleep 60";
          ExecStop = "/usr/bin/game-command ${config.systemd.sockets.game.socketConfig.ListenStream} stop";
        };
      };
    };

  facts = config: {
    inherit (config.systemd.sockets.game.socketConfig) NetworkNamespacePath;
    stop = config.systemd.services.game.serviceConfig.ExecStop;
  };

  expected = {
    NetworkNamespacePath = "/run/netns/vpn";
    stop = "/usr/bin/nsguard-init --journal --netns=vpn /usr/bin/game-command 127.0.0.1:4000 stop";
  };
}
