# NixOS: sockets that may start a confined service, and that systemd would make on the host, whoever writes their text.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services = {
      web = {
        nsguard.namespace = "vpn";
        serviceConfig.ExecStart = "/bin/web";
      };
      "each@" = {
        nsguard.namespace = "vpn";
        serviceConfig.ExecStart = "/bin/each";
      };
      free.serviceConfig.ExecStart = "/bin/free";
    };
    systemd.sockets.told.socketConfig = {
      ListenDatagram = "9998";
      Service = "%H.service";
    };
    systemd.sockets.other.socketConfig = {
      ListenStream = "9997";
      Service = "free.service";
    };
    systemd.units = {
      "zz.socket".text = "[Socket]\nListenDatagram=9999\nService=web.service\n";
      "web.socket".text = "[Socket]\nListenDatagram=9999\n";
      "x-web.socket".text = "[Socket]\nListenDatagram=9999\nService = %j.service \n";
      # systemd ignores what is no service.
      "each.socket".text = "[Socket]\nListenStream=9999\nAccept=yes\nService=free\n";
      "one.socket".text = "[Socket]\nListenStream=9999\nService=each@%m.service\n";
      # Sockets of other services.
      "free.socket".text = "[Socket]\nListenDatagram=9999\n";
      "web-free.socket".text = "[Socket]\nListenDatagram=9999\nService=%j.service\n";
      "off.socket" = {
        enable = false;
        text = "[Socket]\nListenDatagram=9999\nService=web.service\n";
      };
    };
  };
  messages =
    map
      (
        { socket, service }:
        ''systemd.units."${socket}.socket".text: the socket may start ${service}.service, which is confined,''
        + " and systemd would not make it in that service's namespace; "
        + "define it with systemd.sockets.${socket}, and name the service without specifiers"
      )
      [
        {
          socket = "each";
          service = "each@";
        }
        {
          socket = "one";
          service = "each@";
        }
        {
          socket = "told";
          service = "each@";
        }
        {
          socket = "told";
          service = "web";
        }
        {
          socket = "web";
          service = "web";
        }
        {
          socket = "x-web";
          service = "web";
        }
        {
          socket = "zz";
          service = "web";
        }
      ];
}
