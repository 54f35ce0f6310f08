"""Programs that run inside the machines: the standard library only, on the machine's own Python."""
