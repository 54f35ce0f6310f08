# Homes that lie neither below /home nor in /root, and so not behind ProtectHome= (systemd.exec(5)). A person's is hidden from
# every confined service, as one below /home is. A system account's is hidden from the services that run as it, but for what
# their units name; one in /var/lib is their state.
let
  inherit (builtins) attrNames filter match;
  inherit (import ./binds.nix) plain within;
  inherit (import ../combine.nix)
    append
    atLeast
    unique
    yes
    ;
  state = import ./state.nix;

  # Hidden or read-only by other protections, or the whole system's.
  isElsewhere =
    path:
    match "/?((home|root|run|tmp|bin|boot|dev|etc|lib|lib64|nix|proc|sbin|sys|usr)(/.*)?)?" path == null
    && match "/var(/(cache|db|lib|log|mail|spool|www)?|/(empty|lock|run|tmp)(/.*)?)?" path == null
    || path == "/var/www";
  isState = path: within path "/var/lib";
  isPlain = home: match "/[A-Za-z0-9/._@+-]*" home != null && match "(.*/)?[.][.](/.*)?" home == null;

  # -> { people; own; state; hidden; visible; }: persons' homes, those of the system accounts as which the unit runs, in
  # /var/lib and elsewhere, what of all these is hidden, and what is visible in a hidden one
  ofAccounts =
    accounts: runs: serviceConfig:
    let
      homes =
        wanted:
        unique (
          filter isElsewhere (map (name: plain accounts.${name}.home) (filter wanted (attrNames accounts)))
        );
      people = homes (name: accounts.${name}.person or false);
      system = homes (name: !(accounts.${name}.person or false) && runs name);
      own = filter (home: !isState home) system;
      unnamed = filter (home: !state.names home serviceConfig) own;
    in
    {
      inherit people own;
      state = filter isState system;
      hidden = unique (people ++ unnamed);
      visible = builtins.concatMap (home: state.below [ home ] serviceConfig) unnamed;
    };
in
{
  # accounts: name -> { home; person; uid; } -> the names of those whose home can't be written into a unit
  unreadable =
    accounts: filter (name: !isPlain (toString accounts.${name}.home)) (attrNames accounts);

  # Of a unit, by its own properties.
  homesOf =
    accounts: serviceConfig:
    let
      user = toString (serviceConfig.User or "");
      # A specifier stands for any of them.
      runs =
        name:
        user != "" && (user == name || user == toString (accounts.${name}.uid or null))
        || match ".*%.*" user != null;
    in
    ofAccounts accounts runs serviceConfig;

  # Of commands that any of these users starts.
  homesOfUsers = accounts: users: ofAccounts accounts (name: builtins.elem name users) { };

  protection = homes: {
    guards = "control sockets, agents and start-up files in home directories";
    parts = {
      usual = {
        guards = "those below /home and in /root";
        words = [ "/home" ];
      };
      elsewhere = {
        guards = "those that accounts have in other places";
        words = homes.hidden;
      };
    };
    # By their names alone: an account's home may be read from the finished service.
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
            BindPaths = append (map (path: "-${path}") homes.visible);
          }
        else
          { }
      );
  };
}
