# The type of the path of a file with a key or a password. Every value passes, and the plan refuses what is not such a
# path (`secretFile` in ./plan/problems/problem.nix): NixOS's own messages would show the value, which may be the secret
# itself.
{ lib }:
lib.mkOptionType {
  name = "secretFile";
  description = "absolute path";
  descriptionClass = "noun";
  merge =
    option: definitions:
    let
      inherit (lib.head definitions) value;
      files = lib.concatStringsSep " and " (map (definition: toString definition.file) definitions);
    in
    if lib.all (definition: definition.value == value) definitions then
      value
    else
      throw "${lib.showOption option}: ${files} set it to different paths; keep one of them";
}
