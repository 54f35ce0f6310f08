# A problem is a record, and `messages` turns records into lines, "WHERE: WHAT; FIX":
#   where  the option, in full
#   what   what is wrong with its value
#   fix    what to write instead
#   when   whether the problem exists; without it, it does
# A warning has the same form. What several files check is here, too: `malformed`, `isPort`, `misnamed`, `named`, `unknown`,
# `unset`, `orMeant`, `roundabout`, `isPath`, `inStore`, `secretFile`, `keyItself`, `onlyFiltered`.
let
  inherit (builtins)
    attrNames
    match
    storeDir
    toJSON
    ;
  nearest = import ./nearest.nix;
in
rec {
  messages =
    records:
    map (
      {
        where,
        what,
        fix,
        ...
      }:
      "${where}: ${what}; ${fix}"
    ) (builtins.filter (record: record.when or true) records);

  # Messages as NixOS refuses them: assertions that fail.
  refusals = map (message: {
    assertion = false;
    inherit message;
  });

  # The remedy for an option that must not be set.
  removed = option: "remove it (${option} = lib.mkForce [ ]; where a module sets it)";

  malformed = where: pattern: example: value: {
    inherit where;
    when = value != null && match pattern value == null;
    what = "${toJSON value} is malformed";
    fix = "write it like ${example}";
  };

  isPort = number: builtins.isInt number && number > 0 && number < 65536;

  # An option that has no default. example: a value, as Nix has it, and what it is
  unset = where: value: example: {
    inherit where;
    when = value == null || value == "";
    what = "it is not set";
    fix = "set ${where} = ${example}";
  };

  misnamed = where: name: {
    inherit where;
    when = match "[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}" name == null;
    what = "the name must start with a letter or digit and have at most 32 letters, digits, - and _";
    fix = "rename it";
  };

  # A unit as the option that defines it. set: "services" or "sockets"; name: without that end
  named =
    set: name:
    "systemd.${set}.${if match "[A-Za-z_][A-Za-z0-9_-]*" name == null then toJSON name else name}";

  # kind, option: of the names in `set`
  unknown = where: kind: option: set: name: {
    inherit where;
    when = name != null && !set ? ${name};
    what = "there is no ${kind} ${toJSON name} (${defined set})";
    fix = orMeant name (attrNames set) "define ${option}.${name} or name another";
  };

  # fix: what to do about a name that nothing defines, unless it is one of `known`, misspelt
  orMeant =
    name: known: fix:
    let
      near = nearest name known;
    in
    if near == null then fix else "did you mean ${toJSON near}? If not, ${fix}";

  defined =
    set:
    if set == { } then
      "none is defined"
    else
      "defined: ${builtins.concatStringsSep ", " (attrNames set)}";

  # A spelling of a path that the patterns would not match.
  roundabout = path: match ".*/(/|\\.\\.?(/|:|$)).*" path != null;

  # What can be the path of a file; a package is one, too.
  isPath =
    value:
    (builtins.isString value || builtins.isPath value || value ? outPath)
    && match "/[^\n]*" (toString value) != null
    && !isKey value;

  # A key of WireGuard's in base64, which may begin with a slash.
  isKey = value: match "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=" (toString value) != null;

  # The path of a file with a key or a password. A message shows only what is a path: the value may be the secret.
  secretFile =
    where: value:
    let
      isText = builtins.isString value && (isKey value || match "[^\n]*" value == null);
      isHome = builtins.isString value && builtins.substring 0 1 value == "~";
    in
    if value == null || isPath value then
      inStore where value
    else if isText then
      {
        inherit where;
        what = "the value is a key or the text of a file, and not the path of a file";
        fix = inFile where;
      }
    else
      {
        inherit where;
        what =
          if isHome then
            "the value begins with ~, which only a shell replaces by a home directory"
          else
            "the value is not an absolute path";
        fix = ''write the whole path of a file, from / on, in quotes: ${where} = "/run/secrets/…";'';
      };

  # A key where an option for the path of its file should be. where: the option for the key
  keyItself = where: value: {
    when = value != null;
    inherit where;
    what = "a key in the configuration would be in the Nix store, which every user can read";
    fix = inFile "${where}File";
  };

  inFile =
    where:
    "save it as a file that only root can read, and write the path of that file, in quotes:"
    + " ${where} = \"/run/secrets/…\"; get a new key if others could read this one";

  # A path without quotes is copied to the store when it is used, where every user of the machine can read it.
  inStore = where: path: {
    inherit where;
    when =
      builtins.isPath path
      || path != null && builtins.substring 0 (builtins.stringLength storeDir) path == storeDir;
    what = "${toJSON (toString path)} would be in the Nix store, which every user can read";
    fix = ''write the path of a file that is created at run time, in quotes: ${where} = "/run/secrets/…";'';
  };

  # option: a bus, in full; part: its option with names that a filter grants
  onlyFiltered = option: part: bus: {
    when = bus.${part} != [ ] && bus.access != "filtered";
    where = "${option}.${part}";
    what = "names can be granted only on a filtered bus";
    fix = ''set ${option}.access = "filtered"; or remove the names'';
  };

  # Paths as messages call them, wherever an option takes one.
  wholeHome = where: path: {
    inherit where;
    what = "${toJSON path} contains files that the user's session runs outside the namespace";
    fix = "name a directory in it";
  };

  ofSystem = where: path: {
    inherit where;
    what = "${toJSON path} is a system path, and programs outside the namespace run files in it";
    fix = "name a data directory";
  };

  ofDaemons = where: path: {
    inherit where;
    what = "binding ${toJSON path} would give access to daemons of the host, which act outside the namespace";
    fix = "remove it";
  };

  unclear = where: path: {
    inherit where;
    what = "${toJSON path} cannot be read with certainty";
    fix = "write absolute paths without quotes, backslashes and \"..\"";
  };

  sharing = where: {
    inherit where;
    what = "the service would share the namespaces of another unit";
    fix = removed where;
  };
}
