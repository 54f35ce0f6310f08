# Commands: a socket for the group, and a unit that is confined like a service, except for what its option grants.
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
      # Properties of a service that a command lacks, or has with another value.
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
    # A command keeps some of the kernel's files and calls, so that it can create sandboxes of its own.
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
