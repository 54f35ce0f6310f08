# NixOS: a service whose command reads its socket's options, like game servers with a socket for commands.
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
    stop = "/usr/bin/nsguard-init --journal --netns=vpn --own-sockets /usr/bin/game-command 127.0.0.1:4000 stop";
  };
}
