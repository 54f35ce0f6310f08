# The number of the user as which a unit runs, where the configuration has it; null elsewhere.
# accounts: name -> { uid; }; serviceConfig: a unit's own properties
accounts: serviceConfig:
let
  user = toString (serviceConfig.User or "");
in
if builtins.match "[0-9]+" user == null then
  accounts.${user}.uid or null
else
  builtins.fromJSON user
