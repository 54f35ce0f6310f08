"""The paths of files and directories. Many modules import this one, so it imports nothing."""

ETC = "/etc/nsguard"
RUN = "/run/nsguard"
# In a unit's private /run: where nsguard-init puts passwd and group (modules/plan/names.nix).
ACCOUNTS = "/run/nsguard-accounts"
# The ports that were forwarded last, by the namespace's name (StateDirectory= of modules/plan/units/forwarding.nix).
FORWARDED = "/var/lib/nsguard/forwarded"
# The sockets of `nsguard run`, by the namespace's name (modules/plan/names.nix).
COMMANDS = "/run/nsguard-run"
# The sockets through which users read a namespace's status, by the namespace's name.
STATUS = "/run/nsguard-status"
# ip-netns(8): named namespaces are bind mounts of nsfs files here.
NETNS = "/run/netns"
# The same directory as PID 1 sees it: a mount made in a private mount namespace does not show there.
NETNS_OF_INIT = "/proc/1/root/run/netns"
OWN_NETNS = "/proc/self/ns/net"

_FIRST = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_LATER = _FIRST + "-_"
NAME_LIMIT = 32
NAME_RULE = f"1 to {NAME_LIMIT} letters, digits, - and _, a letter or digit first"


def terminals(name: str) -> str:
    """The directory of the terminals of a namespace: a devpts of its own (modules/plan/names.nix)."""
    return f"{RUN}/{name}/terminals/pts"


def valid_name(name: str) -> bool:
    """Whether `name` can name a namespace: it becomes a part of file, unit and nft table names."""
    return 0 < len(name) <= NAME_LIMIT and name[0] in _FIRST and all(c in _LATER for c in name)
