# Checks of how the units behave together, one a file of checks/units:
#
#   { modules = [ … ]; script = "…"; }
#
# The modules are added to a machine with one confined service. The script is Python; the machines `lab.client` and
# `lab.server` of its `lab` have the methods of the NixOS test driver. `nix flake check` runs it in virtual machines,
# checks/test_units.py in containers.
{ lib }:
let
  base = {
    nsguard.tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
    nsguard.namespaces.vpn.tunnel = "lab";
    systemd.services.app = {
      nsguard.namespace = "vpn";
      wantedBy = [ "multi-user.target" ];
      script = "exec sleep infinity";
      serviceConfig.Restart = "always";
      # Process 1 of a process namespace gets no signal for which it has no handler (pid_namespaces(7)).
      serviceConfig.KillSignal = "SIGKILL";
    };
  };
in
lib.mapAttrs' (
  file: _:
  let
    check = import (./units + "/${file}");
  in
  lib.nameValuePair (lib.removeSuffix ".nix" file) {
    modules = [ base ] ++ check.modules or [ ];
    inherit (check) script;
  }
) (builtins.readDir ./units)
