# Standard output and error of a service, by a connection to the journal that is made inside.
#
# systemd makes it before it enters the unit's network namespace, and a socket keeps the namespace that it was made in:
# by ioctl(2) on it a program asks for the addresses of the host's links (netdevice(7)). `nsguard journal`, started
# inside, puts another in its place and becomes the program.
{ tools }:
let
  inherit (builtins)
    concatStringsSep
    elemAt
    filter
    isList
    isString
    listToAttrs
    match
    replaceStrings
    split
    stringLength
    substring
    toJSON
    ;
  inherit (import ../combine.nix)
    commands
    prefixed
    prefixes
    toList
    words
    ;

  word = "(\"[^\"]*\"|'[^']*'|[^[:space:]\"']+)";
  # Blanks and prefixes, prefixes, program; with an @ blanks and what the program is to be called (systemd.service(5)).
  syntax = "(${prefixes})${word}(([[:space:]]+)${word})?.*";

  # The rest from there on; what `match` gives has lost the store paths that it depends on.
  after = texts: command: substring (stringLength (concatStringsSep "" texts)) (-1) command;

  said =
    value: default:
    if value == null then
      default
    else if builtins.isBool value then
      toJSON value
    else
      toString value;

  quoted = item: if match "[A-Za-z0-9%@._:=+-]+" item == null then toJSON item else item;

  output = serviceConfig: said (serviceConfig.StandardOutput or null) "journal";
  error =
    serviceConfig:
    let
      own = said (serviceConfig.StandardError or null) "inherit";
    in
    if own == "inherit" then output serviceConfig else own;

  inJournal = stream: match "(journal|syslog|kmsg)([+]console)?" stream != null;

  # What systemd would tell the journal.
  flags =
    serviceConfig:
    let
      flag =
        option: property:
        map (value: quoted "--${option}=${said value ""}") (toList (serviceConfig.${property} or null));
    in
    flag "identifier" "SyslogIdentifier"
    ++ flag "facility" "SyslogFacility"
    ++ flag "level" "SyslogLevel"
    ++ flag "level-prefix" "SyslogLevelPrefix"
    ++ flag "ignore-sigpipe" "IgnoreSIGPIPE";

  wrapped =
    serviceConfig: value:
    let
      command = toString value;
      found = match syntax command;
      group = elemAt found;
      # Under another name than its own.
      called = if prefixed "@" command then [ "--argv0=${said (group 5) program}" ] else [ ];
      program = group 2;
      # Whole, for the store paths in it.
      path = substring (stringLength (group 0)) (stringLength program) command;
      rest =
        if called != [ ] then
          "${path}${after [ (group 0) program (said (group 3) "") ] command}"
        else
          after [ (group 0) ] command;
    in
    # None to run, or one that runs outside the confinement.
    if found == null || prefixed "+!" command then
      value
    else
      concatStringsSep " " (
        [ "${replaceStrings [ "@" ] [ "" ] (group 1)}${tools.nsguard} journal" ]
        ++ flags serviceConfig
        ++ called
        ++ [ rest ]
      );
in
{
  inherit inJournal output error;

  # Whether a line cannot be given to one program: several commands in one, or one for a shell (since systemd 258). A
  # semicolon at its end ends the only one.
  unclear =
    command:
    let
      plain = concatStringsSep "q" (
        filter isString (split "\"([^\"\\\\]|\\\\.)*\"|'([^'\\\\]|\\\\.)*'" command)
      );
    in
    match ".*[[:space:]];[[:space:]]+[^[:space:]].*" plain != null || prefixed "|" command;

  properties =
    serviceConfig:
    if !inJournal (output serviceConfig) then
      { }
    else
      listToAttrs (
        map (name: {
          inherit name;
          value =
            own:
            if own == null then
              null
            else if isList own then
              map (wrapped serviceConfig) own
            else
              wrapped serviceConfig own;
        }) commands
      )
      // {
        # For the connection, where the unit would have no such socket.
        RestrictAddressFamilies =
          own:
          let
            families = filter (family: family != "none") (words own);
          in
          if own == null || builtins.elem "AF_UNIX" families then
            own
          else
            concatStringsSep " " (families ++ [ "AF_UNIX" ]);
      };
}
