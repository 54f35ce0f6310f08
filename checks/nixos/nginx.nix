# A package for services.nginx that runs a shell command in nginx's place; its "$2" is the configuration. With -t, by
# which the unit first tests the configuration, it succeeds.
{ pkgs }:
command:
let
  # NixOS's module overrides the package to add nginx modules.
  overridden = package: package // { override = _: overridden package; };
in
overridden (
  pkgs.writeShellScriptBin "nginx" ''
    case " $* " in *" -t "*) exit ;; esac
    exec ${command}
  ''
  // {
    # With such a module the unit allows pipes, which the stand-in needs.
    modules = [ { disableIPC = true; } ];
  }
)
