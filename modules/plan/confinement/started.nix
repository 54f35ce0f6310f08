# The services that a socket starts (systemd.socket(5)): those of its Service=, or of its name, or its template.
# name, socketConfig -> names of services; an instance is followed by its template, which confines it
let
  inherit (builtins)
    concatMap
    elemAt
    head
    match
    ;
  inherit (import ../combine.nix) words;

  # A value with the specifiers of the unit's own name (systemd.unit(5)).
  filled =
    name:
    let
      parts = match "([^@]*)(@(.*))?" name;
      prefix = head parts;
      instance = if elemAt parts 2 == null then "" else elemAt parts 2;
    in
    builtins.replaceStrings
      [
        "%N"
        "%p"
        "%j"
        "%i"
        "%I"
      ]
      [
        name
        prefix
        (elemAt (match "(.*-)?([^-]*)" prefix) 1)
        instance
        instance
      ];

  withTemplate =
    service:
    let
      template = match "([^@]+@).+" service;
    in
    [ service ] ++ (if template == null then [ ] else template);
in
name: socketConfig:
concatMap withTemplate (
  if socketConfig ? Service then
    # systemd takes no other kind of unit.
    concatMap (
      unit:
      let
        parts = match "(.*)\\.service" (filled name unit);
      in
      if parts == null then [ ] else parts
    ) (words socketConfig.Service)
  else
    [
      name
      "${name}@"
    ]
)
