# The options of apps for a NixOS that is built of stand-ins, whose callPackage makes nothing: this one calls the
# launchers' package file, and writes the wrapper as a script.
args@{ lib, pkgs, ... }:
import ../../modules/apps.nix (
  args
  // {
    pkgs = pkgs // {
      callPackage =
        file: given:
        import file (
          given
          // {
            inherit lib;
            makeBinaryWrapper = null;
            runCommand =
              name: attributes: script:
              pkgs.runCommand name (removeAttrs attributes [ "nativeBuildInputs" ]) ''
                makeBinaryWrapper() { # PROGRAM TARGET --add-flags FLAGS
                  mkdir -p "$(dirname "$2")"
                  printf '#!/bin/sh\nexec %s %s "$@"\n' "$1" "$4" >"$2"
                  chmod 755 "$2"
                }
                PATH=${given.nsguard}/bin:$PATH
                ${script}
              '';
          }
        );
    };
  }
)
