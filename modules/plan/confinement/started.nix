# The services that a socket starts (systemd.socket(5)): those of its Service=, or of its name, or its template.
# name, socketConfig -> names of services; an instance is followed by its template, which confines it
let
  inherit (builtins)
    concatMap
    match
    ;
  inherit (import ../combine.nix) words;

  inherit (import ./own-names.nix) text;

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
        parts = match "(.*)\\.service" (text "${name}.socket" unit);
      in
      if parts == null then [ ] else parts
    ) (words socketConfig.Service)
  else
    [
      name
      "${name}@"
    ]
)
