# Which services and sockets another unit names by its text. Specifiers that only the running unit knows may be any text.
#
#   starts  whether a socket may start a service (systemd.socket(5)): one that Service= names, or of the socket's own name
#   joins   whether a unit may share its namespaces with another (systemd.unit(5), JoinsNamespaceOf=)
#   listens the paths at which systemd listens for a socket; unknown parts of them are "*"
#
# An instance is also its template. ../confinement/started.nix decides by the same rules which sockets are confined. This
# file repeats them on purpose: a mistake in shared code would leave a socket on the host and hide it from the judge.
#
# unit: the full name; text: what systemd reads; other: the full name of a unit -> bool, but for `listens`
{ paths }:
let
  inherit (builtins)
    any
    concatMap
    concatStringsSep
    filter
    head
    match
    stringLength
    substring
    ;
  inherit (import ./text.nix) directives effective;
  inherit (import ./words.nix) escaped;

  withTemplate =
    name:
    let
      template = match "([^@*]+@).+([.][a-z]+)" name;
    in
    [ name ] ++ (if template == null then [ ] else [ (concatStringsSep "" template) ]);

  may =
    other: name:
    let
      known = head (match "([^*]*).*" name);
    in
    name == other || known != name && substring 0 (stringLength known) other == known;
in
{
  starts =
    unit: text:
    let
      own = head (match "(.*)[.]socket" unit);
      # systemd ignores other kinds of units here, and an empty value.
      named = filter (name: match ".*([.]service|[*])" name != null) (
        map (paths.filled unit) ((directives text)."Socket.Service" or [ ])
      );
      started = concatMap withTemplate (
        if named == [ ] then
          [
            "${own}.service"
            "${own}@.service"
          ]
        else
          named
      );
    in
    other: any (may other) started;

  # An empty value resets nothing, and escapes are parts of the names.
  joins =
    unit: text:
    let
      joined = concatMap withTemplate (
        map (paths.filled unit) (concatMap escaped ((directives text)."Unit.JoinsNamespaceOf" or [ ]))
      );
    in
    other: any (may other) joined;

  # The name of a message queue looks like a path, but is none.
  listens =
    unit: text:
    let
      read = directives text;
    in
    concatMap
      (
        key:
        map (paths.resolved unit) (
          filter (value: match "/.*" (paths.filled unit value) != null) (
            effective (read."Socket.${key}" or [ ])
          )
        )
      )
      [
        "ListenDatagram"
        "ListenFIFO"
        "ListenSequentialPacket"
        "ListenSpecial"
        "ListenStream"
        "ListenUSBFunction"
      ];
}
