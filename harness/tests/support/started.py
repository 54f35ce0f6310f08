"""Attacks that the core set lacks, on what services, apps and commands have of the host's files and sockets."""

# The core set has none of them: each wants the machine for itself, and most start all attackers anew, because what they
# change must be there first. Services, apps and commands start in different ways, so all three are attacked, and
# services on a kernel of their own as well.
STARTED = {
    *("hosts-of-host", "nsswitch-of-host", "socket-below-net", "socket-of-nix-daemon"),
    *("left-in-a-table", "terminals-by-journal"),
}
