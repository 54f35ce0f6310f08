# Whether two paths may be the same, of which specifiers (%i) and unknown parts (*) may be any one word.
let
  inherit (builtins)
    all
    elemAt
    filter
    genList
    head
    length
    match
    stringLength
    substring
    ;
  inherit (import ../combine.nix) pieces;

  components = path: filter (part: part != "") (pieces "/" path);

  # A word's text before and after what is unknown.
  read =
    text:
    let
      parts = pieces "%[a-zA-Z]|[*]" text;
    in
    {
      inherit text;
      start = head parts;
      end = elemAt parts (length parts - 1);
      open = length parts > 1;
    };

  least = a: b: if a < b then a else b;
  agree =
    a: b:
    let
      size = least (stringLength a.start) (stringLength b.start);
      last = least (stringLength a.end) (stringLength b.end);
      ending = text: substring (stringLength text - last) last text;
    in
    substring 0 size a.start == substring 0 size b.start && ending a.end == ending b.end;
  hasRoom =
    a: b: a.open || !b.open || stringLength a.text > stringLength b.start + stringLength b.end;

  alike =
    one: other:
    let
      a = read one;
      b = read other;
    in
    one == other || (a.open || b.open) && agree a b && hasRoom a b && hasRoom b a;
in
{
  isKnown = path: match ".*(%[a-zA-Z]|[*]).*" path == null;

  # Whether a path may be another or below it.
  mayBeWithin =
    path: directory:
    let
      inner = components path;
      outer = components directory;
    in
    length inner >= length outer
    && all (index: alike (elemAt inner index) (elemAt outer index)) (genList (i: i) (length outer));
}
