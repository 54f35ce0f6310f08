# What the runtime is run with where it changes something.
{
  # It ends the program that it has started, and starts others to undo what was done: a signal to all of the unit's
  # processes (systemd.kill(5)) would fall on those, too.
  KillMode = "mixed";
}
