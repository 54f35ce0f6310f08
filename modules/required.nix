# An option that must be set. The plan refuses null with an example; NixOS's own message for an option without a value,
# "was accessed but has no value defined", has none.
{ lib }:
attributes:
lib.mkOption (
  attributes
  // {
    type = lib.types.nullOr attributes.type;
    default = null;
    defaultText = lib.literalMD "none; it must be set";
  }
)
