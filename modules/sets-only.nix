# A type of sets of options that takes nothing else, and says what to write instead. NixOS would import a path as a module,
# and show the line with the key of a provider's file, or the whole text of one that is pasted.
#
# instead: the option's name -> the line to write
{ lib, instead }:
let
  setsOnly =
    type:
    type
    // {
      check = _: true;
      merge =
        option: definitions:
        let
          isSet = { value, ... }: lib.isAttrs value || lib.isFunction value;
        in
        if lib.all isSet definitions then
          type.merge option definitions
        else
          throw "${lib.showOption option}: the value is not a set of options; ${instead (lib.showOption option)}";
      substSubModules = modules: setsOnly (type.substSubModules modules);
    };
in
setsOnly
