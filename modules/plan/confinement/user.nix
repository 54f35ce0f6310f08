# The number of the user as which a unit runs; null if the configuration does not define it.
# accounts: name -> { uid; }; serviceConfig: a unit's own properties
accounts: serviceConfig:
let
  user = toString (serviceConfig.User or "");
in
if builtins.match "[0-9]+" user == null then
  accounts.${user}.uid or null
else
  builtins.fromJSON user
