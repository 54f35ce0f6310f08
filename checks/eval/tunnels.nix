# Tunnels for cases that are about something else: each is read from a file.
let
  file = name: { configFile = "/run/secrets/${name}.conf"; };
in
{
  lab = file "lab";
  mullvad = file "mullvad";
  none = file "none";
  one = file "one";
  other = file "other";
  proton = file "proton";
  third = file "third";
  three = file "three";
  two = file "two";
}
