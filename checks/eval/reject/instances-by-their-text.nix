# NixOS: what systemd would read of an instance after its confined template, whoever writes it.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services = {
      "app@" = {
        nsguard.namespace = "vpn";
        serviceConfig.ExecStart = "/bin/app";
      };
      "app@quiet" = {
        overrideStrategy = "asDropin";
        serviceConfig.MemoryMax = "1G";
      };
      "app@told" = {
        overrideStrategy = "asDropin";
        serviceConfig = {
          EnvironmentFile = "/run/nscd/x";
          LoadCredential = [
            "a:/etc/resolv.conf"
            "b:/run/secrets/b"
          ];
        };
      };
      "app@whole".serviceConfig.MemoryMax = "1G";
      "kind-of@" = {
        nsguard.namespace = "vpn";
        serviceConfig.ExecStart = "/bin/kind";
      };
      "packaged@" = {
        nsguard.namespace = "vpn";
        overrideStrategy = "asDropin";
        nsguard.hardening.ownJournalConnection = false;
      };
      "packaged@one" = {
        overrideStrategy = "asDropin";
        serviceConfig.MemoryMax = "1G";
      };
      # A reset shows that a package may have the unit, and then it is a drop-in itself.
      "reset@" = {
        nsguard.namespace = "vpn";
        serviceConfig.ExecStart = [
          ""
          "/bin/app"
        ];
      };
      "reset@one" = {
        overrideStrategy = "asDropin";
        serviceConfig.MemoryMax = "1G";
      };
    };
    systemd.units = {
      "app@one.service" = {
        overrideStrategy = "asDropin";
        text = "[Service]\nBindPaths=/run/dbus\nNetworkNamespacePath=\n";
      };
      "app@off.service".enable = false;
      # The name of an instance begins after the first "@".
      "app@bob@host.service" = {
        overrideStrategy = "asDropin";
        text = "[Service]\nBindPaths=/run/dbus\n";
      };
      "app@@two.service" = {
        overrideStrategy = "asDropin";
        text = "[Service]\nBindPaths=/run/dbus\n";
      };
      "kin-@one.service" = {
        overrideStrategy = "asDropin";
        text = "[Service]\nBindPaths=/run/dbus\n";
      };
      "kind-@one.service" = {
        overrideStrategy = "asDropin";
        text = "[Service]\nBindPaths=/run/dbus\n";
      };
      "other@one.service" = {
        overrideStrategy = "asDropin";
        text = "[Service]\nBindPaths=/run/dbus\n";
      };
    };
  };
  messages = [
    ''systemd.services."app@@two".serviceConfig.BindPaths: the finished unit has "/run/dbus", and it leads to programs of the host, which work outside the namespace; remove it''
    ''systemd.services."app@bob@host".serviceConfig.BindPaths: the finished unit has "/run/dbus", and it leads to programs of the host, which work outside the namespace; remove it''
    ''systemd.services."app@one".serviceConfig.BindPaths: the finished unit has "/run/dbus", and it leads to programs of the host, which work outside the namespace; remove it''
    ''systemd.services."app@one": the finished unit is not confined, since NetworkNamespacePath is missing (protection network-namespace); remove what sets it past systemd.services."app@one".serviceConfig.NetworkNamespacePath, such as systemd.units or a drop-in''
    ''systemd.services."app@told".serviceConfig.LoadCredential: the finished unit has "a:/etc/resolv.conf", and names would be looked up by the host's files; remove it''
    ''systemd.services."app@told".serviceConfig.EnvironmentFile: the finished unit has "/run/nscd/x", and it leads to programs of the host, which work outside the namespace; remove it''
    ''systemd.services."app@whole".overrideStrategy: the unit would take the place of its confined template; set it to "asDropin"''
    ''systemd.services."kind-@one".serviceConfig.BindPaths: the finished unit has "/run/dbus", and it leads to programs of the host, which work outside the namespace; remove it''
    ''systemd.services."packaged@one": its drop-in would take the place of that of its template, which confines it; remove it, and set what it sets in systemd.services."packaged@"''
    ''systemd.services."reset@one": its drop-in would take the place of that of its template, which confines it; remove it, and set what it sets in systemd.services."reset@"''
  ];
}
