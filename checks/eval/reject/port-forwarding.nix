{
  specification = {
    tunnels = { inherit (import ../tunnels.nix) lab other third; };
    namespaces.deluge = {
      tunnel = "other";
      portForwarding = {
        enable = true;
        client = "deluge";
        credentials.token = "/run/secrets/token";
      };
    };
    namespaces.rtorrent = {
      tunnel = "third";
      portForwarding = {
        enable = true;
        client = "rtorrent";
        clientUrl = "scgi:///run/rtorrent.sock";
        protocol = "script";
        internalPort = 6881;
        clientCredentialsFile = "/run/secrets/rtorrent";
        onChange = "/bin/true";
        credentials = {
          client = "/run/secrets/a";
          "two words" = "/run/secrets/b";
          stored = "/nix/store/abc/token";
        };
      };
    };
    namespaces.vpn = {
      tunnel = "lab";
      portForwarding = {
        enable = true;
        gateway = "fd00::1";
        protocols = [ ];
        onChange = "+/bin/true";
        clientUrl = "https://127.0.0.1:8080";
        clientCredentialsFile = "/nix/store/abc/password";
      };
    };
  };
  messages = [
    ''nsguard.namespaces.deluge.portForwarding.clientCredentialsFile: it is not set, and Deluge's web page always asks for a password; set nsguard.namespaces.deluge.portForwarding.clientCredentialsFile = "/run/secrets/deluge"; with the password in that file''
    "nsguard.namespaces.deluge.portForwarding.credentials: only onChange reads them, and it is not set; remove them, or set onChange"
    ''nsguard.namespaces.rtorrent.portForwarding.clientUrl: "scgi:///run/rtorrent.sock" is malformed; write it like "scgi://127.0.0.1:5000"''
    "nsguard.namespaces.rtorrent.portForwarding.clientCredentialsFile: rTorrent asks for no password; remove it"
    "nsguard.namespaces.rtorrent.portForwarding.internalPort: no gateway is asked, because a script opens the port; remove it"
    ''nsguard.namespaces.rtorrent.portForwarding.credentials: "client" cannot be the name of a credential; use letters, digits, - and _, and another word than client''
    ''nsguard.namespaces.rtorrent.portForwarding.credentials.stored: "/nix/store/abc/token" would be in the Nix store, which every user can read; write the path of a file that is created at run time, in quotes: nsguard.namespaces.rtorrent.portForwarding.credentials.stored = "/run/secrets/…";''
    ''nsguard.namespaces.rtorrent.portForwarding.credentials: "two words" cannot be the name of a credential; use letters, digits, - and _, and another word than client''
    ''nsguard.namespaces.vpn.portForwarding.gateway: "fd00::1" is malformed; write it like "10.2.0.1"''
    ''nsguard.namespaces.vpn.portForwarding.clientUrl: "https://127.0.0.1:8080" is malformed; write it like "http://127.0.0.1:8080"''
    ''nsguard.namespaces.vpn.portForwarding.clientCredentialsFile: "/nix/store/abc/password" would be in the Nix store, which every user can read; write the path of a file that is created at run time, in quotes: nsguard.namespaces.vpn.portForwarding.clientCredentialsFile = "/run/secrets/…";''
    ''nsguard.namespaces.vpn.portForwarding.protocols: [] names no protocol, or another than TCP and UDP; set protocols = [ "tcp" "udp" ];''
    ''nsguard.namespaces.vpn.portForwarding.onChange: "+/bin/true" would run with full privileges because of its prefix; remove the + or !''
  ];
}
