# The directives of a unit's text, followed by its drop-ins, as systemd reads them (systemd.syntax(7)).
let
  inherit (builtins) elemAt foldl' match;

  lines =
    text:
    builtins.filter builtins.isString (
      builtins.split "\n" (builtins.replaceStrings [ "\\\n" ] [ " " ] text)
    );

  line =
    read: text:
    let
      section = match "[[:space:]]*\\[(.*)][[:space:]]*" text;
      directive = match "[[:space:]]*([A-Za-z0-9-]+)[[:space:]]*=[[:space:]]*(.*)" text;
      key = "${read.section}.${elemAt directive 0}";
    in
    if section != null then
      read // { section = elemAt section 0; }
    else if directive != null then
      read
      // {
        directives = read.directives // {
          ${key} = read.directives.${key} or [ ] ++ [ (trimmed (elemAt directive 1)) ];
        };
      }
    else
      read;

  trimmed = text: elemAt (match "(.*[^[:space:]]|)[[:space:]]*" text) 0;
in
{
  # "Section.Key" -> its values in order; an empty value resets those before it.
  directives =
    text:
    (foldl' line {
      section = "";
      directives = { };
    } (lines text)).directives;

  # The values of a list after its last reset.
  effective = foldl' (values: value: if value == "" then [ ] else values ++ [ value ]) [ ];

  # The value of a setting that has one; null for its default.
  last = foldl' (_: value: if value == "" then null else value) null;
}
