# The options whose example does not have the option's type; [ ] if there is none.
#
#   examples: a function from the names that examples may use to option → example
{ lib, examples }:
let
  inherit (import ./options.nix { inherit lib; }) evaluated options;

  package = {
    type = "derivation";
    name = "package";
    outPath = "/package";
  };

  # A name in angle brackets or a star stands for a member of the option before it.
  typeAt =
    declared: loc:
    let
      option = declared.${lib.head loc};
      rest = lib.tail loc;
      member = rest != [ ] && (lib.head rest == "*" || lib.hasPrefix "<" (lib.head rest));
      below = if member then lib.tail rest else rest;
    in
    if !lib.isOption option then
      typeAt option rest
    else if below == [ ] then
      option.type
    else
      typeAt (option.type.getSubOptions [ ]) below;

  fits =
    name: example:
    let
      merged = lib.mergeDefinitions options.${name}.loc (typeAt evaluated.options options.${name}.loc) [
        {
          file = "the example of ${name}";
          value = example;
        }
      ];
    in
    (builtins.tryEval (builtins.deepSeq merged.mergedValue true)).success;

  given = examples {
    inherit lib;
    pkgs = lib.genAttrs [ "nsguard" "nsguard-harness" "hello" "brave" ] (_: package);
  };
in
lib.filter (name: !fits name given.${name}) (lib.attrNames given)
