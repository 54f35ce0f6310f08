# The judge's holes as messages: where, what, and the remedy.
let
  inherit (import ./.) facts;
  inherit (builtins) elemAt toJSON;

  message =
    where: hole:
    let
      parts = builtins.match "([A-Za-z]*)[.](.*)" hole.directive;
      key = elemAt parts 1;
      option = "${where}.${
        {
          Service = "serviceConfig";
          Socket = "socketConfig";
          Unit = "unitConfig";
        }
        .${elemAt parts 0}
      }.${key}";
    in
    if hole.reason == "lacking" then
      "${where}: the finished unit is not confined, since ${key} ${
        if hole.value == "" then "is missing" else "is ${toJSON hole.value}"
      } (protection ${hole.protection}); remove what sets it past ${option}, such as systemd.units or a drop-in"
    else
      "${option}: the finished unit has ${toJSON hole.value}, and ${facts.reasons.${hole.reason}}; remove it";
in
{
  # where: the option that defines the unit
  messages = where: map (message where);
}
