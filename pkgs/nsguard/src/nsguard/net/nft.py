"""Loads rulesets, each in one transaction (nft(8), -f). The rules come from the plan; this module fills their sets.

Table `inet nsguard` in the namespace: sets address4/6 and resolver4/6, maps redirect4/6.
Table `inet nsguard_pins` on the host, and in a namespace through whose tunnel others go: map pins of mark : chain, set
marks of the same marks, and for each tunnel chain tunnel-NAME and sets endpoint4/6-NAME of address . UDP port. Empty
sets of addresses let nothing through.
Table `inet nsguard_link-NAME` on the host: set closed of nf_proto.
Table `inet nsguard_from-NAME` on the host: no sets.
"""

from __future__ import annotations

import os

from nsguard import paths
from nsguard.errors import NsguardError
from nsguard.net.namespace import entered, maybe_entered
from nsguard.system import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nsguard.state import Forwarded, Tunnel

_FAMILIES = (4, 6)
DNS_PORT = 53
PINS = "nsguard_pins"
# Deletes the table of pins if it holds none. The chain of each pin leads to chain `counted`, and the kernel deletes no
# chain to which another leads. So the kernel counts the pins, and tunnels that come and go together need no lock. It
# misses a pin whose chain somebody has emptied, so this is tried only where no other tunnel is recorded.
_EMPTY_PINS = (f"delete chain inet {PINS} counted", f"delete table inet {PINS}")
# What nft(8) says of each line that it refuses.
_ERROR = "Error: "
# What it says if something to delete is gone, another's, in use, or in a table that another program owns.
_NO_DELETION = ("No such file or directory", "File exists", "Device or resource busy", "Operation not permitted")


class MarkTaken(NsguardError):
    """Another tunnel has the mark of this one."""


class TableTaken(NsguardError):
    """There is a table of the name `PINS` that does not take a pin, because another program has made or changed it."""


class Ruleset:
    """The text of a ruleset, and the file that it was read from."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text


def load_namespace(name: str, ruleset: Ruleset, tunnel: Tunnel | None, *, fresh: bool = False) -> None:
    """Load the rules inside namespace `name`; they let packets through for `tunnel` only.

    `fresh`: most likely there are no rules to replace. The kernel then saves a grace period of some 10 ms.
    """
    with entered(name):
        _load("nsguard", ruleset, elements(tunnel), fresh=fresh)


def fill_namespace(name: str, ruleset: Ruleset, tunnel: Tunnel) -> None:
    """Replace the elements of all sets inside namespace `name`; load the rules only if they are gone.

    This takes a third of the time of loading the rules.
    """
    try:
        with entered(name):
            _run([*_flushes(), *elements(tunnel)])
    except process.CommandFailed as error:
        if not _missing(error):
            raise
        process.say(f"nsguard: the rules of namespace {name} are gone; loading them again")
        load_namespace(name, ruleset, tunnel)


def open_ports(name: str, ports: Sequence[tuple[str, int]], lifetime: int | None, *, logged: bool = True) -> None:
    """Open exactly these ports (protocol, number) of namespace `name`, for `lifetime` seconds or for good (None).

    `logged`: log the commands. A renewal, which changes only the time, is not logged.
    """
    timeout = "" if lifetime is None else f" timeout {lifetime}s"
    elements = [f"{protocol} . {port}{timeout}" for protocol, port in ports]
    lines = ["flush set inet nsguard forwarded", *_add("nsguard", "forwarded", elements)]
    try:
        with entered(name):
            if logged:
                _run(lines)
            else:
                load_silently("", lines)
    except process.CommandFailed as error:
        if not _missing(error) or ports:
            raise


def forwarded_elements(forwarded: Forwarded | None) -> list[str]:
    """Commands that fill the set of forwarded ports."""
    if forwarded is None:
        return []
    return _add("nsguard", "forwarded", [f"{protocol} . {forwarded.port}" for protocol in forwarded.protocols])


def empty_namespace(name: str) -> None:
    """Empty all sets inside namespace `name`, so that the rules let nothing through. Does nothing if there are none."""
    try:
        with entered(name):
            _run([*_flushes(), "flush set inet nsguard forwarded"])
    except process.CommandFailed as error:
        if not _missing(error):
            raise


def load_pin(name: str, ruleset: Ruleset, tunnel: Tunnel, former: Iterable[int] = (), *, alone: bool = False) -> None:
    """Load the pin of namespace `name`'s tunnel: packets with one of its marks may go to its endpoints only.

    The pin is loaded where the packets leave: in the outer tunnel's namespace, or on the host. With an outer tunnel,
    the host also gets a pin, which lets none of them through. `former`: earlier marks of the tunnel; those that it no
    longer has are removed. `alone`: most likely there is no pin of any tunnel. The kernel then saves a grace period of
    some 10 ms; a pin that exists is replaced all the same. Raises `MarkTaken` at the first table in which another
    tunnel has a mark of this one, `TableTaken` at the first that does not take the pin, with that table unchanged.
    """
    for place in reversed(pin_places(tunnel.outer)):
        with maybe_entered(place):
            try:
                _load_pin(name, ruleset, pin_at(place, tunnel), former, alone=alone)
            except process.CommandFailed as error:
                raise _refusal(name, place, tunnel, error) from None


def pin_places(outer: str | None) -> tuple[str | None, ...]:
    """The namespaces in which a tunnel has a pin; None is the host's. `outer` as in `load_pin`."""
    return (None,) if outer is None else (outer, None)


def pin_at(place: str | None, tunnel: Tunnel) -> Tunnel:
    """The tunnel with the endpoints that its pin has in `place`, one of its `pin_places`."""
    return tunnel if place == tunnel.outer else tunnel._replace(endpoints=())


def _load_pin(name: str, ruleset: Ruleset, tunnel: Tunnel, former: Iterable[int], *, alone: bool) -> None:
    file, lines = f"nft -f {ruleset.path}", pin_elements(name, tunnel)
    if alone and _created(PINS, ruleset, lines):
        return
    text, flushes = _replacement(name, ruleset, lines)
    _run(text, [file, *(f"nft {line}" for line in flushes), file, *(f"nft {line}" for line in lines)])
    for mark in {*former} - {*tunnel.marks}:
        _deleted(_unpin(name, mark))


def _replacement(name: str, ruleset: Ruleset, lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines that load the pin in place of one that there may be, and those of them that flush."""
    # The text is loaded twice: first so that there is something to flush, then so that every rule is there once.
    chains = [f"flush chain inet {PINS} {chain}" for chain in ("output", "counted", pin_chain(name))]
    sets = [f"flush set inet {PINS} {pin_set(family, name)}" for family in _FAMILIES]
    return [ruleset.text, *chains, *sets, ruleset.text, *lines], [*chains, *sets]


def _refusal(name: str, place: str | None, tunnel: Tunnel, error: process.CommandFailed) -> NsguardError:
    """Why the table of pins in `place`, in which this process is, does not take the tunnel's pin."""
    if _taken(error) and (taken := [mark for mark in tunnel.marks if _pin(name, mark)[0] in error.output]):
        return MarkTaken(
            f"tunnel {tunnel.name}: another tunnel has the mark {taken[-1]:#x}; set fwMark to a number that no other "
            "has; if that one has another mark now, stop both tunnels first"
        )
    if _ERROR not in error.output or not _is_loaded(PINS):
        return error
    where, run = ("on the host", "") if place is None else (f"in namespace {place}", f"ip netns exec {place} ")
    if "Operation not permitted" in error.output:
        return TableTaken(
            f"table inet {PINS} {where} belongs to another program (flags owner); "
            f"end that program, which `{run}nft list table inet {PINS}` names"
        )
    reason = error.output.partition("\n")[0].rpartition(_ERROR)[2].removeprefix("Could not process rule: ")
    return TableTaken(
        f"table inet {PINS} {where} is not as nsguard made it, and takes no pin ({reason}); "
        f"run systemctl stop 'nsguard-tunnel-*', then {run}nft delete table inet {PINS}, and start the tunnels again"
    )


def pin_elements(name: str, tunnel: Tunnel) -> list[str]:
    """Commands that fill the sets of the pin, and lead packets with the tunnel's marks to it."""
    lines = []
    for family in _FAMILIES:
        pairs = sorted({(host, port) for host, port in tunnel.endpoints if (":" in host) == (family == 6)})
        lines += _add(PINS, pin_set(family, name), [f"{host} . {port}" for host, port in pairs])
    return [*lines, *(line for mark in tunnel.marks for line in _pin(name, mark))]


def pin_chain(name: str) -> str:
    """The name of the chain that pins namespace `name`'s tunnel."""
    return f"tunnel-{name}"


def pin_set(family: int, name: str) -> str:
    """The name of the set of endpoints of namespace `name`'s tunnel, of one family of addresses."""
    return f"endpoint{family}-{name}"


def _pin(name: str, mark: int) -> list[str]:
    return [*_add(PINS, "pins", [f"{mark:#x} : jump {pin_chain(name)}"]), *_add(PINS, "marks", [f"{mark:#x}"])]


def _unpin(name: str, mark: int) -> list[str]:
    # If another tunnel has the mark, the addition fails, and the other's elements stay.
    return [*_pin(name, mark), *(f"delete element inet {PINS} {where} {{ {mark:#x} }}" for where in ("pins", "marks"))]


def _unpin_in_map(name: str, mark: int) -> list[str]:
    """As `_unpin`, where somebody has deleted the set of marks."""
    return [_pin(name, mark)[0], f"delete element inet {PINS} pins {{ {mark:#x} }}"]


def delete_pin(name: str, place: str | None, marks: Iterable[int], *, alone: bool) -> bool:
    """Remove the pin of namespace `name`'s tunnel from one of its `pin_places`, if there is one.

    Returns whether the table of pins is gone as well. `alone`: no other tunnel has a pin there.
    """
    if not _is_there(place):
        return True
    sets = [[f"delete set inet {PINS} {pin_set(family, name)}"] for family in _FAMILIES]
    chain = f"chain inet {PINS} {pin_chain(name)}"
    elements = [unpin(name, mark) for mark in marks for unpin in (_unpin, _unpin_in_map)]
    # The chain is added so that elements can be removed whose chain somebody has deleted.
    parts = [[f"add {chain}"], *elements, [f"delete {chain}"], *sets]
    lines = [line for part in parts for line in part]
    with maybe_entered(place):
        if alone and _deleted([*lines, *_EMPTY_PINS]):
            return True
        if not _deleted(lines):
            for part in parts:
                _deleted(part)
    return False


def delete_empty_pins(place: str | None) -> None:
    """Remove the table of pins from one of a tunnel's `pin_places`, if it has no pin."""
    if _is_there(place):
        with maybe_entered(place):
            _deleted(_EMPTY_PINS)


def delete_former_pin(name: str, outer: str | None) -> None:
    """Remove the tables that were the pin of namespace `name`'s tunnel in nsguard 0.1, if there are any."""
    for place in filter(_is_there, pin_places(outer)):
        with maybe_entered(place):
            _run(_deletion(f"nsguard-{name}"))


def load_host_link(name: str, ruleset: Ruleset, closed: Iterable[int]) -> None:
    """Load the rules of namespace `name`'s host link on the host; `closed` as in `model.HostLink`."""
    _load(host_link_table(name), ruleset, host_link_elements(name, closed), fresh=False)


def host_link_elements(name: str, closed: Iterable[int]) -> list[str]:
    """Commands that fill the set in the rules of a host link."""
    return _add(host_link_table(name), "closed", [f"ipv{family}" for family in sorted(closed)])


def delete_host_link(name: str) -> None:
    """Remove the rules of namespace `name`'s host link, if there are any."""
    _run(_deletion(host_link_table(name)))


def host_link_table(name: str) -> str:
    """The name of the table with the rules of a host link."""
    return f"nsguard_link-{name}"


def load_clients(name: str, ruleset: Ruleset) -> None:
    """Load the rules on the host for clients of the ports that namespace `name` publishes."""
    _load(clients_table(name), ruleset, [], fresh=False)


def delete_clients(name: str) -> None:
    """Remove the rules for clients, if there are any."""
    _run(_deletion(clients_table(name)))


def clients_table(name: str) -> str:
    """The name of the table with the rules for clients."""
    return f"nsguard_from-{name}"


def load_silently(text: str, lines: list[str]) -> None:
    """Load the rules in `text`, then run `lines`, without logging them. Raises `CommandFailed`."""
    process.ask("nft", "-f", "-", stdin="\n".join([text, *lines, ""]))


def _is_loaded(table: str) -> bool:
    try:
        process.ask("nft", "list", "table", "inet", table)
    except process.CommandFailed:
        return False
    return True


def _is_there(place: str | None) -> bool:
    """Whether one of a tunnel's `pin_places` exists; the host's always does."""
    return place is None or os.path.exists(f"{paths.NETNS}/{place}")


def _missing(error: process.CommandFailed) -> bool:
    return "No such file or directory" in error.output


def _taken(error: process.CommandFailed) -> bool:
    return "File exists" in error.output


def _flushes() -> list[str]:
    sets = (("set", "address"), ("set", "resolver"), ("map", "redirect"))
    return [f"flush {kind} inet nsguard {name}{family}" for kind, name in sets for family in _FAMILIES]


def _deletion(table: str) -> list[str]:
    # Adding the table first makes the deletion succeed if there is none.
    return [f"add table inet {table}", f"delete table inet {table}"]


def elements(tunnel: Tunnel | None) -> list[str]:
    """Commands that fill the sets inside a namespace for a tunnel; an empty list for None."""
    if tunnel is None:
        return []
    lines = []
    addresses = [address.partition("/")[0] for address in tunnel.addresses]
    for family in _FAMILIES:
        resolvers = _of(family, tunnel.dns)
        lines += _add("nsguard", f"address{family}", _of(family, addresses))
        lines += _add("nsguard", f"resolver{family}", resolvers)
        if tunnel.enforce_dns:
            lines += _add("nsguard", f"redirect{family}", [f"{DNS_PORT} : {resolver}" for resolver in resolvers[:1]])
    return lines


def _of(family: int, addresses: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(address for address in addresses if (":" in address) == (family == 6)))


def _add(table: str, name: str, elements: list[str]) -> list[str]:
    return [f"add element inet {table} {name} {{ {', '.join(elements)} }}"] if elements else []


def _load(table: str, ruleset: Ruleset, lines: list[str], *, fresh: bool) -> None:
    if fresh and _created(table, ruleset, lines):
        return
    deletion = _deletion(table)
    commands = [f"nft -f {ruleset.path}", *(f"nft {line}" for line in lines)]
    _run([*deletion, ruleset.text, *lines], [*(f"nft {line}" for line in deletion), *commands])


def _created(table: str, ruleset: Ruleset, lines: list[str]) -> bool:
    """Load the rules, and whether that was done: not if there is such a table."""
    try:
        _run(
            [f"create table inet {table}", ruleset.text, *lines],
            [f"nft -f {ruleset.path}", *(f"nft {line}" for line in lines)],
        )
    except process.CommandFailed as error:
        if not _taken(error):
            raise
        return False
    return True


def _deleted(lines: Sequence[str]) -> bool:
    """Run nft(8) on lines that delete something, and whether that was done: not if `_NO_DELETION` says why."""
    try:
        _run(lines)
    except process.CommandFailed as error:
        if not any(cause in error.output for cause in _NO_DELETION):
            raise
        return False
    return True


def _run(lines: Sequence[str], commands: Sequence[str] = ()) -> None:
    """Run nft(8) on all lines in one transaction, and log `commands` instead of them, if given."""
    process.change("nft", "-f", "-", stdin="\n".join([*lines, ""]), shown=commands or [f"nft {line}" for line in lines])
