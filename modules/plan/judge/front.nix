# A command as systemd has it: its prefixes, and what nsguard-init is told where that stands in front of it.
let
  inherit (builtins)
    elemAt
    filter
    foldl'
    head
    isString
    match
    split
    ;

  parts = match "([-@:+!|[:space:]]*)(.*)";
  program = command: elemAt (parts command) 1;
  wordsOf =
    command: filter (word: isString word && word != "") (split "[[:space:]]+" (program command));

  # The words that begin with --, as far as the first that does not.
  leading =
    words:
    (foldl'
      (
        state: word:
        if state.ended || match "--.+" word == null then
          state // { ended = true; }
        else
          state // { options = state.options ++ [ word ]; }
      )
      {
        ended = false;
        options = [ ];
      }
      words
    ).options;
in
rec {
  prefixes = command: elemAt (parts command) 0;

  # unit, command -> the options of nsguard-init, none without it
  options =
    unit: command:
    let
      words = wordsOf command;
    in
    if words == [ ] || head words != unit.front || match ".*@.*" (prefixes command) != null then
      [ ]
    else
      leading (builtins.tail words);

  # Whether it runs nsguard-init alone, and fails where that does.
  isCheck =
    unit: command:
    prefixes command == ""
    && wordsOf command == [ unit.front ] ++ options unit command
    && builtins.elem unit.verified (options unit command);

  # Whether all commands that systemd passes descriptors to leave those for systemd in nsguard-init.
  relays =
    unit:
    let
      started = unit.values "${unit.section}.ExecStart";
    in
    started != [ ]
    && builtins.all (
      command: filter (option: match "--notify=.+" option != null) (options unit command) != [ ]
    ) started;
}
