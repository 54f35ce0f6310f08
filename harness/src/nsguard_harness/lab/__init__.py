"""Labs: where the machines come from, one backend a file."""
