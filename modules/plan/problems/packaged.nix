# Services whose unit comes with a package: the evaluation of a configuration cannot read the unit's file -> warnings,
# in the form of problems
let
  inherit (builtins) filter isString;
  inherit (import ../combine.nix) commands toList;
  inherit (import ./problem.nix) named;

  linesOf = service: property: filter isString (toList (service.serviceConfig.${property} or null));
  hasCommands = service: filter (property: linesOf service property != [ ]) commands != [ ];
in
rec {
  # Whether the package's file defines the command, and the options hold no more than other parts of the unit.
  commandUnseen =
    service:
    filter (line: line != "") (linesOf service "ExecStart") == [ ]
    && (service.packaged || hasCommands service);

  # name, service -> warnings
  warnings =
    name: service:
    let
      option = named "services" name;
      config = "${option}.serviceConfig";
      own = service.hardening.ownProcesses && service.hardening.hiddenProcesses;
    in
    [
      {
        # Process 1 does not end by a signal for which it has no handler (pid_namespaces(7)).
        when = own && commandUnseen service;
        where = "${config}.ExecStart";
        what =
          "the command is defined by a package, so the program is the first of its process numbers:"
          + " without a handler for SIGTERM it stops only when TimeoutStopSec is over, a reload by $MAINPID fails, and"
          + " with a KillMode of \"mixed\" or \"process\" systemd may kill it in place of stopping it";
        fix =
          "repeat the command here (ExecStart = [ \"\" \"…\" ];),"
          + " or set ${option}.nsguard.hardening.ownProcesses = false;";
      }
    ];
}
