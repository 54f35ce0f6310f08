"""Loading rulesets, each in one transaction (nft(8), -f). The rules are the plan's; only sets are filled here.

Table `inet nsguard` in the namespace: sets address4/6 and resolver4/6, maps redirect4/6.
Table `inet nsguard-NAME` in the host: sets endpoint4/6 of address . UDP port. Empty sets are closed.
"""

from collections.abc import Iterable, Sequence

from nsguard import process
from nsguard.namespace import entered
from nsguard.state import Tunnel

_FAMILIES = (4, 6)
DNS_PORT = 53


class Ruleset:
    """A ruleset's text and where it was read."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text


def load_namespace(name: str, ruleset: Ruleset, tunnel: Tunnel | None) -> None:
    """Replace the rules inside namespace `name`; open to `tunnel` and nothing else."""
    with entered(name):
        _load(ruleset, _elements(tunnel))


def fill_namespace(name: str, tunnel: Tunnel | None) -> None:
    """Replace the elements of all sets inside namespace `name`, leaving the rules: a third of the time."""
    sets = (("set", "address"), ("set", "resolver"), ("map", "redirect"))
    flush = [f"flush {kind} inet nsguard {what}{family}" for kind, what in sets for family in _FAMILIES]
    with entered(name):
        _run([*flush, *_elements(tunnel)])


def load_host(name: str, ruleset: Ruleset, endpoints: Iterable[tuple[str, int]]) -> None:
    """Replace the pin of namespace `name`'s tunnel: its encrypted packets go to `endpoints` only."""
    lines = []
    for family in _FAMILIES:
        known = sorted({(host, port) for host, port in endpoints if (":" in host) == (family == 6)})
        lines += _add(f"nsguard-{name}", f"endpoint{family}", [f"{host} . {port}" for host, port in known])
    _load(ruleset, lines)


def delete_host(name: str) -> None:
    """Remove the pin, there or not: declaring it first makes deleting it safe."""
    _run([f"add table inet nsguard-{name}", f"delete table inet nsguard-{name}"])


def _elements(tunnel: Tunnel | None) -> list[str]:
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


def _load(ruleset: Ruleset, lines: list[str]) -> None:
    stdin = "\n".join([ruleset.text, *lines, ""])
    shown = [f"nft -f {ruleset.path}", *(f"nft {line}" for line in lines)]
    process.change("nft", "-f", "-", stdin=stdin, shown=shown)


def _run(lines: list[str]) -> None:
    process.change("nft", "-f", "-", stdin="\n".join([*lines, ""]), shown=[f"nft {line}" for line in lines])
