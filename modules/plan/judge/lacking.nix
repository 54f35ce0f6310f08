# The protections that the text of a confined unit does not put in force, each by its name in ../confinement.
# Functions: unit, as ./default.nix reads it -> holes.
{ facts, paths }:
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    foldl'
    head
    split
    substring
    ;
  inherit (import ./words.nix) words;
  inherit (import ./text.nix) last;

  canonical =
    value:
    if
      elem value [
        "true"
        "yes"
        "on"
        "1"
        "y"
        "t"
      ]
    then
      "yes"
    else if
      elem value [
        "false"
        "no"
        "off"
        "0"
        "n"
        "f"
      ]
    then
      "no"
    else
      toString value;

  lacking = protection: directive: value: {
    inherit directive protection;
    value = toString value;
    reason = "lacking";
  };

  valueOf = unit: key: last (unit.raw "${unit.section}.${key}");

  # A protection is in force if one of its properties has one of the values that are strong enough.
  required =
    unit: name:
    let
      accepted = (facts.required // (if unit.root then facts.requiredOfRoot else { })).${name};
      keys = attrNames accepted;
      inForce = key: elem (canonical (valueOf unit key)) accepted.${key};
    in
    if filter inForce keys != [ ] then
      [ ]
    else
      [ (lacking name "Service.${head keys}" (valueOf unit (head keys))) ];

  namespace =
    unit:
    (
      if valueOf unit "NetworkNamespacePath" == unit.netns then
        [ ]
      else
        [
          (lacking "network-namespace" "${unit.section}.NetworkNamespacePath" (
            valueOf unit "NetworkNamespacePath"
          ))
        ]
    );

  tmpfs =
    unit:
    map (entry: paths.resolved unit.name (head (split ":" entry))) (
      concatMap words (unit.values "Service.TemporaryFileSystem")
    );
  inaccessible =
    unit:
    map (entry: paths.resolved unit.name (builtins.elemAt (builtins.match "[-+]*(.*)" entry) 0)) (
      concatMap words (unit.values "Service.InaccessiblePaths")
    );

  readOnly =
    unit:
    let
      listed = concatMap words (unit.values "Service.ReadOnlyPaths");
      missing = filter (path: !elem "-${path}" listed) (attrNames facts.readOnly);
    in
    map (path: lacking facts.readOnly.${path} "Service.ReadOnlyPaths" "-${path}") missing;

  covers =
    unit:
    concatMap (
      path:
      if
        paths.among path (tmpfs unit)
        || path != "/run" && path != "/dev/shm" && paths.among path (inaccessible unit)
      then
        [ ]
      else
        [ (lacking facts.covers.${path} "Service.TemporaryFileSystem" path) ]
    ) (attrNames facts.covers)
    ++ map (lacking "hidden-homes:elsewhere" "Service.TemporaryFileSystem") (
      filter (home: !paths.among home (tmpfs unit ++ inaccessible unit)) unit.homes
    );

  # Whether lines allow an item. A line lists words that are allowed or, after ~, denied; `namesOf` gives the words that
  # stand for the item, and the last line with one of them decides. Without one, the first line does: a list of allowed
  # words denies every other item (systemd.exec(5), SystemCallFilter=).
  allowed =
    lines: namesOf: item:
    let
      deny = line: substring 0 1 line == "~";
      listed =
        line: map (word: head (split ":" word)) (words (if deny line then substring 1 (-1) line else line));
    in
    lines == [ ]
    || foldl' (
      state: line:
      if filter (word: elem word (namesOf item)) (listed line) != [ ] then !deny line else state
    ) (deny (head lines)) lines;

  calls =
    unit: part:
    let
      group = facts.calls.${part};
      open = filter (allowed (unit.values "Service.SystemCallFilter") (
        call: [ call ] ++ group.sets
      )) group.calls;
    in
    if open == [ ] then
      [ ]
    else
      [ (lacking "system-calls:${part}" "Service.SystemCallFilter" (head open)) ];

  families =
    unit:
    let
      lines = unit.values "Service.RestrictAddressFamilies";
      listed = filter (word: word != "none") (concatMap words lines);
      more = filter (family: !elem family facts.families) listed;
    in
    if lines != [ ] && more == [ ] then
      [ ]
    else
      [ (lacking "address-families" "Service.RestrictAddressFamilies" (toString more)) ];

  # Lines add capabilities, a line with ~ removes some, an empty line removes all (systemd.exec(5),
  # CapabilityBoundingSet=).
  capabilities =
    unit: key:
    let
      lines = unit.raw "Service.${key}";
      step =
        set: line:
        if line == "" then
          [ ]
        else if substring 0 1 line == "~" then
          filter (c: !elem c (words (substring 1 (-1) line))) set
        else
          filter (c: c != "all") set ++ words line;
      more = filter (c: !elem c unit.capabilities) (
        foldl' step (if key == "CapabilityBoundingSet" && !narrowed lines then [ "all" ] else [ ]) lines
      );
      narrowed = lines: lines != [ ] && substring 0 1 (head lines) != "~";
    in
    if more == [ ] then [ ] else [ (lacking "capability-bounds" "Service.${key}" (toString more)) ];

  extension =
    unit:
    if elem unit.confext (concatMap words (unit.values "Service.ExtensionDirectories")) then
      [ ]
    else
      [ (lacking "resolver-files" "Service.ExtensionDirectories" "") ];

  terminals =
    unit:
    if elem unit.terminals (concatMap words (unit.values "Service.BindPaths")) then
      [ ]
    else
      [ (lacking "own-terminals" "Service.BindPaths" unit.terminals) ];

  tied =
    unit:
    concatMap
      (
        { directive, protection }:
        if elem unit.netnsUnit (concatMap words (unit.values "Unit.${directive}")) then
          [ ]
        else
          [ (lacking protection "Unit.${directive}" "") ]
      )
      [
        {
          directive = "BindsTo";
          protection = "service-bound";
        }
        {
          directive = "After";
          protection = "service-after";
        }
      ];
in
{
  ofService =
    unit:
    namespace unit
    ++ concatMap (required unit) (attrNames facts.required)
    ++ covers unit
    ++ readOnly unit
    ++ concatMap (calls unit) (attrNames facts.calls)
    ++ families unit
    ++ concatMap (capabilities unit) [
      "AmbientCapabilities"
      "CapabilityBoundingSet"
    ]
    ++ extension unit
    ++ terminals unit
    ++ tied unit;

  ofSocket = unit: namespace unit ++ filter (hole: hole.protection == "service-bound") (tied unit);

  inherit canonical lacking;
}
