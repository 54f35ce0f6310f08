# A command as systemd reads it: its prefixes, and the options of nsguard-init if that is in front of it.
let
  inherit (builtins) elemAt filter match;

  parts = match "([-@:+!|[:space:]]*)(.*)";
  program = command: elemAt (parts command) 1;
  wordsOf =
    command:
    filter (word: builtins.isString word && word != "") (
      builtins.split "[[:space:]]+" (program command)
    );

  # The leading words that begin with --.
  leading =
    words:
    (builtins.foldl'
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

  # unit, command -> the options of nsguard-init; an empty list without it
  options =
    unit: command:
    let
      words = wordsOf command;
    in
    if
      words == [ ] || builtins.head words != unit.front || match ".*@.*" (prefixes command) != null
    then
      [ ]
    else
      leading (builtins.tail words);

  # Whether the command is only nsguard-init, and fails if nsguard-init fails.
  isCheck =
    unit: command:
    prefixes command == ""
    && wordsOf command == [ unit.front ] ++ options unit command
    && builtins.elem unit.verified (options unit command);

  # Whether nsguard-init keeps systemd's descriptors in all commands that get them.
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
