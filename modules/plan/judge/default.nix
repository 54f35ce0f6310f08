# The judge of finished units: what in the text of a confined service or socket leaves a way out, whoever wrote it.
#
#   (import ./.).service want name text -> [ { directive; value; reason; protection ? ; } ]
#   (import ./.).socket  want name text
#   (import ./.).starts  name text other -> whether a socket may start a service
#   (import ./.).joins   name text other -> whether a unit may share its namespaces with another
#   (import ./.).listens name text -> the paths at which systemd listens for a socket
#   (import ./.).settings text -> the names of what a unit sets
#
# `text` is what systemd reads, followed by all drop-ins; `name` is the unit's full name; `want` is what the plan
# requires, see `defaults`. The judge shares no code with the refusals in ../problems, so that neither hides what the
# other misses. Its facts are in `facts.json`; `nsguard doctor` judges running units by the same file.
let
  inherit (builtins) elem filter match;

  facts = builtins.fromJSON (builtins.readFile ./facts.json);
  paths = import ./paths.nix { inherit facts; };
  exposed = import ./exposed.nix { inherit facts paths; };
  lacking = import ./lacking.nix { inherit facts paths; };
  commands = import ./commands.nix { inherit facts; };
  inherit (import ./text.nix) directives effective last;
  inherit (import ./words.nix) words;

  defaults = {
    # Paths, units and commands that the plan puts into each unit.
    netns = "";
    netnsUnit = "";
    terminals = "";
    confext = "";
    # The program in front of each command, and its option that checks the namespace.
    front = "";
    verified = "";
    # Binds, and the files that the program in front gets, as the plan writes them.
    ours = [ ];
    passed = [ ];
    # What the options of the service grant, and the protections that they remove.
    bindPaths = [ ];
    devices = [ ];
    # Homes to hide, besides those below /home and in /root.
    homes = [ ];
    capabilities = [ ];
    loosened = [ ];
    privileged = false;
    # Sockets that are created in the namespace.
    sockets = [ ];
    # Whether the text is the whole unit.
    complete = true;
  };

  isRoot =
    values:
    let
      named =
        id:
        elem id [
          "root"
          "0"
        ];
      user = last (values "Service.User");
      dynamic = lacking.canonical (last (values "Service.DynamicUser")) == "yes";
    in
    (if user == null then !dynamic else named user)
    || named (last (values "Service.Group"))
    || filter named (builtins.concatMap words (values "Service.SupplementaryGroups")) != [ ];

  unitOf =
    section: want: name: text:
    let
      read = directives text;
      raw = key: read.${key} or [ ];
      whole = defaults // want;
      resolvedSource = entry: paths.resolved name (builtins.head (match "-?([^:]*).*" entry));
      self = whole // {
        inherit name section raw;
        values = key: effective (raw key);
        root = isRoot raw;
        ours = map (entry: builtins.head (match "-?(.*)" entry)) whole.ours;
        granted = map resolvedSource (whole.bindPaths ++ whole.devices);
        runtime = exposed.directoriesOf self "RuntimeDirectory";
        configuration = exposed.directoriesOf self "ConfigurationDirectory";
      };
    in
    self;

  # The holes without those of protections that the user turned off.
  counted =
    unit:
    filter (
      hole:
      let
        protection = hole.protection or "";
        whole = builtins.head (match "([^:]*).*" protection);
      in
      !elem protection unit.loosened && !elem whole unit.loosened
    );
in
{
  inherit facts;

  # Names such as "Service.User".
  settings = text: builtins.attrNames (directives text);

  inherit (import ./named.nix { inherit paths; }) starts joins listens;

  service =
    want: name: text:
    let
      unit = unitOf "Service" want name text;
    in
    counted unit (exposed.ofService unit ++ commands.ofService unit ++ lacking.ofService unit);

  socket =
    want: name: text:
    let
      unit = unitOf "Socket" want name text;
    in
    counted unit (exposed.ofSocket unit ++ commands.ofSocket unit ++ lacking.ofSocket unit);
}
