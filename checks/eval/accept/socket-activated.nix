# NixOS: systemd creates the sockets of a confined service in its namespace, also with one unit per connection.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services = {
      app = {
        nsguard.namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/app";
          Sockets = "claimed.socket";
        };
      };
      "each@" = {
        nsguard.namespace = "vpn";
        serviceConfig.ExecStart = "/bin/each";
      };
      free.serviceConfig.ExecStart = "/bin/free";
    };
    systemd.sockets = {
      front = {
        listenStreams = [ "8080" ];
        socketConfig.Service = "app.service";
      };
      claimed = {
        listenStreams = [ "8081" ];
        socketConfig.PrivateNetwork = false;
      };
      each = {
        listenStreams = [ "[::]:8082" ];
        socketConfig.Accept = true;
      };
      # Each starts an instance or names its service in a spelling of its own.
      of-instance = {
        listenDatagrams = [ "8083" ];
        socketConfig.Service = "each@one.service";
      };
      "each@two".listenDatagrams = [ "8084" ];
      blank = {
        listenDatagrams = [ "8085" ];
        socketConfig.Service = "app.service ";
      };
      app = {
        listenDatagrams = [ "8086" ];
        socketConfig.Service = "%p.service";
      };
      "far-each@three" = {
        listenDatagrams = [ "8087" ];
        socketConfig.Service = "%j@%i.service";
      };
      free.listenStreams = [ "/run/free" ];
    };
  };

  facts =
    config:
    let
      # The path in the text that systemd reads.
      path =
        name:
        let
          line = builtins.match ".*\nNetworkNamespacePath=([^\n]*)\n.*" (text name);
        in
        if line == null then null else builtins.head line;
      text = name: config.systemd.units."${name}.socket".text;
      front = config.systemd.sockets.front;
    in
    {
      paths = map path [
        "front"
        "claimed"
        "each"
        "of-instance"
        "each@two"
        "blank"
        "app"
        "far-each@three"
        "free"
      ];
      inherit (front.unitConfig) DefaultDependencies BindsTo After;
      inherit (front.socketConfig) ExecStartPre;
      PrivateNetwork = builtins.match ".*PrivateNetwork.*" (text "claimed") != null;
    };

  expected = {
    paths = [
      "/run/netns/vpn"
      "/run/netns/vpn"
      "/run/netns/vpn"
      "/run/netns/vpn"
      "/run/netns/vpn"
      "/run/netns/vpn"
      "/run/netns/vpn"
      "/run/netns/vpn"
      null
    ];
    DefaultDependencies = false;
    BindsTo = [ "nsguard-netns-vpn.service" ];
    After = [
      "sysinit.target"
      "nsguard-netns-vpn.service"
    ];
    ExecStartPre = [ "/usr/bin/nsguard-init --netns=vpn" ];
    PrivateNetwork = false;
  };
}
