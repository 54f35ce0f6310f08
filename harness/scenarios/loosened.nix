# For each loosening of a service a copy of the demo's two confined agents with it, and the unconfined ones.
let
  demo = import ./demo.nix;
  loosenings = import ../../modules/plan/loosenings.nix;

  agents =
    name: more:
    builtins.listToAttrs (
      map (who: {
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
      }) [ "root" "user" ]
    );
in
{
  inherit (demo) tunnels namespaces;

  services = builtins.foldl' (all: name: all // agents name { hardening.${name} = false; }) {
    inherit (demo.services) free free-user;
  } (builtins.attrNames loosenings)
  // agents "devices" { devices = [ "/dev/net/tun" ]; };
}
