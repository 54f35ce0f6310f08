# The directives of a unit's text, followed by its drop-ins, as systemd reads them (systemd.syntax(7)).
let
  inherit (builtins)
    elemAt
    foldl'
    match
    stringLength
    substring
    ;

  # A carriage return ends a line, too, by itself or with a line feed.
  lines = text: builtins.filter builtins.isString (builtins.split "\r\n|\n\r|\r|\n" text);

  # A backslash at the end continues a line. Comments are left out, also between its parts.
  line =
    read: text:
    let
      length = stringLength text;
      whole = read.begun + text;
      isContinued = match "(.*[^\\\\])?(\\\\\\\\)*\\\\" whole != null;
    in
    if read.begun == "" && (length == 0 || substring (length - 1) 1 text != "\\") then
      parsed read text
    else if match "[[:space:]]*[#;].*" text != null then
      read
    else if isContinued then
      read // { begun = "${substring 0 (stringLength whole - 1) whole} "; }
    else
      parsed (read // { begun = ""; }) whole;

  parsed =
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
      begun = "";
    } (lines "${text}\n")).directives;

  # The values of a list after its last reset.
  effective = foldl' (values: value: if value == "" then [ ] else values ++ [ value ]) [ ];

  # The value of a setting that has one; null for its default.
  last = foldl' (_: value: if value == "" then null else value) null;
}
