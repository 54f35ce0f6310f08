# Settings of the units in which the runtime changes something.
{
  # When stopped, the runtime ends the program that it has started, and starts others to undo the change. A signal to
  # all processes of the unit (systemd.kill(5)) would stop these as well.
  KillMode = "mixed";
}
