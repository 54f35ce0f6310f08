# Stand-ins for secret managers, with those of their options that the documentation's snippets use.
{ lib, ... }:
let
  inherit (lib) mkOption types;

  secretAt =
    directory: options:
    mkOption {
      type = types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            options = options // {
              path = mkOption {
                type = types.str;
                default = "${directory}/${name}";
              };
            };
          }
        )
      );
      default = { };
    };
in
{
  options = {
    sops.secrets = secretAt "/run/secrets" {
      sopsFile = mkOption { type = types.path; };
      format = mkOption { type = types.str; };
      reloadUnits = mkOption { type = types.listOf types.str; };
    };
    age.secrets = secretAt "/run/agenix" { file = mkOption { type = types.path; }; };
  };
}
