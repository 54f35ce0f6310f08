"""wg-quick files: what the parser accepts, and the one-line error for the rest."""

from ipaddress import ip_address, ip_interface, ip_network

import pytest

from box import PEER, PRIVATE, SECOND_PEER
from nsguard.errors import BadInput
from nsguard.spec.model import Config, Endpoint
from nsguard.spec.wgquick import parse
from nsguard.system import files

FILE = "/run/secrets/mullvad.conf"
INTERFACE = f"[Interface]\nPrivateKey = {PRIVATE}\nAddress = 10.66.0.2/32\n"
PEERS = f"[Peer]\nPublicKey = {PEER}\n"
WHOLE = INTERFACE + PEERS


def _parse(text: str) -> Config:
    config, warnings = parse(text, FILE)
    assert warnings == []
    return config


def test_a_provider_file_in_full() -> None:
    config = _parse(
        f"""# Device: Quick Fox
[Interface]
PrivateKey = {PRIVATE}
Address = 10.66.0.2/32,fd66::2/128
DNS = 10.66.0.1, fd66::1
DNS = example.org
MTU = 1380
ListenPort = 51820

[Peer]
PublicKey = {PEER} # Stockholm
PresharedKey = {PRIVATE}
AllowedIPs = 0.0.0.0/0
AllowedIPs = ::/0
Endpoint = 198.51.100.7:51820
PersistentKeepalive = 25

[Peer]
PublicKey = {SECOND_PEER}
AllowedIPs = 10.1.2.3/8
Endpoint = [2001:db8::7]:443
PersistentKeepalive = off
"""
    )
    assert config.private_key.reveal() == PRIVATE
    assert config.addresses == (ip_interface("10.66.0.2/32"), ip_interface("fd66::2/128"))
    assert config.dns == (ip_address("10.66.0.1"), ip_address("fd66::1"))
    assert config.search == ("example.org",)
    assert (config.mtu, config.listen_port) == (1380, 51820)
    first, second = config.peers
    assert first.preshared_key is not None
    assert first.preshared_key.reveal() == PRIVATE
    assert first.endpoint == Endpoint("198.51.100.7", 51820)
    assert first.allowed_ips == (ip_network("0.0.0.0/0"), ip_network("::/0"))
    assert (first.keepalive, second.keepalive) == (25, 0)
    assert second.endpoint == Endpoint("2001:db8::7", 443)
    assert second.allowed_ips == (ip_network("10.0.0.0/8"),)
    assert second.preshared_key is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(WHOLE.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(WHOLE.rstrip("\n"), id="no last newline"),
        pytest.param(WHOLE.upper().replace(PRIVATE.upper(), PRIVATE).replace(PEER.upper(), PEER), id="upper case"),
        pytest.param(WHOLE.replace("PrivateKey", "privatekey").replace("Peer]", "pEER]"), id="any case"),
        pytest.param(WHOLE.replace(" = ", "="), id="no blanks"),
        pytest.param(WHOLE.replace("[Interface]", "  [ Interface ]\t"), id="blanks about a section"),
        pytest.param("\n\n#x\n" + WHOLE.replace("\n", "\n\n"), id="blank lines"),
        pytest.param(WHOLE.replace("10.66.0.2/32", "10.66.0.2"), id="no prefix length"),
        pytest.param(WHOLE.replace("10.66.0.2/32", ", 10.66.0.2/32,"), id="empty list items"),
        pytest.param(WHOLE.replace("[Peer]", "DNS =\n[Peer]"), id="empty DNS"),
        pytest.param(WHOLE.replace("[Peer]", "PostUp =\nPostDown = # none\n[Peer]"), id="empty hooks"),
        pytest.param(PEERS + INTERFACE, id="peer first"),
        pytest.param(WHOLE.replace("[Peer]", "[Peer]#comment"), id="comment after a section"),
    ],
)
def test_spellings_of_the_same(text: str) -> None:
    config, plain = _parse(text), _parse(WHOLE)
    assert config.private_key.reveal() == plain.private_key.reveal()
    assert config._replace(private_key=plain.private_key) == plain


@pytest.mark.parametrize(
    ("value", "endpoint"),
    [
        ("vpn.example.org:51820", Endpoint("vpn.example.org", 51820)),
        ("vpn:1", Endpoint("vpn", 1)),
        ("[fe80::1]:65535", Endpoint("fe80::1", 65535)),
    ],
)
def test_endpoints(value: str, endpoint: Endpoint) -> None:
    assert _parse(f"{WHOLE}Endpoint = {value}\n").peers[0].endpoint == endpoint


def test_what_is_ignored_is_said() -> None:
    more = "Table = off\nSaveConfig = true\nFwMark = 0xca6c\n"
    _, warnings = parse(INTERFACE + more + PEERS, FILE)
    assert warnings == [
        f"{FILE}:4: Table is ignored: the namespace has its own routes",
        f"{FILE}:5: SaveConfig is ignored: nsguard never writes to the file",
        f"{FILE}:6: FwMark is ignored: nsguard sets its own mark to pin the tunnel to its endpoints",
    ]


def test_settings_of_other_clients_are_ignored_and_said() -> None:
    services = "nsguard.namespace selects the services that use the tunnel"
    given_up = "AmneziaWG 2.0 has removed it, and the far end does not need it"
    junk = "".join(f"{key} = <b 0x01>\n" for key in ("J1", "J2", "J3")) + "Itime = 60\n"
    apps = "AllowedApps = C:\\\\Program Files\\\\x.exe, y\nDisallowedApps =\nDisallowedIPs = 192.0.2.0/24\n"
    config, warnings = parse(INTERFACE + junk + PEERS + apps, FILE)
    assert (config.peers, config.amneziawg) == (_parse(WHOLE).peers, ())
    assert warnings == [
        *(f"{FILE}:{line}: {key} is ignored: {given_up}" for line, key in enumerate(("J1", "J2", "J3", "Itime"), 4)),
        f"{FILE}:10: AllowedApps is ignored: {services}",
        f"{FILE}:11: DisallowedApps is ignored: {services}",
        f"{FILE}:12: DisallowedIPs is ignored: nothing bypasses the tunnel of a namespace; AllowedIPs decides what a "
        f"peer gets",
    ]


SPECIAL = {
    "127.0.0.1": "a loopback address",
    "::1": "a loopback address",
    "::ffff:127.0.0.9": "a loopback address",
    "224.0.0.251": "a multicast address",
    "ff02::1": "a multicast address",
    "0.0.0.0": "an unspecified address",  # noqa: S104 (nothing listens)
    "0.1.2.3": "an unspecified address",
    "::": "an unspecified address",
    "255.255.255.255": "the broadcast address",
}


@pytest.mark.parametrize(("address", "kind"), SPECIAL.items())
def test_addresses_of_nobody_else_are_refused(address: str, kind: str) -> None:
    at = f"[{address}]:67" if ":" in address else f"{address}:67"
    peer = f"{at!r} is {kind}, which no peer can have; write the peer's own address"
    no_resolver = f"{address} is {kind}, where no resolver answers through the tunnel; write the provider's resolver"
    for text, message in (
        (WHOLE + f"Endpoint = {at}\n", f":6: Endpoint: {peer}"),
        (INTERFACE + f"DNS = 10.66.0.1, {address}\n" + PEERS, f":4: DNS: {no_resolver}"),
        (
            WHOLE.replace("10.66.0.2/32", f"{address}/32"),
            f":3: Address: {address}/32 is {kind}, which no tunnel has; write the address that the provider gave you",
        ),
    ):
        with pytest.raises(BadInput) as refused:
            parse(text, FILE)
        assert str(refused.value) == FILE + message


KEY_HELP = "malformed key; copy all 44 characters of it, the last is ="
ADDRESS_HELP = "write one like 10.66.0.2/32 or fd66::2/128"
ENDPOINT_HELP = "write host:port or [IPv6 address]:port"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": no [Interface] section; name a WireGuard configuration file"),
        ("# nothing\n", ": no [Interface] section; name a WireGuard configuration file"),
        (PEERS, ": no [Interface] section; name a WireGuard configuration file"),
        (INTERFACE, ": no [Peer] section; add the peer to connect to"),
        (
            "client\nremote vpn.example.org 1194\n",
            ":1: this line comes before any section; name a WireGuard configuration file, which starts with "
            "[Interface]",
        ),
        ("[Interface\n", ":1: unknown section; only [Interface] and [Peer] are known"),
        ("[Peers]\n", ":1: unknown section; only [Interface] and [Peer] are known"),
        (WHOLE + INTERFACE, ":6: a second [Interface] (the first is on line 1); keep one"),
        ("[Interface]\nAddress = 10.0.0.1\n" + PEERS, ":1: [Interface] without PrivateKey; add it"),
        (f"[Interface]\nPrivateKey = {PRIVATE}\n" + PEERS, ":1: [Interface] without Address; add it"),
        (INTERFACE + "[Peer]\n", ":4: [Peer] without PublicKey; add it"),
        (WHOLE + PEERS, ":6: a peer with the public key of the one on line 4; keep one"),
        (WHOLE + "Jc = 4\n", ":6: Jc does not belong in [Peer]; move it"),
        (INTERFACE + "Adress = 1\n", ":4: unknown key Adress in [Interface]; correct or remove it"),
        (
            INTERFACE + "PersistentKeepAlives = 1\n",
            ":4: unknown key PersistentKeepAlives in [Interface]; correct or remove it",
        ),
        (INTERFACE + PRIVATE[-20:] + "\n", ":4: unknown key in [Interface]; correct or remove it"),
        (INTERFACE + PRIVATE + "\n", ":4: unknown key in [Interface]; correct or remove it"),
        (INTERFACE + "PublicKey = x\n", ":4: PublicKey does not belong in [Interface]; move it"),
        (WHOLE + "DNS = 10.0.0.1\n", ":6: DNS does not belong in [Peer]; move it"),
        (INTERFACE + "MTU 1420\n", ":4: not of the form Key = value; correct or remove it"),
        (INTERFACE + "MTU =\n", ":4: MTU without a value; give one or remove the line"),
        (INTERFACE + f"PrivateKey = {PRIVATE}\n", ":4: a second PrivateKey (the first is on line 2); keep one"),
        (WHOLE.replace(PRIVATE, PRIVATE[:-2]), f":2: PrivateKey: {KEY_HELP}"),
        (WHOLE.replace(PRIVATE, PRIVATE[:-2] + "l="), f":2: PrivateKey: {KEY_HELP}"),
        (WHOLE.replace(PRIVATE, "AAAA"), f":2: PrivateKey: {KEY_HELP}"),
        (WHOLE.replace(PRIVATE, PRIVATE + "="), f":2: PrivateKey: {KEY_HELP}"),
        (WHOLE.replace(PRIVATE, "ключ"), f":2: PrivateKey: {KEY_HELP}"),
        (WHOLE.replace(PEER, "no"), f":5: PublicKey: {KEY_HELP}"),
        (WHOLE + "PresharedKey = no\n", f":6: PresharedKey: {KEY_HELP}"),
        (
            WHOLE.replace("10.66.0.2/32", "10.66.0.2/33"),
            f":3: Address: '10.66.0.2/33' is not an address; {ADDRESS_HELP}",
        ),
        (WHOLE.replace("10.66.0.2/32", "fd66::2%lo"), f":3: Address: 'fd66::2%lo' is not an address; {ADDRESS_HELP}"),
        (WHOLE.replace("10.66.0.2/32", PRIVATE), f":3: Address: the value is not an address; {ADDRESS_HELP}"),
        (
            WHOLE.replace("10.66.0.2/32", "10.66.0.2/255.255.255.0"),
            f":3: Address: '10.66.0.2/255.255.255.0' is not an address; {ADDRESS_HELP}",
        ),
        (
            INTERFACE + "DNS = 10.66.0.300\n" + PEERS,
            ":4: DNS: '10.66.0.300' is neither an address nor a domain; correct it",
        ),
        (INTERFACE + "DNS = a|b\n" + PEERS, ":4: DNS: 'a|b' is neither an address nor a domain; correct it"),
        (INTERFACE + "DNS = $(id)\n" + PEERS, ":4: DNS: '$(id)' is neither an address nor a domain; correct it"),
        (
            WHOLE + "AllowedIPs = 0.0.0.0/0 ::/0\n",
            ":6: AllowedIPs: '0.0.0.0/0 ::/0' is not an address range; write one like 0.0.0.0/0 or ::/0",
        ),
        (WHOLE + "Endpoint = 198.51.100.7\n", f":6: Endpoint: '198.51.100.7' is not an endpoint; {ENDPOINT_HELP}"),
        (WHOLE + "Endpoint = 198.51.100.7:0\n", f":6: Endpoint: '198.51.100.7:0' is not an endpoint; {ENDPOINT_HELP}"),
        (WHOLE + "Endpoint = 127.1:99\n", f":6: Endpoint: '127.1:99' is not an endpoint; {ENDPOINT_HELP}"),
        (WHOLE + "Endpoint = a:65536\n", f":6: Endpoint: 'a:65536' is not an endpoint; {ENDPOINT_HELP}"),
        (
            WHOLE + "Endpoint = 2001:db8::7:51820\n",
            f":6: Endpoint: '2001:db8::7:51820' is not an endpoint; {ENDPOINT_HELP}",
        ),
        (WHOLE + "Endpoint = [a.example]:99\n", f":6: Endpoint: '[a.example]:99' is not an endpoint; {ENDPOINT_HELP}"),
        (WHOLE + "Endpoint = -o:99\n", f":6: Endpoint: '-o:99' is not an endpoint; {ENDPOINT_HELP}"),
        (
            WHOLE + "PersistentKeepalive = 65536\n",
            ":6: PersistentKeepalive: '65536' is not a number from 0 to 65535; correct it",
        ),
        (INTERFACE + "ListenPort = -1\n" + PEERS, ":4: ListenPort: '-1' is not a number from 0 to 65535; correct it"),
        (INTERFACE + "MTU = ٣\n" + PEERS, ":4: MTU: '\\u0663' is not a number from 576 to 65535; correct it"),
        (
            INTERFACE.replace("10.66.0.2/32", "fd66::2") + "MTU = 1279\n" + PEERS,
            ":4: MTU: IPv6 needs 1280; raise it or remove the IPv6 Address",
        ),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse(text, FILE)
    assert str(refused.value) == FILE + message
    assert PRIVATE not in str(refused.value)


@pytest.mark.parametrize("hook", ["PreUp", "PostUp", "PreDown", "PostDown", "postup"])
def test_hooks_are_refused_by_name(hook: str) -> None:
    name = "PostUp" if hook == "postup" else hook
    with pytest.raises(BadInput) as refused:
        parse(f"{INTERFACE}{hook} = touch /tmp/x\n{PEERS}", FILE)
    assert str(refused.value) == f"{FILE}:4: {name} is a shell command, and nsguard runs none; remove the line"


def test_secrets_do_not_show_themselves() -> None:
    config = _parse(f"{WHOLE}PresharedKey = {SECOND_PEER}\n")
    for text in (repr(config), str(config), f"{config}", "%s" % (config,), str(config.private_key)):  # noqa: UP031
        assert PRIVATE not in text
        assert SECOND_PEER not in text
        assert "<secret>" in text


@pytest.mark.parametrize("size", [files.LIMIT, 10_000_000])
def test_junk_takes_no_time(size: int) -> None:
    for junk in ("=" * size, "[" * size, "a=" + "b" * size, "[Interface]\nDNS=" + "a" * size + "!"):
        with pytest.raises(BadInput) as refused:
            parse(junk, FILE)
        assert len(str(refused.value)) < 200
