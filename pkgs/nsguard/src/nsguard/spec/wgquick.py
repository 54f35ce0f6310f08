"""wg-quick's configuration files (wg-quick(8), wg(8)), read strictly and never as code.

Sections and keys in any case, # comments, CRLF, lists by comma or by repeated lines. Hooks are refused by name.
Table, SaveConfig and FwMark are ignored with a warning: routes, file and mark are nsguard's own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nsguard.errors import BadInput
from nsguard.spec import amneziawg, values
from nsguard.spec.model import AMNEZIAWG, IPV6_MIN_MTU, WIREGUARD, Config, Peer, Secret
from nsguard.system.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, TypeVar

    from nsguard.spec.model import Address

    T = TypeVar("T")

# wg-quick(8) also divides these at blanks; wg(8) does not divide AllowedIPs there.
_BLANKS_DIVIDE = {"Address", "DNS"}
_HOOKS = {"PreUp", "PostUp", "PreDown", "PostDown"}
_RESERVED = "WireGuard sends zeros there, and a server that expects other bytes does not answer"
_SERVICES = "nsguard.namespace selects the services that use the tunnel"
_IGNORED = {
    "Interface": {
        "Table": "the namespace has its own routes",
        "SaveConfig": "nsguard never writes to the file",
        "FwMark": "nsguard sets its own mark to pin the tunnel to its endpoints",
        # The Android app's (its export has them beside wg-quick's).
        "IncludedApplications": _SERVICES,
        "ExcludedApplications": _SERVICES,
        "HttpProxy": "set a proxy in the program that uses it",
        "Reserved": _RESERVED,
        # AmneziaWG 1.5's packets of junk, which 2.0 has no more; the far end takes no notice of any (awg(8)).
        **dict.fromkeys(("J1", "J2", "J3", "Itime"), "AmneziaWG 2.0 has removed it, and the far end does not need it"),
    },
    "Peer": {
        # Other clients' name for the client id of Cloudflare WARP.
        "Reserved": _RESERVED,
        # WireSock's, a client for Windows.
        "AllowedApps": _SERVICES,
        "DisallowedApps": _SERVICES,
        "DisallowedIPs": "nothing bypasses the tunnel of a namespace; AllowedIPs decides what a peer gets",
    },
}
_LISTS = {"Address", "DNS", "AllowedIPs", *_IGNORED["Interface"], *_IGNORED["Peer"]}  # may be repeated, or empty
_KEYS = {
    "Interface": {
        "PrivateKey",
        "Address",
        "DNS",
        "MTU",
        "ListenPort",
        *_HOOKS,
        *amneziawg.KEYS,
        *_IGNORED["Interface"],
    },
    "Peer": {"PublicKey", "PresharedKey", "Endpoint", "AllowedIPs", "PersistentKeepalive", *_IGNORED["Peer"]},
}
_SECTIONS = {name.lower(): name for name in _KEYS}
_CANONICAL = {key.lower(): key for keys in _KEYS.values() for key in keys}


class _Entry(NamedTuple):
    line: int
    value: str


class _Section:
    """The lines under one header."""

    def __init__(self, path: str, name: str, line: int) -> None:
        self.path, self.name, self.line = path, name, line
        self.entries: dict[str, list[_Entry]] = {}

    def fail(self, line: int, what: str) -> NoReturn:
        raise BadInput(f"{self.path}:{line}: {what}") from None

    def optional(self, key: str, parse: Callable[[str], T]) -> T | None:
        """The value of a key that is given once or not at all."""
        for line, value in self.entries.get(key, ()):
            return self._parsed(key, line, value, parse)
        return None

    def need(self, key: str, parse: Callable[[str], T]) -> T:
        """The value of a key that must be there."""
        value = self.optional(key, parse)
        if value is None:
            self.fail(self.line, f"[{self.name}] without {key}; add it")
        return value

    def many(self, key: str, parse: Callable[[str], T]) -> tuple[T, ...]:
        """The values of a key that takes a list."""
        return tuple(
            self._parsed(key, line, item, parse)
            for line, value in self.entries.get(key, ())
            for item in _divided(key, value)
            if item
        )

    def ignored(self) -> list[str]:
        """A warning for each line that is left unused."""
        return [
            f"{self.path}:{entry.line}: {key} is ignored: {why}"
            for key, why in _IGNORED[self.name].items()
            for entry in self.entries.get(key, ())
        ]

    def _parsed(self, key: str, line: int, value: str, parse: Callable[[str], T]) -> T:
        try:
            return parse(value)
        except ValueError as error:
            self.fail(line, f"{key}: {error}")


def parse(text: str, path: str, kind: str = WIREGUARD) -> tuple[Config, list[str]]:
    """The tunnel that the file describes, and warnings about lines that are not used.

    `kind` is the tunnel's type, `WIREGUARD` or `AMNEZIAWG`. Raises `BadInput` "path:line: what; remedy". No message
    holds a key.
    """
    interfaces, peers = _sections(text, path)
    if not interfaces:
        raise BadInput(f"{path}: no [Interface] section; name a WireGuard configuration file")
    top = interfaces[0]
    private_key = top.need("PrivateKey", _secret)
    addresses = top.many("Address", values.interface)
    if not addresses:
        top.fail(top.line, "[Interface] without Address; add it")
    if not peers:
        raise BadInput(f"{path}: no [Peer] section; add the peer to connect to")
    mtu = top.optional("MTU", values.mtu)
    if mtu is not None and mtu < IPV6_MIN_MTU and any(a.version == 6 for a in addresses):
        top.fail(top.entries["MTU"][0].line, f"MTU: IPv6 needs {IPV6_MIN_MTU}; raise it or remove the IPv6 Address")
    names = top.many("DNS", _resolver_or_domain)
    config = Config(
        private_key=private_key,
        addresses=addresses,
        peers=_peers(peers),
        dns=tuple(name for name in names if not isinstance(name, str)),
        search=tuple(name for name in names if isinstance(name, str)),
        mtu=mtu,
        listen_port=top.optional("ListenPort", values.port),
        amneziawg=_amneziawg(top, kind),
    )
    return config, [warning for section in (top, *peers) for warning in section.ignored()]


def _amneziawg(top: _Section, kind: str) -> amneziawg.Parameters:
    given = [key for key in amneziawg.KEYS if key in top.entries]
    if given and kind != AMNEZIAWG:
        line, key = min((top.entries[key][0].line, key) for key in given)
        top.fail(line, f'{key} is a setting of AmneziaWG; give the tunnel type = "{AMNEZIAWG}"')
    parameters = {key: top.need(key, partial(amneziawg.value, key)) for key in given}
    if fault := amneziawg.fault(parameters):
        top.fail(top.line, fault)
    return tuple(parameters.items())


def _sections(text: str, path: str) -> tuple[list[_Section], list[_Section]]:
    sections: dict[str, list[_Section]] = {"Interface": [], "Peer": []}
    section: _Section | None = None
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        if line.startswith("["):
            name = _SECTIONS.get(line[1:-1].strip().lower()) if line.endswith("]") else None
            if name is None:
                raise BadInput(f"{path}:{number}: unknown section; only [Interface] and [Peer] are known")
            section = _Section(path, name, number)
            if name == "Interface" and sections[name]:
                section.fail(number, f"a second [Interface] (the first is on line {sections[name][0].line}); keep one")
            sections[name].append(section)
        elif section is None:
            raise BadInput(
                f"{path}:{number}: this line comes before any section; name a WireGuard configuration file, "
                "which starts with [Interface]"
            )
        else:
            _add(section, number, line)
    return sections["Interface"], sections["Peer"]


def _add(section: _Section, number: int, line: str) -> None:
    name, equals, value = (part.strip() for part in line.partition("="))
    if not equals:
        section.fail(number, "not of the form Key = value; correct or remove it")
    key = _CANONICAL.get(name.lower())
    if key is None:
        section.fail(number, f"unknown key{_resembling(name)} in [{section.name}]; correct or remove it")
    if key in _HOOKS and value:
        section.fail(number, f"{key} is a shell command, and nsguard runs none; remove the line")
    if key not in _KEYS[section.name]:
        section.fail(number, f"{key} does not belong in [{section.name}]; move it")
    if not value and key in _HOOKS:
        return  # nothing to run
    if not value and key not in _LISTS:
        section.fail(number, f"{key} without a value; give one or remove the line")
    entries = section.entries.setdefault(key, [])
    if entries and key not in _LISTS:
        section.fail(number, f"a second {key} (the first is on line {entries[0].line}); keep one")
    entries.append(_Entry(number, value))


def _divided(key: str, value: str) -> list[str]:
    if key in _BLANKS_DIVIDE:
        return value.replace(",", " ").split()
    return [part.strip() for part in value.split(",")]


def _resembling(name: str) -> str:
    """The name for a message, if it resembles a known one. Another may be a torn key, since base64 ends with =."""
    import difflib  # takes a millisecond that only a failure needs

    alike = difflib.get_close_matches(name.lower(), _CANONICAL, n=1, cutoff=0.7)
    return f" {name}" if alike and name.isascii() and name.isalnum() else ""


def _peers(sections: list[_Section]) -> tuple[Peer, ...]:
    peers: dict[str, tuple[int, Peer]] = {}
    for section in sections:
        public_key = section.need("PublicKey", values.key)
        if public_key in peers:
            first = peers[public_key][0]
            section.fail(section.line, f"a peer with the public key of the one on line {first}; keep one")
        peer = Peer(
            public_key=public_key,
            preshared_key=section.optional("PresharedKey", _secret),
            endpoint=section.optional("Endpoint", values.endpoint),
            allowed_ips=section.many("AllowedIPs", values.network),
            keepalive=section.optional("PersistentKeepalive", values.keepalive) or 0,
        )
        peers[public_key] = section.line, peer
    return tuple(peer for _, peer in peers.values())


def _secret(text: str) -> Secret:
    return Secret(values.key(text))


def _resolver_or_domain(text: str) -> Address | str:
    try:
        values.address(text)
    except ValueError:
        return values.domain(text)
    return values.resolver(text)
