# For each loosening of a service a copy of the demo's two confined agents with that loosening, and the unconfined ones.
# Also services that send requests on a bus: one as root, and a template whose instances run as a user.
let
  demo = import ./demo.nix;
  loosenings = import ../../modules/plan/confinement/loosenings.nix;

  agents =
    name: more:
    builtins.listToAttrs (
      map
        (who: {
          name = "${name}-${who}";
          value =
            demo.services."app-${who}"
            // more
            // {
              serviceConfig = demo.services."app-${who}".serviceConfig // {
                ExecStart = "/usr/bin/python3 -m nsguard_harness.inside.agent /run/nsguard-agent-${name}-${who}/socket";
                RuntimeDirectory = "nsguard-agent-${name}-${who}";
              };
            };
        })
        [
          "root"
          "user"
        ]
    );

  granted = {
    dbus.system = {
      access = "filtered";
      talk = [ "org.freedesktop.hostname1" ];
    };
  };

  property = name: path: "/usr/bin/busctl get-property ${name} ${path} ${name}";
  asking =
    who:
    granted
    // {
      namespace = "vpn";
      serviceConfig = who // {
        Type = "oneshot";
        ExecStart = [
          "${property "org.freedesktop.hostname1" "/org/freedesktop/hostname1"} Hostname"
          # Succeeds if the bus refuses the request.
          "/usr/bin/sh -c '! ${property "org.freedesktop.systemd1" "/org/freedesktop/systemd1"}.Manager Version'"
        ];
      };
    };
in
{
  inherit (demo) tunnels namespaces;

  services =
    builtins.foldl' (all: name: all // agents name { hardening.${name} = false; }) {
      inherit (demo.services) free free-user;
    } (builtins.attrNames loosenings)
    // agents "devices" { devices = [ "/dev/net/tun" ]; }
    // agents "filtered-bus" granted
    // agents "whole-bus" { dbus.system.access = "host"; }
    // {
      asks-root = asking { };
      "asks@" = asking { User = "www-data"; };
    };
}
