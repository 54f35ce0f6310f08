"""The parser of provider files, tested with random contents."""

import base64
import string
from ipaddress import ip_interface, ip_network

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from box import Box
from nsguard.errors import BadInput
from nsguard.net import wireguard
from nsguard.spec import values
from nsguard.spec.amneziawg import KEYS
from nsguard.spec.model import AMNEZIAWG, WIREGUARD, Config, Endpoint, Peer, Secret
from nsguard.spec.wgquick import parse
from provider_files import DEVICE, PROVIDERS, shown, stripped

FILE = "/run/secrets/x.conf"
# Mixes capitals, small letters and digits, as a random key does.
KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
TORN = 12

NAMES = (
    *("PrivateKey", "Address", "DNS", "MTU", "ListenPort", "FwMark", "Table", "SaveConfig", "PreUp", "PostDown"),
    *("PublicKey", "PresharedKey", "Endpoint", "AllowedIPs", "PersistentKeepalive", "Reserved", "Nonsense", *KEYS),
)
_values = st.sampled_from(
    [
        *(KEY, KEY[:22] + " " + KEY[22:], KEY[:-1], KEY[20:], "10.66.0.2/32", "fd66::2/128, 10.0.0.1", "::/0", "off"),
        *("198.51.100.7:51820", "[2001:db8::7]:443", "vpn.example.org:1", "1420", "65536", "", ",", "a,b c", "<b 0x0>"),
    ]
)
_noise = st.text(string.printable + "\u00a0\u2028\ufeff\u0660\u212a", max_size=12)
_line = st.one_of(
    st.sampled_from(["[Interface]", "[Peer]", "[interface]", "[ Peer ]", "[x]", "[", "#", KEY, KEY[5:]]),
    st.tuples(st.sampled_from(NAMES), _values, _noise).map(lambda it: f"{it[0]} = {it[1]}{it[2]}"),
    st.tuples(_noise, _values).map(lambda it: f"{it[0]}={it[1]}"),
    _noise,
)


@st.composite
def _mutated(draw: st.DrawFn) -> str:
    """A provider's file with a wrong line, a key in a wrong place, or a missing piece."""
    text = draw(st.sampled_from([path.read_text("utf-8-sig") for path in PROVIDERS.values()]))
    for _ in range(draw(st.integers(1, 4))):
        lines = text.split("\n")
        at = draw(st.integers(0, len(lines) - 1))
        lines[at : at + draw(st.integers(0, 2))] = [draw(_line)]
        text = "\n".join(lines)
        start = draw(st.integers(0, len(text)))
        text = text[:start] + text[start + draw(st.integers(0, 9)) :]
    return text


def _leaked(text: str, message: str) -> list[str]:
    """Pieces of the text's keys that are in the message. Keys are `KEY`, and long words in lines that contain "Key"."""
    keys = {KEY} | {
        word for line in text.split("\n") if "Key" in line for word in line.replace("=", " ").split() if len(word) > 30
    }
    pieces = {key[i : i + TORN] for key in keys for i in range(len(key) - TORN)}
    return [piece for piece in pieces if piece in message]


@given(
    st.one_of(st.text(max_size=400), st.lists(_line, max_size=14).map("\n".join), _mutated()),
    st.sampled_from([WIREGUARD, AMNEZIAWG]),
)
@example(f"[Interface]\nDNS = {KEY[:15]} {KEY[15:30]} {KEY[30:]}\n", WIREGUARD)
@example(f"[Interface]\n{KEY[25:]}\n", WIREGUARD)
@settings(max_examples=6 * settings().max_examples)
def test_any_text_is_a_tunnel_or_one_clear_line(text: str, kind: str) -> None:
    try:
        config, warnings = parse(text, FILE, kind)
    except BadInput as refused:
        message = str(refused)
        assert message.startswith(f"{FILE}:")
        assert message.isprintable()
        assert message.isascii()
        assert "; " in message  # what is wrong; how to fix it
        assert len(message) < 250
        assert _leaked(text, message) == []
        return
    assert config.addresses
    assert config.peers
    assert all(len(peer.public_key) == 44 for peer in config.peers)
    assert _leaked(text, repr(config._replace(peers=())) + " ".join(warnings)) == []


_keys = st.binary(min_size=32, max_size=32).map(lambda data: base64.b64encode(data).decode())
_ip4 = st.ip_addresses(v=4).map(str)
_ip6 = st.ip_addresses(v=6).map(lambda it: str(it).partition("%")[0])
# addresses of a single other host, as of peers and resolvers
_host4 = st.ip_addresses(v=4).filter(lambda it: not values.special(it)).map(str)
_host6 = _ip6.filter(lambda it: not values.special(values.address(it)))
_label = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z]", fullmatch=True)
_names = st.lists(_label, min_size=1, max_size=3).map(".".join)


def _with_length(ip4: st.SearchStrategy[str], ip6: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    either = st.one_of(st.tuples(ip4, st.integers(0, 32)), st.tuples(ip6, st.integers(0, 128)))
    return either.map(lambda it: f"{it[0]}/{it[1]}")


_interfaces = _with_length(_host4, _host6).map(ip_interface)
_networks = _with_length(_ip4, _ip6).map(lambda it: ip_network(it, strict=False))
_numeric = st.builds(Endpoint, st.one_of(_host4, _host6), st.integers(1, 65535))
_named = st.builds(Endpoint, _names, st.integers(1, 65535))


def _peers(endpoints: st.SearchStrategy[Endpoint]) -> st.SearchStrategy[tuple[Peer, ...]]:
    peer = st.builds(
        Peer,
        public_key=_keys,
        preshared_key=st.none() | _keys.map(Secret),
        endpoint=st.none() | endpoints,
        allowed_ips=st.lists(_networks, max_size=4, unique=True).map(tuple),
        keepalive=st.integers(0, 65535),
    )
    return st.lists(peer, min_size=1, max_size=3, unique_by=lambda it: it.public_key).map(tuple)


def _configs(endpoints: st.SearchStrategy[Endpoint]) -> st.SearchStrategy[Config]:
    return st.builds(
        Config,
        private_key=_keys.map(Secret),
        addresses=st.lists(_interfaces, min_size=1, max_size=3).map(tuple),
        peers=_peers(endpoints),
        dns=st.lists(st.one_of(_host4, _host6).map(values.address), max_size=3).map(tuple),
        search=st.lists(_names, max_size=2).map(tuple),
        mtu=st.none() | st.integers(1280, 65535),
        listen_port=st.none() | st.integers(0, 65535),
        amneziawg=st.just(()),
    )


@st.composite
def _spelled(draw: st.DrawFn, config: Config) -> str:
    """The configuration in one of many spellings: order, case, blanks, comments, lists in one line or two."""

    def listed(key: str, items: list[str]) -> list[tuple[str, str]]:
        cut = draw(st.integers(0, len(items)))
        return [(key, ", ".join(part)) for part in (items[:cut], items[cut:]) if part]

    def section(name: str, entries: list[tuple[str, str]]) -> list[str]:
        lines = [f"[{name}]"]
        for key, value in draw(st.permutations(entries)) if not _repeated(entries) else entries:
            spelled = draw(st.sampled_from([key, key.lower(), key.upper()]))
            equals = draw(st.sampled_from(["=", " = ", "\t=  "]))
            after = draw(st.sampled_from(["", "  ", "# a comment = 1", " # [Peer]"]))
            lines += [*draw(st.sampled_from([[], [""], ["# Key = value"]])), f"{spelled}{equals}{value}{after}"]
        return lines

    interface = [("PrivateKey", config.private_key.reveal())]
    interface += listed("Address", [str(it) for it in config.addresses])
    interface += listed("DNS", [*map(str, config.dns), *config.search])
    interface += [("MTU", str(config.mtu))] if config.mtu is not None else []
    interface += [("ListenPort", str(config.listen_port))] if config.listen_port is not None else []
    lines = section("Interface", interface)
    for peer in config.peers:
        entries = [("PublicKey", peer.public_key)]
        entries += [("PresharedKey", peer.preshared_key.reveal())] if peer.preshared_key else []
        entries += [("Endpoint", str(peer.endpoint))] if peer.endpoint else []
        entries += listed("AllowedIPs", [str(it) for it in peer.allowed_ips])
        entries += [
            ("PersistentKeepalive", str(peer.keepalive) if peer.keepalive else draw(st.sampled_from(["0", "off"])))
        ]
        lines += section("Peer", entries)
    return "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n# end"]))


def _repeated(entries: list[tuple[str, str]]) -> bool:
    """Whether the order of lines matters, because several lines have the same key."""
    return len({key for key, _ in entries}) < len(entries)


def _plain(config: Config) -> object:
    """The same configuration with its keys in plain text, for comparison."""
    return config._replace(
        private_key=config.private_key.reveal(),  # type: ignore[arg-type]
        peers=tuple(
            peer._replace(preshared_key=peer.preshared_key and peer.preshared_key.reveal())  # type: ignore[arg-type]
            for peer in config.peers
        ),
    )


@given(_configs(_numeric | _named).flatmap(lambda it: st.tuples(st.just(it), _spelled(it))))
@settings(max_examples=5 * settings().max_examples // 2)
def test_what_was_written_is_what_is_read(written: tuple[Config, str]) -> None:
    config, text = written
    found, warnings = parse(text, FILE)
    assert warnings == []
    assert _plain(found) == _plain(config)


@pytest.fixture
def device(box: Box) -> Box:
    """A box with a link of wireguard-go in it."""
    box.out("sh", "-c", f"WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1 wireguard-go {DEVICE}")
    return box


def test_wg_reads_the_same(device: Box) -> None:
    """From any spelling, wg-quick(8) and wg(8) make the same link as our parser."""
    compared = 0

    @given(_configs(_numeric).flatmap(_spelled))
    @settings(max_examples=40, suppress_health_check=list(HealthCheck))
    def check(text: str) -> None:
        nonlocal compared
        config, _ = parse(text, FILE)
        endpoints = {peer.public_key: peer.endpoint for peer in config.peers if peer.endpoint}
        ours = shown(device, wireguard.settings(config, endpoints, "0x1", config.listen_port))
        assert ours == shown(device, stripped(device, text))
        compared += 1

    check()
    assert compared >= 40
