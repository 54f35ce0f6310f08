# Commands: a socket for the group, and a unit that is confined as a service's, but for what its option lets in.
{
  specification = {
    tunnels = { inherit (import ../tunnels.nix) mullvad proton none; };
    namespaces.vpn = {
      tunnel = "mullvad";
      users = [ "alice" ];
    };
    namespaces.work = {
      tunnel = "proton";
      group = "staff";
      homes = "hidden";
    };
    namespaces.nobody.tunnel = "none";
    services.daemon = {
      namespace = "vpn";
      serviceConfig = {
        User = "daemon";
        ExecStart = "/usr/bin/daemon";
      };
    };
  };

  facts =
    planned:
    let
      service = ns: planned.units."nsguard-run-${ns}@.service".serviceConfig;
      socket = ns: planned.units."nsguard-run-${ns}.socket".socketConfig;
      daemon = planned.units."daemon.service".serviceConfig or { };
      # What a service has and a command has not, or has otherwise.
      weaker = builtins.filter (
        name: !(service "vpn") ? ${name} || (service "vpn").${name} != daemon.${name}
      ) (builtins.attrNames daemon);
    in
    {
      inherit (planned) groups;
      modes = map (ns: "${(socket ns).SocketGroup} ${(socket ns).SocketMode}") [
        "vpn"
        "work"
      ];
      none = planned.units ? "nsguard-run-nobody.socket";
      weaker = if daemon == { } then null else weaker;
      families = map (ns: (service ns).RestrictAddressFamilies) [
        "vpn"
        "work"
      ];
      homes = map (ns: (service ns).ProtectHome or null) [
        "vpn"
        "work"
      ];
      alone = (service "vpn").PrivatePIDs;
    };

  expected = {
    groups = {
      nsguard-vpn = [ "alice" ];
      staff = [ ];
    };
    modes = [
      "nsguard-vpn 0660"
      "staff 0660"
    ];
    none = false;
    # Of the kernel's own files and calls a command has the rest, so that it may make sandboxes of its own.
    weaker = [
      "CapabilityBoundingSet"
      "ExecStart"
      "PrivateUsers"
      "ProtectHome"
      "ProtectHostname"
      "ProtectKernelLogs"
      "ProtectKernelTunables"
      "ReadOnlyPaths"
      "RestrictAddressFamilies"
      "SyslogIdentifier"
      "SystemCallFilter"
      "User"
    ];
    families = [
      "AF_INET AF_INET6 AF_NETLINK"
      "AF_UNIX AF_INET AF_INET6 AF_NETLINK"
    ];
    homes = [
      null
      "tmpfs"
    ];
    alone = true;
  };
}
