# NixOS: units and drop-ins in /etc that systemd reads for a confined unit, past the options of NixOS.
let
  unit = more: { serviceConfig.ExecStart = "/bin/app"; } // more;
  confined = unit { nsguard.namespace = "vpn"; };
  text.text = "[Service]\nPrivateTmp=no\n";
in
{
  module = {
    nsguard = import ../vpn.nix // {
      apps.reader = {
        namespace = "vpn";
        command = "/bin/reader";
      };
    };
    systemd.services = {
      app = confined // {
        aliases = [ "other.service" ];
      };
      "web@" = confined;
      web-of-bob = confined;
      free = unit { };
    };
    systemd.sockets.app.listenStreams = [ "8080" ];
    environment.etc = {
      "systemd/system.control/app.service.d/a.conf" = text;
      "systemd/system.attached/app.service" = text;
      "systemd-mutable/system/app.socket.d/b.conf" = text;
      "systemd/system/web@one@host.service.d/c.conf" = text;
      "systemd/system.control/web@two.service" = text;
      "systemd/system.control/other.service.d/d.conf" = text;
      "systemd/system.control/web-of-.service.d/e.conf" = text;
      "systemd/system.control/service.d/f.conf" = text;
      odd = text // {
        target = "./systemd//system.attached/web-.service.d";
      };
      all = {
        source = "/srv/units";
        target = "systemd/system.attached";
      };
      systemd-mutable.source = "/srv/mutable";
      # Of an app's unit, and of a namespace's.
      "systemd/system.control/nsguard-app-.service.d/h.conf" = text;
      "systemd/system.control/nsguard-netns-vpn.service" = text;
      # Of other units, of the users' managers, and none.
      "systemd/system.control/free.service.d/a.conf" = text;
      "systemd/system.control/socket.service" = text;
      "systemd/system.control/timer.d/a.conf" = text;
      "systemd/system.control/app.service.wants/free.service" = text;
      "systemd/system.control/web@.socket.d/a.conf" = text;
      "systemd/user.control/app.service.d/a.conf" = text;
      "systemd/system.conf.d/a.conf" = text;
      "systemd/system.control/app.slice.d/a.conf" = text // {
        enable = false;
      };
      "systemd/system.control/app.service.d/g.conf" = text // {
        enable = false;
      };
    };
  };
  messages = [
    ''environment.etc."all": systemd reads it for app.service, which is confined, and nsguard cannot see what it changes; remove it, and write its lines as systemd.services.app.serviceConfig and systemd.services.app.unitConfig''
    ''environment.etc."odd": systemd reads it for web-of-bob.service, which is confined, and nsguard cannot see what it changes; remove it, and write its lines as systemd.services.web-of-bob.serviceConfig and systemd.services.web-of-bob.unitConfig''
    ''environment.etc."systemd-mutable": systemd reads it for app.service, which is confined, and nsguard cannot see what it changes; remove it, and write its lines as systemd.services.app.serviceConfig and systemd.services.app.unitConfig''
    ''environment.etc."systemd-mutable/system/app.socket.d/b.conf": systemd reads it for app.socket, which is confined, and nsguard cannot see what it changes; remove it, and write its lines as systemd.sockets.app.socketConfig and systemd.sockets.app.unitConfig''
    ''environment.etc."systemd/system.attached/app.service": systemd reads it for app.service, which is confined, and nsguard cannot see what it changes; remove it, and write its lines as systemd.services.app.serviceConfig and systemd.services.app.unitConfig''
    ''environment.etc."systemd/system.control/app.service.d/a.conf": systemd reads it for app.service, which is confined, and nsguard cannot see what it changes; remove it, and write its lines as systemd.services.app.serviceConfig and systemd.services.app.unitConfig''
    ''environment.etc."systemd/system.control/nsguard-app-.service.d/h.conf": systemd reads it for nsguard-app-reader.service, which is nsguard's, and nsguard cannot see what it changes; remove it, and write its lines in the options of the other units that need them''
    ''environment.etc."systemd/system.control/nsguard-netns-vpn.service": systemd reads it for nsguard-netns-vpn.service, which is nsguard's, and nsguard cannot see what it changes; remove it, and write its lines in the options of the other units that need them''
    ''environment.etc."systemd/system.control/other.service.d/d.conf": systemd reads it for app.service, which is confined, and nsguard cannot see what it changes; remove it, and write its lines as systemd.services.app.serviceConfig and systemd.services.app.unitConfig''
    ''environment.etc."systemd/system.control/service.d/f.conf": systemd reads it for app.service, which is confined, and nsguard cannot see what it changes; remove it, and write its lines as systemd.services.app.serviceConfig and systemd.services.app.unitConfig''
    ''environment.etc."systemd/system.control/web-of-.service.d/e.conf": systemd reads it for web-of-bob.service, which is confined, and nsguard cannot see what it changes; remove it, and write its lines as systemd.services.web-of-bob.serviceConfig and systemd.services.web-of-bob.unitConfig''
    ''environment.etc."systemd/system.control/web@two.service": systemd reads it for web@.service, which is confined, and nsguard cannot see what it changes; remove it, and write its lines as systemd.services."web@".serviceConfig and systemd.services."web@".unitConfig''
    ''environment.etc."systemd/system/web@one@host.service.d/c.conf": systemd reads it for web@.service, which is confined, and nsguard cannot see what it changes; remove it, and write its lines as systemd.services."web@".serviceConfig and systemd.services."web@".unitConfig''
  ];
}
