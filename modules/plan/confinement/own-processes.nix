# Whether systemd can start a unit in process numbers of its own. It cannot where it makes the user and maps the unit's
# directories to it: it writes the map to a process's /proc by a number that is another process's there, and the start
# fails with status 226 (systemd#41014). File systems that cannot be mapped, such as overlays, do not show it.
let
  inherit (builtins) any;
  inherit (import ../combine.nix) isDynamic words;
in
serviceConfig:
let
  has = key: words (serviceConfig.${key} or null) != [ ];
  isKept = toString (serviceConfig.RuntimeDirectoryPreserve or "no") != "no";
in
!(
  isDynamic serviceConfig
  && (
    any has [
      "CacheDirectory"
      "LogsDirectory"
      "StateDirectory"
    ]
    || has "RuntimeDirectory" && isKept
  )
)
