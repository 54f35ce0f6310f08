"""Loading rulesets, each in one transaction (nft(8), -f). The rules are the plan's; only sets are filled here.

Table `inet nsguard` in the namespace: sets address4/6 and resolver4/6, maps redirect4/6.
Table `inet nsguard-NAME` in the host: sets endpoint4/6 of address . UDP port. Empty sets are closed.
Table `inet nsguard_link-NAME` in the host: set closed of nf_proto.
"""

import os
from collections.abc import Iterable, Sequence

from nsguard import paths
from nsguard.net.namespace import entered, maybe_entered
from nsguard.state import Forwarded, Tunnel
from nsguard.system import process

_FAMILIES = (4, 6)
DNS_PORT = 53


class Ruleset:
    """A ruleset's text and where it was read."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text


def load_namespace(name: str, ruleset: Ruleset, tunnel: Tunnel | None, *, fresh: bool = False) -> None:
    """Lay the rules inside namespace `name`; open to `tunnel` and nothing else. `fresh` as for `load_host`."""
    with entered(name):
        _load("nsguard", ruleset, elements(tunnel), fresh=fresh)


def fill_namespace(name: str, ruleset: Ruleset, tunnel: Tunnel) -> None:
    """Replace the elements of all sets inside namespace `name`, and the rules only where they have been lost.

    Leaving the rules takes a third of the time.
    """
    try:
        with entered(name):
            _run([*_flushes(), *elements(tunnel)])
    except process.CommandFailed as error:
        if not _missing(error):
            raise
        process.say(f"nsguard: the rules of namespace {name} are gone; laying them anew")
        load_namespace(name, ruleset, tunnel)


def open_ports(name: str, ports: Sequence[tuple[str, int]], lifetime: int, *, said: bool = True) -> None:
    """Let exactly these ports (protocol, number) of namespace `name` be reached, for `lifetime` seconds from now.

    Without a word unless `said`: a renewal changes nothing but the time.
    """
    elements = [f"{protocol} . {port} timeout {lifetime}s" for protocol, port in ports]
    lines = ["flush set inet nsguard forwarded", *_add("nsguard", "forwarded", elements)]
    try:
        with entered(name):
            if said:
                _run(lines)
            else:
                load_silently("", lines)
    except process.CommandFailed as error:
        if not _missing(error) or ports:
            raise


def forwarded_elements(forwarded: Forwarded | None) -> list[str]:
    """What fills the set of forwarded ports."""
    if forwarded is None:
        return []
    return _add("nsguard", "forwarded", [f"{protocol} . {forwarded.port}" for protocol in forwarded.protocols])


def empty_namespace(name: str) -> None:
    """Close the rules inside namespace `name`. Where there are none, nothing is left to close."""
    try:
        with entered(name):
            _run([*_flushes(), "flush set inet nsguard forwarded"])
    except process.CommandFailed as error:
        if not _missing(error):
            raise


def load_pin(
    name: str, outer: str | None, ruleset: Ruleset, endpoints: Iterable[tuple[str, int]], *, fresh: bool = False
) -> None:
    """Lay the pin of namespace `name`'s tunnel: its encrypted packets go to `endpoints` only.

    It lies where they leave, in namespace `outer` or in the host's. In the latter case the host's lets none through.
    `fresh` says that most likely there is nothing to replace, which saves the kernel a grace period of some 10 ms.
    """
    if outer is not None:
        _load(f"nsguard-{name}", ruleset, [], fresh=fresh)
    with maybe_entered(outer):
        _load(f"nsguard-{name}", ruleset, pin_elements(name, endpoints), fresh=fresh)


def pin_elements(name: str, endpoints: Iterable[tuple[str, int]]) -> list[str]:
    """What fills the sets of the pin."""
    lines = []
    for family in _FAMILIES:
        known = sorted({(host, port) for host, port in endpoints if (":" in host) == (family == 6)})
        lines += _add(f"nsguard-{name}", f"endpoint{family}", [f"{host} . {port}" for host, port in known])
    return lines


def load_host_link(name: str, ruleset: Ruleset, closed: Iterable[int]) -> None:
    """Lay the rules of namespace `name`'s host link on the host; `closed` as in `model.HostLink`."""
    _load(host_link_table(name), ruleset, host_link_elements(name, closed), fresh=False)


def host_link_elements(name: str, closed: Iterable[int]) -> list[str]:
    """What fills the set of those rules."""
    return _add(host_link_table(name), "closed", [f"ipv{family}" for family in sorted(closed)])


def delete_host_link(name: str) -> None:
    """Remove them, there or not."""
    _run(_deletion(host_link_table(name)))


def host_link_table(name: str) -> str:
    """The table of those rules."""
    return f"nsguard_link-{name}"


def load_silently(text: str, lines: list[str]) -> None:
    """Load rules and elements without a word. Raises `CommandFailed`."""
    process.ask("nft", "-f", "-", stdin="\n".join([text, *lines, ""]))


def delete_pin(name: str, outer: str | None) -> None:
    """Remove the pin, there or not."""
    if outer is not None and os.path.exists(f"{paths.NETNS}/{outer}"):
        with entered(outer):
            _run(_deletion(f"nsguard-{name}"))
    _run(_deletion(f"nsguard-{name}"))


def _missing(error: process.CommandFailed) -> bool:
    return "No such file or directory" in error.said


def _flushes() -> list[str]:
    sets = (("set", "address"), ("set", "resolver"), ("map", "redirect"))
    return [f"flush {kind} inet nsguard {what}{family}" for kind, what in sets for family in _FAMILIES]


def _deletion(table: str) -> list[str]:
    # Declaring it first makes deleting it safe.
    return [f"add table inet {table}", f"delete table inet {table}"]


def elements(tunnel: Tunnel | None) -> list[str]:
    """What fills the sets in the namespace for a tunnel; nothing for none."""
    if tunnel is None:
        return []
    lines = []
    addresses = [address.partition("/")[0] for address in tunnel.addresses]
    for family in _FAMILIES:
        resolvers = _of(family, tunnel.dns)
        lines += _add("nsguard", f"address{family}", _of(family, addresses))
        lines += _add("nsguard", f"resolver{family}", resolvers)
        if tunnel.enforce_dns:
            lines += _add("nsguard", f"redirect{family}", [f"{DNS_PORT} : {first}" for first in resolvers[:1]])
    return lines


def _of(family: int, addresses: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(address for address in addresses if (":" in address) == (family == 6)))


def _add(table: str, name: str, elements: list[str]) -> list[str]:
    return [f"add element inet {table} {name} {{ {', '.join(elements)} }}"] if elements else []


def _load(table: str, ruleset: Ruleset, lines: list[str], *, fresh: bool) -> None:
    shown = [f"nft -f {ruleset.path}", *(f"nft {line}" for line in lines)]
    if fresh:
        try:
            _run([f"create table inet {table}", ruleset.text, *lines], shown)
        except process.CommandFailed as error:
            if "File exists" not in error.said:
                raise
        else:
            return
    deletion = _deletion(table)
    _run([*deletion, ruleset.text, *lines], [*(f"nft {line}" for line in deletion), *shown])


def _run(lines: list[str], shown: Sequence[str] = ()) -> None:
    """All of it or nothing."""
    process.change("nft", "-f", "-", stdin="\n".join([*lines, ""]), shown=shown or [f"nft {line}" for line in lines])
