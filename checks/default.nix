# What `nix flake check` builds, besides evaluating every output.
{
  pkgs,
  nixpkgs,
  nsguard,
  packages,
}:
let
  inherit (pkgs) lib;

  eval = import ./eval;
  hole = import ./planted.nix;

  arguments = {
    inherit lib pkgs;
    nixos = nixpkgs + "/nixos";
  };

  # Fails and shows the difference if a case does not yield what it must.
  judged =
    kind: name: outcome:
    pkgs.runCommand "eval-${kind}-${name}"
      {
        expected = builtins.toJSON outcome.expected;
        actual = builtins.toJSON outcome.actual;
        passAsFile = [
          "expected"
          "actual"
        ];
      }
      ''
        diff "$expectedPath" "$actualPath"
        touch $out
      '';

  evaluated =
    kind: outcomes:
    lib.mapAttrs' (
      name: outcome: lib.nameValuePair "eval-${kind}-${name}" (judged kind name outcome)
    ) outcomes;

  # Runs a script of checks/units, after a check that the tunnel works and nothing leaks.
  unitTest =
    name:
    { modules, script }:
    nsguard.lib.makeLeakTest {
      inherit pkgs;
      name = "units-${name}";
      modules = [ nsguard.nixosModules.default ] ++ modules;
      attacks = "udp-*";
      probes = script;
    };

  # Guards with a hole: their leak test must fail, with this attack LEAKED.
  planted =
    name: attack: test:
    pkgs.runCommand "planted-${name}"
      {
        # The result of runNixOSTest is not the derivation itself, and lacks overrideAttrs.
        failed = pkgs.testers.testBuildFailure test.config.rawTestDerivation;
        passthru = { inherit test; };
      }
      ''
        grep "attack='${attack}'.*Verdict.LEAKED" "$failed/testBuildFailure.log"
        touch $out
      '';

  lint =
    name: tools: command:
    pkgs.runCommand "lint-${name}" { nativeBuildInputs = tools; } ''
      cp -r ${../.} source
      chmod -R u+w source
      cd source
      export HOME=$TMPDIR
      ${command}
      touch $out
    '';
in
evaluated "plan" eval.plan
// evaluated "nixos" (eval.nixos arguments)
// lib.mapAttrs' (name: check: lib.nameValuePair "units-${name}" (unitTest name check)) (
  import ./units.nix { inherit lib; }
)
// {
  inherit (packages) nsguard nsguard-harness;

  docs-options =
    pkgs.runCommand "docs-options"
      {
        inherit (import ./docs/options.nix { inherit lib; }) markdown;
        passAsFile = [ "markdown" ];
      }
      ''
        diff ${../docs/options.md} "$markdownPath"
        touch $out
      '';

  # The core set against the demo's scenario, on NixOS, in virtual machines.
  leaks = nsguard.lib.makeLeakTest (import ./leaks.nix { inherit pkgs nsguard; });

  # The same, but services are only put into the namespace, without further protections.
  planted-namespace-alone = planted "namespace-alone" hole.attacks (
    nsguard.lib.makeLeakTest (import ./leaks.nix { inherit pkgs nsguard; } // hole)
  );

  lint-nix = lint "nix" [ pkgs.nixfmt pkgs.statix pkgs.deadnix ] ''
    find . -name '*.nix' -exec nixfmt --check {} +
    statix check .
    deadnix --fail .
  '';

  lint-python =
    lint "python"
      [
        pkgs.ruff
        (pkgs.python3.withPackages (
          python: with python; [
            hypothesis
            mypy
            pexpect
            pyroute2
            pytest
            rich
            scapy
          ]
        ))
      ]
      ''
        ruff check harness pkgs/nsguard
        ruff check --config harness/pyproject.toml checks
        ruff format --check harness pkgs/nsguard
        ruff format --check --config harness/pyproject.toml checks
        (cd pkgs/nsguard && mypy)
        (cd harness && mypy)
      '';

  lint-shell = lint "shell" [ pkgs.shellcheck ] ''
    shellcheck .ci/run
  '';
}
# The checks of a flake made from the template, whose host has one platform.
// lib.optionalAttrs (pkgs.stdenv.hostPlatform.system == "x86_64-linux") {
  template =
    ((import ../templates/default/flake.nix).outputs {
      self = { };
      inherit nixpkgs nsguard;
    }).checks.x86_64-linux.leaks;
}
