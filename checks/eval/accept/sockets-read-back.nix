# NixOS: a service that reads the configuration of its socket, as game servers read the FIFO that they take commands from.
{
  module =
    { config, ... }:
    {
      nsguard = import ../vpn.nix;
      systemd.sockets.game.socketConfig.ListenFIFO = "/var/lib/game.stdin";
      systemd.services.game = {
        nsguard.namespace = "vpn";
        serviceConfig = {
          ExecStart = "/usr/bin/sleep 60";
          ExecStop = "/bin/sh -c 'echo stop > ${config.systemd.sockets.game.socketConfig.ListenFIFO}'";
        };
      };
    };

  facts = config: {
    inherit (config.systemd.sockets.game.socketConfig) NetworkNamespacePath;
    stop = config.systemd.services.game.serviceConfig.ExecStop;
  };

  expected = {
    NetworkNamespacePath = "/run/netns/vpn";
    stop = "/usr/bin/nsguard-init --journal --netns=vpn /bin/sh -c 'echo stop > /var/lib/game.stdin'";
  };
}
