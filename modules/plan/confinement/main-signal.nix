# Commands that signal the unit's main process by its number: kill -HUP $MAINPID. In process numbers of its own a
# command knows no such number; nsguard-init --signal=HUP does it instead (pkgs/nsguard/init/signals.c).
let
  inherit (builtins) elemAt filter match;
  inherit (import ../combine.nix) toList;

  quoted = text: "[\"']?${text}[\"']?";
  blanks = "[[:space:]]+";
  signal = "(-s[[:space:]]*|-n[[:space:]]*|--signal[=[:space:]]|-)(SIG)?([A-Z][A-Z0-9]*|[1-9][0-9]?)";
  syntax =
    "[[:space:]]*([-+!]*)${quoted "(/[^[:space:]\"']*/)?kill"}"
    + "(${blanks}${quoted signal})?${blanks}${quoted "[$]([{]MAINPID[}]|MAINPID)"}[[:space:]]*";
in
rec {
  # The properties of such commands.
  properties = [
    "ExecStartPost"
    "ExecReload"
    "ExecStop"
    "ExecStopPost"
  ];

  # command -> { ignored; signal; }: whether systemd ignores its failure, and the signal; null for other commands
  read =
    command:
    let
      parts = match syntax command;
      name = elemAt parts 5;
    in
    if parts == null then
      null
    else
      {
        ignored = match ".*-.*" (elemAt parts 0) != null;
        signal = if name == null then "TERM" else name;
      };

  # serviceConfig -> the signals that its commands send in this way
  signals =
    serviceConfig:
    map (order: order.signal) (
      filter (order: order != null) (
        builtins.concatMap (
          property: map read (filter builtins.isString (toList (serviceConfig.${property} or null)))
        ) properties
      )
    );
}
