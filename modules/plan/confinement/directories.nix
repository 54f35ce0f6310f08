# The directories that systemd makes for a unit (systemd.exec(5), RuntimeDirectory=).
let
  inherit (builtins) filter head;
  inherit (import ../combine.nix) pieces words;
  inherit (import ./binds.nix) plain;
in
rec {
  # property -> the parent of its directories
  parents = {
    RuntimeDirectory = "/run";
    StateDirectory = "/var/lib";
    CacheDirectory = "/var/cache";
    LogsDirectory = "/var/log";
  };

  # property, serviceConfig -> paths, without those of links to them; "." names none
  made =
    property: serviceConfig:
    filter (path: path != parents.${property}) (
      map (entry: plain "${parents.${property}}/${head (pieces ":" entry)}") (
        words (serviceConfig.${property} or null)
      )
    );
}
