# A unit's texts as systemd reads them: with the specifiers of its own names and of system directories filled in
# (systemd.unit(5), SPECIFIERS). Only an instance knows the %i of its template, so there it stays.
let
  inherit (builtins)
    attrNames
    attrValues
    elemAt
    head
    isList
    isString
    mapAttrs
    match
    replaceStrings
    ;
  inherit (import ./binds.nix) directories;

  # A name without the escapes of systemd.unit(5).
  unescaped = replaceStrings [ "-" ] [ "/" ];

  names =
    unit:
    let
      parts = match "([^@]*)(@(.*))?[.]([a-z]+)" unit;
      prefix = head parts;
      isInstance = elemAt parts 1 != null;
      isTemplate = isInstance && elemAt parts 2 == "";
      instance = if isTemplate then "%i" else toString (elemAt parts 2);
      name = if isInstance then "${prefix}@${instance}" else prefix;
      last = elemAt (match "(.*-)?([^-]*)" prefix) 1;
    in
    {
      "%n" = "${name}.${elemAt parts 3}";
      "%N" = name;
      "%p" = prefix;
      "%P" = unescaped prefix;
      "%j" = last;
      "%J" = unescaped last;
      "%i" = instance;
      "%I" = if isTemplate then "%I" else unescaped instance;
    };

  # unit: its full name -> a text -> the text
  text =
    unit:
    let
      # A doubled percent sign begins no specifier.
      known = {
        "%%" = "%%";
      }
      // directories
      // names unit;
    in
    replaceStrings (attrNames known) (attrValues known);
in
{
  inherit text;

  # unit; service: { serviceConfig; environment ? ; } -> the same, filled in. A name with other characters would have to be
  # escaped in a list of paths.
  service =
    unit: service:
    let
      filled =
        value:
        if isString value then
          text unit value
        else if isList value then
          map filled value
        else
          value;
    in
    if match "[A-Za-z0-9_.@-]+" unit == null then
      service
    else
      service
      // mapAttrs (_: mapAttrs (_: filled)) (
        builtins.intersectAttrs {
          serviceConfig = null;
          environment = null;
        } service
      );
}
