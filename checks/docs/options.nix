# The options reference, docs/options.md, made of the options themselves: `make docs`.
#
#   { lib } -> { markdown; options; evaluated; }   lib is nixpkgs', and nothing else of it is needed
#
# A description says what an option is for, and ends with a paragraph that begins with "Risk".
{ lib }:
let
  inherit (lib)
    concatMapStrings
    concatStringsSep
    filter
    hasPrefix
    splitString
    ;

  evaluated = lib.evalModules {
    modules = [
      ../../modules
      ../../modules/agents.nix
      (import ../../modules/leak-test.nix { makeLeakTest = throw "nothing is tested here"; })
      {
        _module.args.pkgs = throw "an option's default that is a package needs defaultText";
        _module.check = false;
      }
    ];
  };

  ours = option: option.visible && !option.internal && lib.elem "nsguard" option.loc;

  options = lib.listToAttrs (
    map (option: lib.nameValuePair option.name option) (
      filter ours (lib.optionAttrSetToDocList evaluated.options)
    )
  );

  # The titles of the first chapters by their options; every other set of options becomes a chapter of its own name.
  titles = {
    "nsguard.namespaces" = "Namespaces";
    "nsguard.tunnels" = "Tunnels";
    "systemd.services.<name>.nsguard" = "Services";
    "nsguard" = "The program";
    "nsguard.apps" = "Apps";
    "nsguard.metrics" = "Metrics";
    "nsguard.leaktest" = "The leak test";
    "nsguard.agents" = "Agents of the leak test";
    "nsguard.tests" = "The host's own leak test";
  };
  chapters = [
    "nsguard.namespaces"
    "nsguard.tunnels"
    "systemd.services.<name>.nsguard"
  ];

  chapterOf =
    option:
    let
      inside = filter (chapter: option.name == chapter || hasPrefix "${chapter}." option.name) chapters;
      named = "${lib.head option.loc}.${lib.elemAt option.loc 1}";
      alone = filter (other: hasPrefix "${named}." other) (lib.attrNames options) == [ ];
    in
    if inside != [ ] then
      lib.head inside
    else if alone then
      "nsguard"
    else
      named;

  byChapter = lib.groupBy chapterOf (lib.attrValues options);
  order =
    filter (chapter: byChapter ? ${chapter}) chapters
    ++ lib.subtractLists chapters (lib.attrNames byChapter);

  # The anchor that GitHub and most other renderers make from a heading.
  anchor =
    name:
    lib.replaceStrings [ " " ] [ "-" ] (
      lib.toLower (
        lib.stringAsChars (c: if builtins.match "[A-Za-z0-9 _-]" c == null then "" else c) name
      )
    );
  link = name: "[`${name}`](#${anchor name})";

  # NixOS's manual knows {option}`name`; elsewhere a name that is explained here becomes a link to it.
  plain =
    option: text:
    let
      siblings = concatStringsSep "." (lib.init option.loc);
      linked =
        name:
        if options ? ${name} then
          link name
        else if options ? "${siblings}.${name}" then
          "[`${name}`](#${anchor "${siblings}.${name}"})"
        else
          "`${name}`";
      parts = builtins.split "\\{(option|command|file|var|env|manpage)}`([^`]*)`" text;
    in
    lib.concatStrings (
      map (
        part:
        if lib.isString part then
          part
        else if lib.head part == "option" then
          linked (lib.last part)
        else
          "`${lib.last part}`"
      ) parts
    );

  paragraph =
    text:
    let
      risk = builtins.match "Risk([^:]*): (.*)" text;
      lines = splitString "\n" "**Risk${lib.head risk}:** ${lib.last risk}";
    in
    if risk == null then text else concatStringsSep "\n" (map (line: "> ${line}") lines);

  value =
    option: label: value:
    let
      text = lib.removeSuffix "\n" value.text;
    in
    if value._type == "literalMD" then
      "- ${label}: ${plain option text}\n"
    else if lib.hasInfix "\n" text then
      "- ${label}:\n\n${
        concatMapStrings (line: if line == "" then "\n" else "      ${line}\n") (splitString "\n" text)
      }"
    else
      "- ${label}: `${text}`\n";

  entry = option: ''
    ### `${option.name}`

    ${concatStringsSep "\n\n" (
      map paragraph (
        map lib.trim (
          filter (text: text != "") (splitString "\n\n" (lib.trim (plain option option.description)))
        )
      )
    )}

    - type: ${option.type}
    ${lib.optionalString (option ? default) (value option "default" option.default)}${
      lib.optionalString (option ? example) (value option "example" option.example)
    }
  '';

  titleOf = name: titles.${name} or (lib.last (splitString "." name));

  chapter = name: "## ${titleOf name}\n\n" + concatMapStrings entry byChapter.${name};

  short = name: option: lib.removePrefix "<name>." (lib.removePrefix "${name}." option.name);

  contents =
    name:
    "- [${titleOf name}](#${anchor (titleOf name)}), `${name}`: ${
      concatStringsSep ", " (
        map (option: "[`${short name option}`](#${anchor option.name})") (
          filter (option: option.name != name) byChapter.${name}
        )
      )
    }\n";
in
{
  inherit evaluated options;

  markdown = ''
    # Options

    Made of the options' own descriptions by `make docs`. Each ends with the risk that it carries. Those of
    `nsguard.tests` come with `nixosModules.leak-test`, the others with `nixosModules.default`.

    ${concatMapStrings contents order}
    ${lib.removeSuffix "\n" (concatMapStrings chapter order)}'';
}
