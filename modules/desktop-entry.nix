# nsguard.apps.<name>.desktopEntry
{ lib }:
let
  inherit (lib) mkOption types;
  inherit ((import ./plan/defaults.nix).app) desktopEntry;
in
{
  enable = mkOption {
    type = types.nullOr types.bool;
    default = desktopEntry.enable;
    example = false;
    description = ''
      Whether the app has a menu entry. `null` gives one to an app with windows.

      Risk: by its MIME types the entry can become what opens pages; so can the unconfined program's.
    '';
  };
  name = mkOption {
    type = types.nullOr types.str;
    default = desktopEntry.name;
    example = "Web";
    description = ''
      Name in menus, to which the namespace's name is added. `null` keeps the package's entries as they are.

      Risk: an entry with the unconfined program's name alone cannot be told apart from that program's entry.
    '';
  };
  icon = mkOption {
    type = types.nullOr types.str;
    default = desktopEntry.icon;
    example = "web-browser";
    description = ''
      Name or path of the icon, for an app without a package that has menu entries.

      Risk: none.
    '';
  };
  categories = mkOption {
    type = types.listOf types.str;
    default = desktopEntry.categories;
    example = [ "Network" ];
    description = ''
      Menus that list the entry, for an app without a package that has menu entries.

      Risk: none.
    '';
  };
  mimeTypes = mkOption {
    type = types.listOf types.str;
    default = desktopEntry.mimeTypes;
    example = [ "x-scheme-handler/magnet" ];
    description = ''
      MIME types that the app opens, for an app without a package that has menu entries.

      Risk: other programs give it files and addresses of these types.
    '';
  };
}
