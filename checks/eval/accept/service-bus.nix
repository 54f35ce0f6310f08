# The system bus for a service: none, a part through a process of its own (also for each instance), or all of it.
let
  service = access: {
    namespace = "vpn";
    dbus.system = {
      inherit access;
      talk = if access == "filtered" then [ "org.freedesktop.hostname1" ] else [ ];
    };
    serviceConfig = {
      ExecStart = "/bin/app";
      User = "app";
    };
  };
in
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
    services = {
      closed = service "none";
      part = service "filtered";
      whole = service "host";
      "each@" = service "filtered" // {
        serviceConfig = {
          ExecStart = "/bin/app";
          DynamicUser = true;
        };
      };
    };
  };

  facts =
    planned:
    let
      bus =
        name:
        builtins.filter (
          path: builtins.match ".*bus.*" path != null
        ) planned.units.${name}.serviceConfig.BindReadOnlyPaths;
      part = planned.units."nsguard-system-bus-part.service".serviceConfig;
      each = planned.units."nsguard-system-bus-each@.service".serviceConfig;
    in
    {
      bound = map bus [
        "closed.service"
        "part.service"
        "whole.service"
        "each@.service"
      ];
      requires = planned.units."each@.service".unitConfig.Requires;
      inherit (part) ExecStart ExecStartPost User;
      each = { inherit (each) User DynamicUser RuntimeDirectory; };
      units = builtins.filter (name: builtins.match "nsguard-system-bus.*" name != null) (
        builtins.attrNames planned.units
      );
    };

  expected = {
    bound = [
      [ ]
      [ "/run/nsguard-system-bus-part:/run/dbus" ]
      [ "/run/dbus/system_bus_socket" ]
      [ "/run/nsguard-system-bus-each@%i:/run/dbus" ]
    ];
    requires = [ "nsguard-system-bus-each@%i.service" ];
    ExecStart = "/usr/bin/xdg-dbus-proxy unix:path=/run/dbus/system_bus_socket /run/nsguard-system-bus-part/system_bus_socket --filter --talk=org.freedesktop.hostname1";
    ExecStartPost = "/usr/bin/nsguard app await /run/nsguard-system-bus-part/system_bus_socket";
    User = "app";
    each = {
      User = "each";
      DynamicUser = true;
      RuntimeDirectory = "nsguard-system-bus-each@%i";
    };
    units = [
      "nsguard-system-bus-each@.service"
      "nsguard-system-bus-part.service"
    ];
  };
}
