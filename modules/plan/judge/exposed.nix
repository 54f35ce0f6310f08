# What a unit lets in from the host by name: binds, images, open files, sockets, commands outside the sandbox.
# Functions of { unit; values; want; } -> holes { directive; value; reason; }, see ./default.nix.
{ facts, paths }:
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    elemAt
    filter
    match
    split
    stringLength
    ;
  inherit (import ./words.nix) stripped words;
  inherit (import ./text.nix) effective last;
  inherit (import ./lacking.nix { inherit facts paths; }) canonical;
  inherit (import ./front.nix) relays;

  hole = directive: value: reason: { inherit directive value reason; };

  unlisted = prefix: entry: elemAt (match "${prefix}(.*)" entry) 0;
  plain = unlisted "-?";

  # Every word of a list, in each way in which systemd may read its escapes.
  wordsIn = concatMap (value: words value ++ stripped value);
  wordsOf = key: unit: wordsIn (unit.values key);

  # "source:destination:options", its paths resolved.
  bind =
    unit: entry:
    let
      parts = filter builtins.isString (split ":" (plain entry));
      part = index: if builtins.length parts > index then elemAt parts index else "";
    in
    {
      source = paths.resolved unit.name (part 0);
      destination = paths.resolved unit.name (if part 1 == "" then part 0 else part 1);
    };

  # Whether a path is a directory in a home. Whole homes are hidden, but a directory in one may be named by a unit.
  inHome = path: match "/home/[^/*]+/[^*]+|/root/[^*]+" path != null;

  # Whether a bind shows a hidden home as a whole. If a parent of it is bound to its own path, the home stays covered.
  uncovers =
    source: destination: home:
    source == home || paths.perhapsAbove source home && source != destination;

  # Where the host later starts or reads something, whoever writes it. `closed` is what makes it read-only.
  closed = attrNames facts.readOnly;
  started = closed ++ facts.started;
  ofKernel = [
    "/proc"
    "/sys"
  ];

  # The holes of an entry by which the unit may write a path of the host.
  writes =
    unit: key: entry: path:
    let
      covering = filter (paths.perhapsAbove path) facts.writable != [ ];
    in
    if paths.perhapsAmong path started || unit.root && paths.perhapsAmong path ofKernel then
      [ (hole key entry "system") ]
    else if
      unit.root
      && (covering || paths.perhapsAmong path facts.writable)
      && !paths.among path unit.configuration
    then
      [ (hole key entry "system" // { protection = "read-only-system"; }) ]
    else
      [ ];

  # A bind makes its source writable, and shows what it contains where nothing makes that read-only.
  bindWrites =
    unit: key: entry: source: destination:
    if source != destination && filter (paths.perhapsAbove source) closed != [ ] then
      [ (hole key entry "system") ]
    else
      writes unit key entry source ++ writesLogin unit key entry source;

  writesLogin =
    unit: key: entry: path:
    if !paths.among path unit.granted && startsAtLogin unit path then
      [ (hole key entry "homes" // { protection = "hidden-homes"; }) ]
    else
      [ ];

  # systemd opens a file as root, whoever the unit runs as. A file may have the name of the unit's directory.
  writesOpened =
    unit: key: entry: path:
    let
      opener = unit // {
        root = true;
        configuration = filter (directory: directory != path) unit.configuration;
      };
    in
    writes opener key entry path ++ writesLogin unit key entry path;

  # Whether a path in a home is, contains or may be something that a login starts or reads.
  startsAtLogin =
    unit: path:
    let
      usual = match "(/root|/home/[^/]+)/.*" path;
      homes =
        filter (home: path != home && paths.within path home) unit.homes
        ++ (if usual == null then [ ] else usual);
      entries = concatMap (home: map (entry: "${home}/${entry}") facts.login) homes;
    in
    paths.perhapsAmong path entries || filter (paths.perhapsAbove path) entries != [ ];

  # Why a path of the host must not be visible inside; null if it may be.
  secluded =
    unit: path:
    let
      hidden = attrNames facts.hidden;
      around = filter (paths.perhapsWithin path) hidden;
      deepest = builtins.foldl' (
        found: hidden: if stringLength hidden > stringLength found then hidden else found
      ) "" around;
      granted =
        paths.among path (unit.runtime ++ unit.granted) && !paths.perhapsAmong path facts.daemons
        || paths.among path facts.harmless
        || inHome path;
    in
    if filter (paths.isAbove path) hidden != [ ] then
      "daemons"
    else if around == [ ] || granted then
      null
    else
      facts.hidden.${deepest};

  # The same for a file that systemd reads or writes for the unit.
  telling =
    unit: path:
    let
      reason = secluded unit path;
    in
    if
      paths.perhapsAmong path facts.daemons
      || elem reason [
        "addresses"
        "devices"
        "names"
        "processes"
      ]
    then
      reason
    else
      null;

  whereSecluded =
    judged: directive: value: path:
    let
      reason = judged path;
    in
    if reason == null then [ ] else [ (hole directive value reason) ];

  binds =
    unit: key:
    concatMap (
      entry:
      let
        inherit (bind unit entry) source destination;
      in
      if elem (plain entry) unit.ours then
        [ ]
      else
        whereSecluded (secluded unit) key entry source
        ++ (
          if key == "Service.BindPaths" && secluded unit source == null then
            bindWrites unit key entry source destination
          else
            [ ]
        )
        ++ (
          if filter (uncovers source destination) unit.homes != [ ] then [ (hole key entry "homes") ] else [ ]
        )
        ++ (
          if filter (covered: paths.perhapsAbove destination covered) (attrNames facts.covered) != [ ] then
            [ (hole key entry "covers") ]
          else
            [ ]
        )
    ) (wordsOf key unit);

  # "path:name:options", "id:path" and "-path".
  opened =
    unit: key: judged: pathOf:
    concatMap (entry: whereSecluded (judged unit) key entry (paths.resolved unit.name (pathOf entry))) (
      wordsOf key unit
    );
  # A pattern of systemd's, glob(7): the part from its first special character on may be any text, like an unknown one.
  globbed = builtins.replaceStrings [ "?" "[" "{" ] [ "*" "*" "*" ];
  first = entry: builtins.head (split ":" entry);
  afterColon = entry: unlisted "[^:]*:?" entry;

  # "path:name:options", which systemd opens to write unless an option denies it.
  openFiles =
    unit:
    let
      key = "Service.OpenFile";
      written = filter (
        entry: match "[^:]*:[^:]*:(.*,)?read-only(,.*)?" entry == null && !elem entry unit.passed
      ) (wordsOf key unit);
    in
    filter (hole: !relays unit || !elem hole.value unit.passed) (opened unit key secluded first)
    ++ concatMap (entry: writesOpened unit key entry (paths.resolved unit.name (first entry))) written;

  streams =
    unit: key:
    let
      setting = name: toString (last (unit.raw "Service.${name}"));
      value = setting key;
      parts = match "(file|append|truncate):(.*)" value;
      path = paths.resolved unit.name (elemAt parts 1);
      terminal = setting "TTYPath";
      granted = terminal != "" && paths.among (paths.resolved unit.name terminal) unit.granted;
      directive = "Service.${key}";
    in
    if match ".*[+]console" value != null || match "tty(-.*)?" value != null && !granted then
      [ (hole directive value "terminals") ]
    else if parts == null then
      [ ]
    else
      whereSecluded (telling unit) directive value path
      ++ (if key == "StandardInput" then [ ] else writesOpened unit directive value path);

  writable =
    unit:
    concatMap (
      entry:
      writes unit "Service.ReadWritePaths" entry (paths.resolved unit.name (unlisted "[-+]*" entry))
    ) (wordsOf "Service.ReadWritePaths" unit);

  roots =
    unit:
    let
      root = last (unit.raw "Service.RootDirectory");
    in
    if root == null || paths.resolved unit.name (plain root) == "/" then
      [ ]
    else
      [ (hole "Service.RootDirectory" root "image") ];

  # Settings that no confined unit may have: any value, or any that is not a spelling of false, which resets a list.
  forbidden =
    unit:
    let
      any =
        reasons: valuesOf:
        concatMap (key: ofValues reasons key (valuesOf "Service.${key}")) (attrNames reasons);
      ofValues =
        reasons: key: values:
        if values == [ ] then
          [ ]
        else
          [ (hole "Service.${key}" (builtins.concatStringsSep " " values) reasons.${key}) ];
      on = key: effective (map (value: if canonical value == "no" then "" else value) (unit.raw key));
    in
    any facts.forbidden unit.values ++ any facts.switchedOn on;

  extensions =
    unit:
    map (entry: hole "Service.ExtensionDirectories" entry "image") (
      filter (entry: entry != unit.confext) (map plain (wordsOf "Service.ExtensionDirectories" unit))
    );

  # Units, which an empty value does not remove from a list.
  named =
    unit: key: reason: harmless:
    map (word: hole key word reason) (filter (word: !elem word harmless) (wordsIn (unit.raw key)));

  # "directory:link": what systemd makes on the host for the service.
  ownDirectories =
    unit:
    concatMap (
      key:
      concatMap (
        name:
        let
          path = paths.resolved unit.name "${facts.directories.${key}}/${name}";
        in
        whereSecluded (telling unit) "Service.${key}" path path
        ++ (if paths.perhapsAmong path started then [ (hole "Service.${key}" path "system") ] else [ ])
      ) (concatMap linked (wordsOf "Service.${key}" unit))
    ) (attrNames facts.directories);
  linked =
    entry:
    let
      parts = match "([^:]*):?([^:]*).*" entry;
    in
    filter (name: name != "") parts;
in
{
  inherit hole;

  # unit, property -> the paths of its directories, without links to them. Their parent belongs to all.
  directoriesOf =
    unit: key:
    let
      parent = facts.directories.${key};
    in
    filter (path: path != parent && paths.within path parent) (
      map (entry: paths.resolved unit.name "${parent}/${first entry}") (wordsOf "Service.${key}" unit)
    );

  ofService =
    unit:
    concatMap (binds unit) [
      "Service.BindPaths"
      "Service.BindReadOnlyPaths"
    ]
    ++ openFiles unit
    ++ opened unit "Service.LoadCredential" telling afterColon
    ++ opened unit "Service.LoadCredentialEncrypted" telling afterColon
    ++ opened unit "Service.EnvironmentFile" telling (entry: globbed (plain entry))
    ++ concatMap (streams unit) [
      "StandardInput"
      "StandardOutput"
      "StandardError"
    ]
    ++ writable unit
    ++ roots unit
    ++ forbidden unit
    ++ extensions unit
    ++ ownDirectories unit
    ++ named unit "Service.Sockets" "host-sockets" unit.sockets
    ++ named unit "Unit.JoinsNamespaceOf" "joined" [ ];

  # A systemd socket that listens at a path is reached from the host, and AF_VSOCK has no network namespaces.
  ofSocket =
    unit:
    concatMap
      (
        key:
        map (value: hole key value "daemons") (
          filter (value: match "/.*|vsock.*" (paths.filled unit.name value) != null) (unit.values key)
        )
      )
      [
        "Socket.ListenDatagram"
        "Socket.ListenSequentialPacket"
        "Socket.ListenStream"
      ]
    # systemd opens these on the host, whatever their name.
    ++ concatMap (key: map (value: hole key value "daemons") (unit.values key)) [
      "Socket.ListenFIFO"
      "Socket.ListenMessageQueue"
      "Socket.ListenSpecial"
      "Socket.ListenUSBFunction"
    ];
}
