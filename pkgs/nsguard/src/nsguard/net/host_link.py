"""The host link: a veth(4) pair between host and namespace, over which the host forwards packets in.

Both ends have the same hardware address and no ARP (IFF_NOARP, netdevice(7)), so no address is resolved on the link.
Answers are routed by their source address, which is the destination of the packet that they answer. Connections that a
service starts have no route over the link, and the rules at both ends drop them.
"""

import os
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from nsguard import paths
from nsguard.errors import NsguardError
from nsguard.net import links, namespace, nft, settings
from nsguard.spec.model import HostLink
from nsguard.spec.spec import Spec
from nsguard.state import State
from nsguard.system import files, process, quick_json
from nsguard.system.contexts import contextmanager, nullcontext, suppress

# Locally administered (IEEE 802c). Set explicitly, because udev would otherwise assign one (systemd.link(5)).
_HARDWARE = "02:6e:73:67:00:01"
# The group of the host's end (ip-link(8)), "nsgu" as a number: marks the link as made here, from its first moment on.
_GROUP = 0x6E736775
# The number of the routing table for answers, and the priority of the rule that selects it; both inside the namespace.
_TABLE = 1767
_SETTING, _PATH = "net.ipv{}.conf.all.forwarding", "/proc/sys/net/ipv{}/conf/all/forwarding"
_REDIRECTS = "/proc/sys/net/ipv4/conf/all/accept_redirects"
# Routes with a shorter prefix (in bits) are parts of a default route, as VPN programs add them.
_SHORTEST = 8
# Types of routes that lead to no host, or to no single one (ip-route(8)).
_NOWHERE = {"unreachable", "blackhole", "prohibit", "throw", "multicast", "anycast"}


def check(spec: Spec, state: State) -> None:
    """Raise `NsguardError` if the host has another link of that name, or a route to its addresses. Changes nothing."""
    link = spec.host_link
    if link is None:
        return
    if link.interface in namespace.links(None) and not _is_ours(state, link.interface):
        remedy = f"rename that, or remove it: ip link del dev {link.interface}"
        raise NsguardError(f"hostLink: this host has another link named {link.interface}; {remedy}")
    current = state.host_link()
    own = {link.interface, current.interface if current else link.interface}
    for family, ends in _by_family(link):
        routes = quick_json.loads(process.ask("ip", "-j", f"-{family}", "route", "show", "table", "all"))
        for route in routes:
            if route["dst"] == "default" or route.get("dev") in own or route.get("type") in _NOWHERE:
                continue
            network = ip_network(route["dst"])
            if network.prefixlen >= _SHORTEST and any(ip_address(end) in network for end in ends):
                remedy = (
                    f"set nsguard.namespaces.{spec.namespace}.hostLink.range to a free one"
                    if family == 4
                    else "remove that, or rename the namespace, because the address is derived from its name"
                )
                conflict = f"a route of this host to {route['dst']} by {route.get('dev', 'others')}"
                raise NsguardError(f"hostLink: {' and '.join(ends)} are covered by {conflict}; {remedy}")


def lay(spec: Spec, state: State) -> None:
    """Make the link, or reload its rules if it exists. Remove a link that differs from the spec or is not in it."""
    link, current = spec.host_link, state.host_link()
    if current and (link is None or not _is(current, link) or not present(state.name, current)):
        clear(state)
        current = None
    if link is None:
        return
    ruleset = nft.Ruleset(link.ruleset, files.read(link.ruleset))
    with nullcontext() if current else process.undone_by(lambda: clear(state)):
        with _alone():
            our_families = {*_closed_by_others(state.name), *(current.closed if current else ())}
            families = {6 if port.listen.startswith("[") else 4 for port in link.published}
            closed = [
                family for family in families if _has(family) and (family in our_families or not _forwards(family))
            ]
            link = link._replace(closed=tuple(sorted({*closed, *(current.closed if current else ())})))
            state.write_host_link(link)
        nft.load_host_link(state.name, ruleset, link.closed)
        if not current:
            _make(state.name, link)
        for family in link.closed:  # after the rules, which keep the host from forwarding other packets
            if not _forwards(family):
                _set_forwarding(family, 1)


def _make(name: str, link: HostLink) -> None:
    outside, inside = link.interface, link.inside
    ends = f"dev {outside} address {_HARDWARE} group {_GROUP} type veth"
    process.change("ip", *f"link add {ends} peer name {inside} netns {name} address {_HARDWARE}".split())
    flags = "arp off multicast off"
    no_address = " addrgenmode none" if namespace.has_ipv6() else ""
    lines, lines_inside = [f"link set {outside} {flags}{no_address}"], [f"link set {inside} {flags}{no_address}"]
    lines.append(f"link set {outside} up")
    lines_inside.append(f"link set {inside} up")
    for family, (outer, inner) in _by_family(link):
        prefix, everything, nodad = (32, "0.0.0.0/0", "") if family == 4 else (128, "::/0", " nodad")
        lines += [
            f"address add {outer}/{prefix} dev {outside}{nodad}",
            f"route add {inner}/{prefix} dev {outside} proto static",
        ]
        lines_inside += [
            f"address add {inner}/{prefix} dev {inside}{nodad}",
            f"route add {outer}/{prefix} dev {inside} proto static",
            f"route add {everything} dev {inside} table {_TABLE} proto static",
        ]
        # The family is an option, because ip(8) does not guess that of a rule.
        rule = f"-{family} rule add from {inner} lookup {_TABLE} pref {_TABLE}"
        process.change("ip", "-n", name, *rule.split())
    links.batch(name, lines_inside)
    links.batch(None, lines)


def clear(state: State) -> None:
    """Remove the link and its rules, even if they are incomplete. Another program's link of the same name stays."""
    link = state.host_link()
    if link is None:
        return
    if link.interface in namespace.links(None) and _is_ours(state, link.interface):
        process.change("ip", "link", "del", "dev", link.interface)
    # Routing rules stay when their link is deleted. If the namespace is gone, so are its rules.
    with suppress(NsguardError, OSError):
        for family, (_, inner) in _by_family(link):
            process.ask("ip", "-n", state.name, f"-{family}", "rule", "del", "from", inner, "pref", str(_TABLE))
    with _alone():
        for family in {*link.closed} - _closed_by_others(state.name):
            _set_forwarding(family, 0)
        nft.delete_host_link(state.name)
        state.write_host_link(None)


def present(name: str, link: HostLink) -> bool:
    """Whether both ends exist, are up, and have their addresses."""
    for namespace_name, device, addresses in ((None, link.interface, link.host), (name, link.inside, link.namespace)):
        if device not in namespace.links(namespace_name):
            return False
        device_info = links.shown(namespace_name, device)
        current = {ip_address(it["local"]) for it in device_info["addr_info"]}
        if "UP" not in device_info["flags"] or current != {
            end for end in map(ip_address, addresses) if _has(end.version)
        }:
            return False
    return True


def faults(name: str, link: HostLink) -> list[tuple[str, str]]:
    """Faults of the link, except in its rules: what is wrong, and how to fix it."""
    messages = []
    if not present(name, link):
        messages.append(
            (f"the host link {link.interface} differs from the configuration", f"systemctl reload nsguard-netns-{name}")
        )
    for family in link.closed:
        if not _forwards(family):
            messages.append((f"{_SETTING.format(family)} is 0 again", f"systemctl reload nsguard-netns-{name}"))
    return messages


def _is_ours(state: State, interface: str) -> bool:
    """Whether a link of the host was made here, and not by another program or person that chose its name."""
    device_info = links.shown(None, interface)
    return bool(device_info["group"] == str(_GROUP)) or _leads_inside(state, interface, device_info["ifindex"])


def _leads_inside(state: State, interface: str, index: int) -> bool:
    """Whether a link is the recorded one by its other end. Version 0.1.0 gave its links no group."""
    recorded = state.host_link()
    if recorded is None or recorded.interface != interface:
        return False
    with suppress(NsguardError, OSError):  # without the namespace or that end
        inside = links.shown(state.name, recorded.inside)
        return bool(inside.get("link_index") == index and inside.get("address") == _HARDWARE)
    return False


def _is(current: HostLink, target: HostLink) -> bool:
    return (current.interface, current.inside, current.host, current.namespace) == (
        *(target.interface, target.inside, target.host, target.namespace),
    )


def _by_family(link: HostLink) -> list[tuple[int, tuple[str, str]]]:
    """Pairs of family and (address on the host, address inside), without a family that this kernel lacks."""
    pairs = zip(link.host, link.namespace, strict=True)
    return [(version, pair) for pair in pairs if _has(version := ip_address(pair[0]).version)]


def _has(version: int) -> bool:
    return version == 4 or namespace.has_ipv6()


@contextmanager
def _alone() -> Iterator[None]:
    """Within the body, no other process records a host link or removes such a record.

    Otherwise, of two namespaces that are removed at the same time, each would leave switching forwarding off to the
    other.
    """
    with files.locked(paths.RUN):
        yield


def _closed_by_others(name: str) -> set[int]:
    """Families that the host forwards only because of the links of other namespaces."""
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
    """Switch forwarding on or off, and keep the host's other settings.

    With forwarding off, the kernel lets all links accept redirects again, whatever was set (ip-sysctl, ip_forward).
    """
    redirects = settings.read(_REDIRECTS)
    process.say(f"+ sysctl -w {_SETTING.format(family)}={value}")
    _write(_PATH.format(family), str(value))
    if redirects and settings.read(_REDIRECTS) != redirects:
        _write(_REDIRECTS, *redirects)


def _write(path: str, value: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(value)
