# Home directories outside /home and /root, which ProtectHome= does not cover (systemd.exec(5)). A person's home is
# hidden from every confined service. A system account's home is hidden from the services that run as that account or
# have a capability by which they can act as it, except for the paths that their units name; below /var/lib it is the
# service's state and stays visible.
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    match
    stringLength
    substring
    ;
  inherit (import ./binds.nix) plain within;
  inherit (import ../combine.nix)
    append
    atLeast
    unique
    yes
    ;
  paths = import ./paths.nix;
  state = import ./state.nix;
  ownNames = import ./own-names.nix;
  inherit (import ./directories.nix) made;

  # Whether a path is neither covered by another protection nor a directory of the whole system.
  isElsewhere =
    path:
    match "/?((home|root|run|tmp|bin|boot|dev|etc|lib|lib64|nix/store|nix/var|proc|sbin|sys|usr)(/.*)?|nix)?" path
    == null
    && match "/var(/(cache|db|lib|log|mail|spool|www)?|/(empty|lock|run|tmp)(/.*)?)?" path == null
    || path == "/var/www";
  isState = path: within path "/var/lib";
  isPlain = home: match "/[A-Za-z0-9/._@+-]*" home != null && match "(.*/)?[.][.](/.*)?" home == null;

  # Capabilities that open the files of other users and groups (capabilities(7)).
  opening = [
    "CAP_CHOWN"
    "CAP_DAC_OVERRIDE"
    "CAP_DAC_READ_SEARCH"
    "CAP_FOWNER"
    "CAP_SETGID"
    "CAP_SETUID"
  ];

  # accounts; runs: name -> whether the unit runs as that account; service: its unit
  # -> {
  #   people = persons' homes, and the other paths of all homes (./shown.nix);
  #   parents = other paths of /home;
  #   own, state = homes of the system accounts that the unit runs as: outside /var/lib, and below it;
  #   reached = homes outside /var/lib of those as which it can act, own ones among them;
  #   hidden = those of all these that are hidden;
  #   visible = paths inside hidden ones that stay visible. One with a dot that a login starts or reads does not: .gnupg
  #     contains sockets;
  #   readable = those of them that a login starts or reads, which stay read-only;
  # }
  ofAccounts =
    accounts: runs: service:
    let
      unit = service.serviceConfig // {
        bindPaths = service.bindPaths or [ ];
      };
      namesOf = wanted: filter wanted (attrNames accounts);
      isPerson = name: accounts.${name}.person or false;
      homes = wanted: map (name: plain accounts.${name}.home) (namesOf wanted);
      shown = concatMap (name: accounts.${name}.shown or [ ]) (attrNames accounts);
      elsewhere = these: unique (filter isElsewhere these);
      people = elsewhere (homes isPerson ++ shown);
      parents = elsewhere (accounts.root.parents or [ ]);
      system = elsewhere (homes (name: !isPerson name && runs name));
      own = filter (home: !isState home) system;
      opensOthers = filter (name: builtins.elem name opening) (service.capabilities or [ ]) != [ ];
      reached =
        if opensOthers then
          filter (home: !isState home) (elsewhere (homes (name: !isPerson name)))
        else
          own;
      # systemd makes these for the unit. Those in /run and /var/lib contain no home that would be hidden.
      directories = made "CacheDirectory" unit ++ made "LogsDirectory" unit;
      unnamed = filter (home: !state.names home unit && !builtins.any (within home) directories) reached;
      named = concatMap (
        home:
        filter (it: !(it.ofLogin && it.isDotted)) (
          map (
            path:
            let
              inHome = substring (stringLength home + 1) (-1) path;
            in
            {
              inherit path;
              ofLogin = match paths.startedInHome inHome != null;
              isDotted = match "[.].*" inHome != null;
            }
          ) (state.shownBelow [ home ] service.serviceConfig)
        )
      ) unnamed;
    in
    {
      inherit
        people
        parents
        own
        reached
        ;
      state = filter isState system;
      hidden = unique (filter (home: !builtins.any (within home) parents) people ++ parents ++ unnamed);
      visible = map (it: it.path) named;
      readable = map (it: it.path) (filter (it: it.ofLogin) named);
    };
in
{
  # accounts: name -> { home; person; uid; shown; } -> the names of accounts whose home cannot be written into a unit
  unreadable =
    accounts: filter (name: !isPlain (toString accounts.${name}.home)) (attrNames accounts);

  # The other paths of homes that cannot be.
  unreadablePlaces =
    accounts:
    unique (
      filter (path: !isPlain path && isElsewhere path) (
        concatMap (name: accounts.${name}.shown or [ ] ++ accounts.${name}.parents or [ ]) (
          attrNames accounts
        )
      )
    );

  # The homes that concern a unit. unit: its full name; service: { serviceConfig; capabilities; bindPaths; }
  homesOf =
    accounts: unit: given:
    let
      service = ownNames.service unit given;
      user = toString (service.serviceConfig.User or "");
      # A specifier may stand for any account.
      runs =
        name:
        user != "" && (user == name || user == toString (accounts.${name}.uid or null))
        || match ".*%.*" user != null;
    in
    ofAccounts accounts runs service;

  # The homes that matter to commands that any of these users starts.
  homesOfUsers =
    accounts: users:
    ofAccounts accounts (name: builtins.elem name users) {
      serviceConfig = { };
    };

  protection = homes: {
    guards = "control sockets, agents and start-up files in home directories";
    parts = {
      usual = {
        guards = "homes below /home and in /root";
        words = [ "/home" ];
      };
      elsewhere = {
        guards = "homes of accounts in other places";
        words = homes.hidden;
      };
    };
    # The parts' names decide, not their words: those may depend on the finished service, which reads this.
    ofParts =
      parts:
      (
        if parts ? usual then
          {
            ProtectHome = atLeast [
              yes
              [ "tmpfs" ]
            ] "tmpfs";
          }
        else
          { }
      )
      // (
        if parts ? elsewhere then
          {
            TemporaryFileSystem = append (map (path: "${path}:ro") homes.hidden);
            BindPaths = append (
              map (path: "-${path}") (filter (path: !builtins.elem path homes.readable) homes.visible)
            );
            BindReadOnlyPaths = append (map (path: "-${path}") homes.readable);
          }
        else
          { }
      );
  };
}
