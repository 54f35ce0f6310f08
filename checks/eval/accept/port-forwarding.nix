{
  specification = {
    tunnels = { inherit (import ../tunnels.nix) one two three; };
    namespaces = {
      closed.tunnel = "one";
      bare = {
        tunnel = "two";
        portForwarding.enable = true;
      };
      told = {
        tunnel = "three";
        portForwarding = {
          enable = true;
          protocol = "pcp";
          gateway = "10.2.0.1";
          protocols = [ "tcp" ];
          internalPort = 6881;
          lifetimeSeconds = 3600;
          client = "qbittorrent";
          clientCredentialsFile = "/run/secrets/qbittorrent";
          onChange = "/bin/announce";
          credentials.token = "/run/secrets/token";
          user = "torrent";
        };
      };
    };
  };

  facts =
    planned:
    let
      spec = ns: (builtins.fromJSON planned.files."/etc/nsguard/${ns}/spec.json").portForwarding;
      opened =
        ns: builtins.match ".*@forwarded accept.*" planned.files."/etc/nsguard/${ns}/namespace.nft" != null;
      hook = planned.units."nsguard-forwarded-told.service".serviceConfig;
      forward = planned.units."nsguard-forward-told.service";
    in
    {
      specs = map spec [
        "closed"
        "bare"
        "told"
      ];
      opened = map opened [
        "closed"
        "bare"
        "told"
      ];
      units = builtins.filter (name: builtins.match "nsguard-forward.*" name != null) (
        builtins.attrNames planned.units
      );
      inherit (hook)
        User
        Environment
        ExecStart
        LoadCredential
        NetworkNamespacePath
        NoNewPrivileges
        ;
      inherit (forward) wantedBy;
      wanted = planned.units."nsguard-tunnel-told.service".unitConfig.Wants;
      bound = forward.unitConfig.BindsTo;
    };

  expected = {
    specs = [
      null
      {
        protocol = "nat-pmp";
        gateway = null;
        protocols = [
          "tcp"
          "udp"
        ];
        internalPort = null;
        lifetimeSeconds = 60;
        client = null;
        hook = null;
      }
      {
        protocol = "pcp";
        gateway = "10.2.0.1";
        protocols = [ "tcp" ];
        internalPort = 6881;
        lifetimeSeconds = 3600;
        client = "qbittorrent";
        hook = "nsguard-forwarded-told.service";
      }
    ];
    opened = [
      false
      true
      true
    ];
    units = [
      "nsguard-forward-bare.service"
      "nsguard-forward-told.service"
      "nsguard-forwarded-told.service"
    ];
    User = "torrent";
    ExecStart = [
      "/usr/bin/nsguard-init --journal --netns=told --own-sockets /usr/bin/nsguard listen-port qbittorrent http://127.0.0.1:8080"
      "/usr/bin/nsguard-init --journal --netns=told --own-sockets /bin/announce"
    ];
    Environment = "PATH=/run/current-system/sw/bin:/usr/local/bin:/usr/bin:/bin";
    LoadCredential = [
      "client:/run/secrets/qbittorrent"
      "token:/run/secrets/token"
    ];
    NetworkNamespacePath = "/run/netns/told";
    NoNewPrivileges = true;
    wantedBy = [ "multi-user.target" ];
    wanted = [
      "nsguard-refresh-told.timer"
      "nsguard-forward-told.service"
    ];
    bound = [ "nsguard-tunnel-told.service" ];
  };
}
