# Specifications and modules with their expected outcomes, one in each file, by directory:
#   reject/NAME.nix  { specification or module; messages; }           exactly these messages
#   accept/NAME.nix  { specification or module; facts; expected; }    no message, and the facts that it yields
# Either may have `warnings`, exactly these.
#
# A specification is plain data and is judged twice: by the plan alone, which needs no nixpkgs, and as the options
# of a NixOS configuration. A module is judged as NixOS alone. `facts` is a function of the plan of the namespaces,
# or of NixOS's configuration for a module.
#
# -> { plan; nixos = arguments -> …; } : name -> { expected; actual; }
let
  inherit (builtins)
    attrNames
    filter
    listToAttrs
    mapAttrs
    match
    readDir
    ;

  # Names include the directory, because both directories have files of the same name.
  caseFiles =
    kind:
    let
      directory = ./. + "/${kind}";
    in
    listToAttrs (
      map (file: {
        name = "${kind}/${builtins.head (match "(.*)\\.nix" file)}";
        value = import (directory + "/${file}");
      }) (filter (file: match ".*\\.nix" file != null) (attrNames (readDir directory)))
    );

  cases =
    mapAttrs (
      _: case:
      {
        facts = _: null;
        expected = null;
        warnings = [ ];
      }
      // case
    ) (caseFiles "reject")
    // mapAttrs (
      _: case:
      {
        messages = [ ];
        warnings = [ ];
      }
      // case
    ) (caseFiles "accept");

  having =
    kind:
    listToAttrs (
      map (name: {
        inherit name;
        value = cases.${name};
      }) (filter (name: cases.${name} ? ${kind}) (attrNames cases))
    );

  # warnings: only nsguard's, because NixOS has warnings of its own
  outcome = case: messages: warnings: subject: {
    expected = {
      inherit (case) messages warnings;
      facts = case.expected;
    };
    actual = {
      inherit messages;
      warnings = filter (it: match "nsguard.*|.*: this configuration defines no .*" it != null) warnings;
      facts = if case.messages == [ ] then case.facts subject else null;
    };
  };

  tools = import ../tools.nix;

  plan =
    let
      inherit (import ../../modules/plan { inherit tools; }) plan;
    in
    mapAttrs (
      _: case:
      let
        planned = plan case.specification;
      in
      outcome case planned.problems planned.warnings planned
    ) (having "specification");

  nixos =
    arguments:
    let
      inherit (import ./nixos.nix arguments) evaluate moduleOf;

      judge =
        case: config: subject:
        outcome (case // { messages = map placed case.messages; }) (map (a: placed a.message) (
          filter (a: !a.assertion) config.assertions
        )) (map placed config.warnings) subject;

      # Writes a store path in the form that the stand-ins for packages have.
      placed =
        message:
        builtins.concatStringsSep "/stand-in/" (
          filter builtins.isString (builtins.split "${builtins.storeDir}/[0-9a-z]{32}-" message)
        );

      ofSpecification =
        case:
        let
          config = evaluate (moduleOf case.specification);
        in
        judge case config (config.nsguard.plan.plan config.nsguard.specification);

      ofModule =
        case:
        let
          config = evaluate case.module;
        in
        judge case config config;
    in
    mapAttrs (_: ofSpecification) (having "specification") // mapAttrs (_: ofModule) (having "module");

  planTexts =
    scenario:
    mapAttrs (_: unit: unit.text) ((import ../../modules/plan { inherit tools; }).plan scenario).units;

  # The text of every unit of a scenario, by the plan alone and by NixOS.
  unitTexts =
    arguments: scenario:
    let
      inherit (import ./nixos.nix arguments) evaluate moduleOf;
      # Plain data does not say which systemd the machine has, so the plan uses nothing that is newer than 257.
      old =
        { pkgs, ... }:
        {
          systemd.package = pkgs.systemd // {
            version = "257";
          };
        };
      config = evaluate {
        imports = [
          (moduleOf scenario)
          old
        ];
      };
      planned = (import ../../modules/plan { inherit tools; }).plan scenario;
      packaged =
        config.nsguard.planned.units
        // config.nsguard.plan.ofServices config.nsguard.specification.services;
    in
    {
      plan = mapAttrs (_: unit: unit.text) planned.units;
      nixos = mapAttrs (name: _: (config.systemd.units.${name} or packaged.${name}).text) planned.units;
    };
in
{
  inherit
    plan
    nixos
    planTexts
    unitTexts
    ;
}
