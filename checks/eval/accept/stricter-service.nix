# A service's own properties stay if they are stricter than nsguard's, and are replaced if they are not.
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
    services.app = {
      namespace = "vpn";
      serviceConfig = {
        ExecStart = "/bin/app";
        ExecCondition = "/bin/condition";
        User = "app";
        ProtectSystem = "strict";
        ProtectHome = true;
        PrivateUsers = true;
        PrivateTmp = "disconnected";
        PrivateDevices = false;
        NoNewPrivileges = false;
        PrivateNetwork = true;
        RestrictAddressFamilies = [
          "AF_INET"
          "AF_VSOCK"
        ];
        SystemCallFilter = [ "@system-service" ];
        RuntimeDirectory = "app app/sub";
        BindPaths = [
          "/run"
          "/srv/data"
        ];
      };
    };
  };

  facts =
    planned:
    let
      c = planned.units."app.service".serviceConfig;
    in
    {
      inherit (c)
        ProtectSystem
        ProtectHome
        PrivateUsers
        PrivateTmp
        PrivateDevices
        NoNewPrivileges
        RestrictAddressFamilies
        SystemCallFilter
        BindPaths
        ExecCondition
        PrivatePIDs
        ProtectProc
        ;
      PrivateNetwork = c ? PrivateNetwork;
    };

  expected = {
    ProtectSystem = "strict";
    ProtectHome = true;
    PrivateUsers = true;
    PrivateTmp = "disconnected";
    PrivateDevices = true;
    NoNewPrivileges = true;
    RestrictAddressFamilies = "AF_INET";
    SystemCallFilter = [
      "@system-service"
      "pipe2"
      "~io_uring_setup:EPERM io_uring_enter:EPERM io_uring_register:EPERM @keyring:EPERM"
    ];
    BindPaths = [
      "/srv/data"
      "/run/app"
      "/run/app/sub"
      "/run/nsguard/vpn/terminals/pts:/dev/pts"
    ];
    ExecCondition = "/usr/bin/nsguard-init --journal --netns=vpn --own-sockets /bin/condition";
    PrivateNetwork = false;
    PrivatePIDs = true;
    ProtectProc = "invisible";
  };
}
