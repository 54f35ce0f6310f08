# Lists in messages.
let
  inherit (builtins) concatStringsSep length toJSON;
in
rec {
  sentence = concatStringsSep ", ";

  # The word that agrees with the number of items.
  agreed =
    singular: plural: items:
    if length items == 1 then singular else plural;
  is = agreed "is" "are";
  it = agreed "it" "them";

  # As Nix writes a list of strings.
  list = items: "[ ${concatStringsSep " " (map toJSON items)} ]";
}
