"""The host link: veth(4) between host and namespace, over which the host passes packets in.

Both ends have one hardware address and no ARP (IFF_NOARP, netdevice(7)): nothing is looked up on the link. Answers are
routed by the source address that they have from the packet they answer; what a service begins has no route over it, and
the rules at either end let none through.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from nsguard import paths
from nsguard.errors import NsguardError
from nsguard.net import links, namespace, nft
from nsguard.spec.model import HostLink
from nsguard.spec.spec import Spec
from nsguard.state import State
from nsguard.system import files, process

# Locally administered (IEEE 802c); given, so that udev gives none of its own (systemd.link(5)).
_HARDWARE = "02:6e:73:67:00:01"
# The routing table of answers, and the place of the rule that leads to it; both the namespace's own.
_TABLE = 1767
_SETTING, _PATH = "net.ipv{}.conf.all.forwarding", "/proc/sys/net/ipv{}/conf/all/forwarding"
# Shorter prefixes (bits) are default routes in parts, as tunnels lay them.
_SHORTEST = 8
# Routes that lead to no host (ip-route(8)).
_NOWHERE = {"unreachable", "blackhole", "prohibit", "throw", "multicast", "anycast"}


def check(wanted: Spec, found: State) -> None:
    """Raise `NsguardError` where another route of the host's covers an end of the link; nothing is changed."""
    link = wanted.host_link
    if link is None:
        return
    had = found.host_link()
    own = {link.interface, had.interface if had else link.interface}
    for family, ends in _by_family(link):
        listed = json.loads(process.ask("ip", "-j", f"-{family}", "route", "show", "table", "all"))
        for route in listed:
            if route["dst"] == "default" or route.get("dev") in own or route.get("type") in _NOWHERE:
                continue
            covered = ip_network(route["dst"])
            if covered.prefixlen >= _SHORTEST and any(ip_address(end) in covered for end in ends):
                remedy = (
                    f"set nsguard.namespaces.{wanted.namespace}.hostLink.range to a free one"
                    if family == 4
                    else "remove that, or rename the namespace, whose name it comes from"
                )
                where = f"a route of this host to {route['dst']} by {route.get('dev', 'others')}"
                raise NsguardError(f"hostLink: {' and '.join(ends)} are covered by {where}; {remedy}")


def lay(wanted: Spec, found: State) -> None:
    """Make the link, or lay its rules anew where it is there; remove one that is no longer wanted, or another."""
    link, had = wanted.host_link, found.host_link()
    if had and (link is None or not _is(had, link) or not present(found.name, had)):
        clear(found)
        had = None
    if link is None:
        return
    ruleset = nft.Ruleset(link.ruleset, files.read(link.ruleset))
    with contextlib.nullcontext() if had else process.undone_by(lambda: clear(found)):
        with _alone():
            ours = {*_closed_by_others(found.name), *(had.closed if had else ())}
            families = {6 if it.listen.startswith("[") else 4 for it in link.published}
            closed = [it for it in families if _has(it) and (it in ours or not _forwards(it))]
            link = link._replace(closed=tuple(sorted({*closed, *(had.closed if had else ())})))
            found.write_host_link(link)
        nft.load_host_link(found.name, ruleset, link.closed)
        if not had:
            _make(found.name, link)
        for family in link.closed:  # only now: the rules keep it from forwarding for others
            if not _forwards(family):
                _set_forwarding(family, 1)


def _make(name: str, link: HostLink) -> None:
    outside, inside = link.interface, link.inside
    here = f"dev {outside} address {_HARDWARE} type veth"
    process.change("ip", *f"link add {here} peer name {inside} netns {name} address {_HARDWARE}".split())
    quiet = "arp off multicast off"
    no_address = " addrgenmode none" if namespace.has_ipv6() else ""
    lines, lines_inside = [f"link set {outside} {quiet}{no_address}"], [f"link set {inside} {quiet}{no_address}"]
    lines.append(f"link set {outside} up")
    lines_inside.append(f"link set {inside} up")
    for family, (host, there) in _by_family(link):
        single, everything, nodad = (32, "0.0.0.0/0", "") if family == 4 else (128, "::/0", " nodad")
        lines += [
            f"address add {host}/{single} dev {outside}{nodad}",
            f"route add {there}/{single} dev {outside} proto static",
        ]
        lines_inside += [
            f"address add {there}/{single} dev {inside}{nodad}",
            f"route add {host}/{single} dev {inside} proto static",
            f"route add {everything} dev {inside} table {_TABLE} proto static",
        ]
        rule = f"-{family} rule add from {there} lookup {_TABLE} pref {_TABLE}"  # of which no family is guessed
        process.change("ip", "-n", name, *rule.split())
    links.batch(name, lines_inside)
    links.batch(None, lines)


def clear(found: State) -> None:
    """Remove the link and its rules, at whatever step they stand."""
    link = found.host_link()
    if link is None:
        return
    if link.interface in namespace.links(None):
        process.change("ip", "link", "del", "dev", link.interface)
    # The rules of routing stay when links go; where the namespace is gone, so are they.
    with contextlib.suppress(NsguardError, OSError):
        for family, (_, there) in _by_family(link):
            process.ask("ip", "-n", found.name, f"-{family}", "rule", "del", "from", there, "pref", str(_TABLE))
    with _alone():
        for family in {*link.closed} - _closed_by_others(found.name):
            _set_forwarding(family, 0)
        nft.delete_host_link(found.name)
        found.write_host_link(None)


def present(name: str, link: HostLink) -> bool:
    """Whether both ends are there, up, and with their addresses."""
    for where, device, ends in ((None, link.interface, link.host), (name, link.inside, link.namespace)):
        if device not in namespace.links(where):
            return False
        shown = links.shown(where, device)
        had = {ip_address(it["local"]) for it in shown["addr_info"]}
        if "UP" not in shown["flags"] or had != {end for end in map(ip_address, ends) if _has(end.version)}:
            return False
    return True


def faults(name: str, link: HostLink) -> list[tuple[str, str]]:
    """What is wrong with the link but for its rules, and what to do about it."""
    found = []
    if not present(name, link):
        found.append(
            (f"the host link {link.interface} is not as it should be", f"systemctl reload nsguard-netns-{name}")
        )
    for family in link.closed:
        if not _forwards(family):
            found.append((f"{_SETTING.format(family)} is 0 again", f"systemctl reload nsguard-netns-{name}"))
    return found


def _is(had: HostLink, link: HostLink) -> bool:
    return (had.interface, had.inside, had.host, had.namespace) == (
        *(link.interface, link.inside, link.host, link.namespace),
    )


def _by_family(link: HostLink) -> list[tuple[int, tuple[str, str]]]:
    """Family → the ends, the host's first; without those that this kernel lacks."""
    pairs = zip(link.host, link.namespace, strict=True)
    return [(version, pair) for pair in pairs if _has(version := ip_address(pair[0]).version)]


def _has(version: int) -> bool:
    return version == 4 or namespace.has_ipv6()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let no other namespace come or go meanwhile (flock(2)): two that go at once would leave it to each other."""
    directory = os.open(paths.RUN, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _closed_by_others(name: str) -> set[int]:
    """Families that the host forwards for links of other namespaces alone."""
    return {
        family
        for other in os.listdir(paths.RUN)
        if other != name and paths.valid_name(other) and (link := State(other).host_link())
        for family in link.closed
    }


def _forwards(family: int) -> bool:
    with open(_PATH.format(family), encoding="ascii") as file:
        return file.read().strip() != "0"


def _set_forwarding(family: int, value: int) -> None:
    process.say(f"+ sysctl -w {_SETTING.format(family)}={value}")
    with open(_PATH.format(family), "w", encoding="ascii") as file:
        file.write(str(value))
