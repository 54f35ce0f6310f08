# Whether a socket may start a service, by its text (systemd.socket(5)): a service that Service= names, or the socket's
# own name; through an instance also its template. Specifiers that only the running unit knows may be any text.
#
# ../confinement/started.nix decides by the same rules which sockets are confined. This file repeats them on purpose: a
# mistake in shared code would leave a socket on the host and hide it from the judge.
#
# unit: the socket's full name; text: what systemd reads; service: a name without .service -> bool
{ paths }:
let
  inherit (builtins)
    any
    concatMap
    filter
    head
    match
    stringLength
    substring
    ;
  inherit (import ./text.nix) directives;

  withTemplate =
    name:
    let
      template = match "([^@*]+@).+" name;
    in
    [ name ] ++ (if template == null then [ ] else [ "${head template}.service" ]);

  may =
    service: name:
    let
      known = head (match "([^*]*).*" name);
    in
    name == service || known != name && substring 0 (stringLength known) service == known;
in
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
service: any (may "${service}.service") started
