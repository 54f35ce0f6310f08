# The name in a list that is nearest to a misspelt one -> a name, or null if none is near.
#
# A name is near if its distance is at most a third of the misspelt name's length (at least one change), or if one of
# the two begins with the other, such as "transmission" and "transmission-daemon". Case does not matter.
let
  inherit (builtins)
    elemAt
    foldl'
    genList
    stringLength
    substring
    ;

  letters = text: genList (i: substring i 1 text) (stringLength text);
  lower = builtins.replaceStrings (letters "ABCDEFGHIJKLMNOPQRSTUVWXYZ") (
    letters "abcdefghijklmnopqrstuvwxyz"
  );

  smaller = a: b: if a < b then a else b;
  larger = a: b: if a > b then a else b;

  # Letters to insert, remove, replace, or exchange with the next one, to make one text of the other: the optimal string
  # alignment distance. One row for each letter of `from`: elemAt row j is the distance to the first j letters of `to`.
  distance =
    from: to:
    let
      width = stringLength to;
      fromLetter = elemAt (letters from);
      toLetter = elemAt (letters to);
      nextRow =
        { above, row }:
        i:
        let
          cell =
            left: j:
            let
              replaced = elemAt row j + (if fromLetter i == toLetter j then 0 else 1);
              changed = smaller replaced (1 + smaller (elemAt row (j + 1)) (elemAt left j));
              exchanged = i > 0 && j > 0 && fromLetter i == toLetter (j - 1) && fromLetter (i - 1) == toLetter j;
            in
            if exchanged then smaller changed (elemAt above (j - 1) + 1) else changed;
        in
        {
          above = row;
          row = foldl' (left: j: left ++ [ (cell left j) ]) [ (i + 1) ] (genList (j: j) width);
        };
      rows = foldl' nextRow {
        above = [ ];
        row = genList (j: j) (width + 1);
      } (genList (i: i) (stringLength from));
    in
    elemAt rows.row width;
in
name: known:
let
  length = stringLength name;
  limit = larger 1 (length / 3);
  far = 1000;

  # A lower number is nearer; `far` for names that are not near.
  rank =
    other:
    let
      difference = larger (length - stringLength other) (stringLength other - length);
      shared = smaller length (stringLength other);
      begins = shared >= 4 && substring 0 shared (lower name) == substring 0 shared (lower other);
      changes = if difference > limit then far else distance (lower name) (lower other);
    in
    if changes <= limit && changes < larger length (stringLength other) then
      changes
    else if begins then
      limit + difference
    else
      far;

  nearest =
    foldl'
      (
        best: other:
        if rank other < best.rank then
          {
            name = other;
            rank = rank other;
          }
        else
          best
      )
      {
        name = null;
        rank = far;
      }
      (builtins.filter (other: other != name) known);
in
nearest.name
