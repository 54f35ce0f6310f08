# Puts nsguard-init (pkgs/nsguard/init/main.c) in front of each command of a confined unit, with the options that the
# protections need. nsguard-init carries them out, and then becomes the command.
{ tools }:
let
  inherit (builtins)
    concatStringsSep
    elemAt
    filter
    match
    stringLength
    substring
    ;
  inherit (import ../combine.nix)
    commands
    pieces
    prefixed
    prefixes
    toList
    ;

  mainSignal = import ./main-signal.nix;

  word = "(\"[^\"]*\"|'[^']*'|[^[:space:]\"']+)";
  # Blanks and prefixes, prefixes, program; with an @, blanks and the program's argv[0] (systemd.service(5)).
  syntax = "(${prefixes})${word}(([[:space:]]+)${word})?.*";

  # The rest of the text. A result of `match` would have lost the store paths on which it depends.
  after = texts: command: substring (stringLength (concatStringsSep "" texts)) (-1) command;

  orElse = default: value: if value == null then default else toString value;

  # A list that is reset somewhere: everything up to the reset, which systemd drops, and the rest.
  resets = list: if list == [ ] || !builtins.elem "" list then [ ] else [ "" ];
  sinceReset = builtins.foldl' (since: item: if item == "" then [ ] else since ++ [ item ]) [ ];

  # options -> one command of a unit -> the same behind nsguard-init
  wrapped =
    options: value:
    let
      command = toString value;
      parts = match syntax command;
      group = elemAt parts;
      # With another argv[0] than its own name.
      called = if prefixed "@" command then [ "--argv0=${orElse program (group 5)}" ] else [ ];
      program = group 2;
      # The whole text, for the store paths in it.
      path = substring (stringLength (group 0)) (stringLength program) command;
      rest =
        if called != [ ] then
          "${path}${
            after [
              (group 0)
              program
              (orElse "" (group 3))
            ] command
          }"
        else
          after [ (group 0) ] command;
      # A command outside the sandbox still runs in the namespace and sees the unit's /etc, so it needs the files to
      # which that links.
      given =
        if prefixed "+!" command then
          filter (option: match "--(netns|accounts)=.*" option != null) options
        else
          options;
    in
    if parts == null || given == [ ] then
      value
    else
      concatStringsSep " " (
        [ "${builtins.replaceStrings [ "@" ] [ "" ] (group 1)}${tools.nsguard-init}" ]
        ++ given
        ++ called
        ++ [ rest ]
      );

  # options -> a command that signals the main process -> nsguard-init, which does it instead; any other command: null
  signalling =
    options: command:
    let
      order = mainSignal.read (toString command);
    in
    if order == null then
      null
    else
      "${if order.ignored then "-" else ""}${
        concatStringsSep " " ([ tools.nsguard-init ] ++ options ++ [ "--signal=${order.signal}" ])
      }";

  # `alone`: whether nsguard-init also runs without a command, before all others.
  lines =
    {
      options,
      alone,
      signals,
    }:
    own:
    let
      list = toList own;
      behindInit =
        command:
        let
          instead = if signals then signalling options command else null;
        in
        if instead == null then wrapped options command else instead;
      since = map behindInit (sinceReset list);
      first =
        if alone && options != [ ] then
          [ (concatStringsSep " " ([ tools.nsguard-init ] ++ options)) ]
        else
          [ ];
    in
    if own == null && first == [ ] then
      null
    else if builtins.isList own || first != [ ] then
      resets list ++ first ++ since
    else
      behindInit own;

  behind =
    properties: options: alone:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = lines {
          # systemd sends signals to the main process only, and so nsguard-init hands on its messages only. Sockets are
          # passed to every command if a standard stream is one (systemd.exec(5), StandardInput=).
          options = filter (
            option: name == "ExecStart" || match "--((notify|forward)=.*|signalled|stay)" option == null
          ) options;
          alone = alone && name == "ExecStartPre";
          signals = builtins.elem "--signalled" options && builtins.elem name mainSignal.properties;
        };
      }) properties
    );

  orDefault =
    default: value:
    if value == null then
      default
    else if builtins.isBool value then
      builtins.toJSON value
    else
      toString value;
in
rec {
  # Where standard output and error go.
  output = serviceConfig: orDefault "journal" (serviceConfig.StandardOutput or null);
  error =
    serviceConfig:
    let
      own = orDefault "inherit" (serviceConfig.StandardError or null);
    in
    if own == "inherit" then output serviceConfig else own;
  inJournal =
    serviceConfig:
    builtins.any (stream: match "(journal|syslog|kmsg)([+]console)?" stream != null) [
      (output serviceConfig)
      (error serviceConfig)
    ];

  # Whether a line is not one program: several commands in one line, or a command for a shell (since systemd 258). A
  # semicolon at the end of a single command is fine.
  unclear =
    command:
    let
      plain = concatStringsSep "q" (pieces "\"([^\"\\\\]|\\\\.)*\"|'([^'\\\\]|\\\\.)*'" command);
    in
    match ".*[[:space:]];[[:space:]]+[^[:space:]].*" plain != null || prefixed "|" command;

  # options, serviceConfig -> properties. The evaluation cannot see a command in the unit file of a package, so nsguard
  # adds a command before it.
  ofService =
    options: serviceConfig:
    let
      started = sinceReset (toList (serviceConfig.ExecStart or null));
      program = if started == [ ] then null else match syntax (toString (builtins.head started));
    in
    behind commands options (started == [ ])
    // {
      # systemd's default, the program's file name, would be nsguard-init.
      SyslogIdentifier =
        own:
        if own != null || program == null || options == [ ] then
          own
        else
          elemAt (match "[\"']?(.*/)?([^/\"']*)[\"']?" (elemAt program 2)) 1;
    };

  # systemd creates a socket's files and addresses before or after these commands, in the same namespace.
  ofSocket =
    options:
    behind [
      "ExecStartPre"
      "ExecStartPost"
      "ExecStopPre"
      "ExecStopPost"
    ] options true;
}
