# Services whose unit comes with a package: what is in its file cannot be read when a configuration is evaluated
# -> warnings, in the form of problems
{ named }:
let
  inherit (builtins) filter isString;
  inherit (import ../combine.nix) commands toList;

  linesOf = service: property: filter isString (toList (service.serviceConfig.${property} or null));
  hasCommands = service: filter (property: linesOf service property != [ ]) commands != [ ];
in
rec {
  # Whether the package's file defines the command, and the options hold no more than other parts of the unit.
  commandUnseen =
    service:
    filter (line: line != "") (linesOf service "ExecStart") == [ ]
    && (service.packaged || hasCommands service);

  # A list of the options' that begins anew replaces another's.
  isPackaged =
    service:
    service.packaged || commandUnseen service || builtins.elem "" (linesOf service "ExecStart");

  # name, service -> warnings
  warnings =
    name: service:
    let
      option = named "services" name;
      config = "${option}.serviceConfig";
      own = service.hardening.ownProcesses && service.hardening.hiddenProcesses;
      without = "or set ${option}.nsguard.hardening.ownProcesses = false;";
    in
    [
      {
        # A signal that it has no handler for does not end the first process (pid_namespaces(7)).
        when = own && commandUnseen service;
        where = "${config}.ExecStart";
        what =
          "the command is defined by a package, so the program is the first of its process numbers:"
          + " without a handler for SIGTERM it stops only when TimeoutStopSec is over, and a reload by $MAINPID fails";
        fix = "repeat the command here (ExecStart = [ \"\" \"…\" ];), ${without}";
      }
      {
        when = own && isPackaged service && !commandUnseen service && !(service.serviceConfig ? ExecReload);
        where = "${config}.ExecReload";
        what =
          "the unit is defined by a package; if it reloads by $MAINPID, that fails,"
          + " because each command of a confined service has process numbers of its own";
        fix =
          "repeat the command here (ExecReload = [ \"\" \"kill -HUP $MAINPID\" ];),"
          + " or, if the unit has none, say so with ${config}.ExecReload = \"\";";
      }
    ];
}
