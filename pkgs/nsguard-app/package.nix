# What a person sees of an app: its launcher, and its entries in menus with the icons of the original.
{
  lib,
  runCommand,
  makeBinaryWrapper,
  nsguard,
  name,
  package,
  namespace,
  launcher,
  desktopEntry,
  withEntries,
}:
runCommand "nsguard-app-${name}"
  {
    nativeBuildInputs = [
      makeBinaryWrapper
      nsguard
    ];
    inherit desktopEntry;
    passAsFile = [ "desktopEntry" ];
    meta = {
      description = "Launcher of ${name} in network namespace ${namespace}";
      mainProgram = name;
    };
  }
  ''
    makeBinaryWrapper ${builtins.head launcher} $out/bin/${name} \
      --add-flags ${lib.escapeShellArg (toString (builtins.tail launcher))}
    ${lib.optionalString withEntries (
      if desktopEntry != null then
        "install -Dm644 $desktopEntryPath $out/share/applications/nsguard-${name}.desktop"
      else
        ''
          mkdir -p $out/share/applications
          for entry in ${package}/share/applications/*.desktop; do
            nsguard app desktop-entry "$entry" $out/bin/${name} ${namespace} \
              >"$out/share/applications/nsguard-${name}-$(basename "$entry")"
          done
          for pictures in icons pixmaps; do
            if [ -e ${package}/share/$pictures ]; then
              ln -s ${package}/share/$pictures $out/share/$pictures
            fi
          done
        ''
    )}
  ''
