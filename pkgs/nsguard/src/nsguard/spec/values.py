"""Parsers of single values in WireGuard's notation. Each raises ValueError that says what is wrong and the remedy.

Parsers of addresses import their part of ipaddress themselves: it is a third of what a command would load, and a
namespace whose tunnel has a provider's file comes up without reading an address.
"""

from __future__ import annotations

import binascii

from nsguard.spec.model import Endpoint
from nsguard.spec.word import ALPHANUMERIC, DIGITS, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from nsguard.spec.model import Address, Interface, Network

_LABEL = Word(f"{ALPHANUMERIC}_", f"{ALPHANUMERIC}_-", 63, last=f"{ALPHANUMERIC}_")
_NUMBER = Word(DIGITS, DIGITS, 10)
# RFC 4291 §2.2: the longest has 45 characters.
_ADDRESS = Word(f"{DIGITS}ABCDEFabcdef:.", f"{DIGITS}ABCDEFabcdef:.", 45)
_PREFIX = Word(DIGITS, DIGITS, 3)
# Text that may be a key or a part of one: long, or with capital and small letters mixed.
_KEY_LIKE = r"[A-Za-z0-9+/]{20,}|(?=[a-z0-9+/]*[A-Z])(?=[A-Z0-9+/]*[a-z])[A-Za-z0-9+/]{8,}"


def shown(text: str) -> str:
    """`text` quoted for a message; "the value" instead if it is long, or may be a key in the wrong place."""
    import re  # only a message pays for it

    return "the value" if len(text) > 64 or re.search(_KEY_LIKE, text) else ascii(text)


def key(text: str) -> str:
    """A Curve25519 or preshared key: 32 bytes in canonical base64, 44 characters (wg(8))."""
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (ValueError, UnicodeEncodeError):
        data = b""
    if len(data) != 32 or binascii.b2a_base64(data, newline=False).decode() != text:
        raise ValueError("malformed key; copy all 44 characters of it, the last is =")
    return text


def interface(text: str) -> Interface:
    """An address with prefix length; without one, that of a single address (wg-quick(8), Address)."""
    from ipaddress import ip_interface

    try:
        address = ip_interface(_cidr(text))
    except ValueError:
        raise ValueError(f"{shown(text)} is not an address; write one like 10.66.0.2/32 or fd66::2/128") from None
    if kind := special(address.ip):
        raise ValueError(f"{text} is {kind}, which no tunnel has; write the address that the provider gave you")
    return address


def network(text: str) -> Network:
    """An allowed IP; bits beyond the prefix are cleared as wg(8) does."""
    from ipaddress import ip_network

    try:
        return ip_network(_cidr(text), strict=False)
    except ValueError:
        raise ValueError(f"{shown(text)} is not an address range; write one like 0.0.0.0/0 or ::/0") from None


def address(text: str) -> Address:
    """An address without prefix length."""
    from ipaddress import ip_address

    try:
        return ip_address(_cidr(text))
    except ValueError:
        raise ValueError(f"{shown(text)} is not an address; write one like 10.66.0.1 or fd66::1") from None


def special(address: Address) -> str:
    """The kind of an address that names no single other host, such as "a loopback address"; empty for all others.

    RFC 6890 §2.2.2 (this network, loopback, limited broadcast), RFC 5771 §3 and RFC 4291 §2.4 (multicast, loopback,
    unspecified); an IPv4 address in an IPv6 one (RFC 4291 §2.5.5) counts as that.
    """
    if address.version == 6 and address.ipv4_mapped:
        return special(address.ipv4_mapped)
    if address.is_loopback:
        return "a loopback address"
    if address.is_multicast:
        return "a multicast address"
    if address.is_unspecified or (address.version == 4 and address.packed[0] == 0):
        return "an unspecified address"
    return "the broadcast address" if str(address) == "255.255.255.255" else ""


def resolver(text: str) -> Address:
    """The address of a resolver that is asked through the tunnel."""
    server = address(text)
    if kind := special(server):
        raise ValueError(
            f"{text} is {kind}, where no resolver answers through the tunnel; write the provider's resolver"
        )
    return server


def ipv4(text: str) -> IPv4Address:
    """An IPv4 address."""
    from ipaddress import IPv4Address

    try:
        return IPv4Address(text)
    except ValueError:
        raise ValueError(f"{shown(text)} is not an IPv4 address; write one like 10.2.0.1") from None


def _cidr(text: str) -> str:
    # ipaddress also takes netmasks and scope ids, which neither wg nor a tunnel's address has.
    address, slash, prefix = text.partition("/")
    if not _ADDRESS(address) or (slash and not _PREFIX(prefix)):
        raise ValueError
    return text


def domain(text: str) -> str:
    """A search domain."""
    if not _is_name(text):
        raise ValueError(f"{shown(text)} is neither an address nor a domain; correct it")
    return text


def endpoint(text: str) -> Endpoint:
    """host:port, address:port or [IPv6]:port (wg(8), Endpoint)."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        valid = ":" in host and is_address(host)
    else:
        valid = _is_name(host) or (":" not in host and is_address(host))
    if not (colon and valid and _NUMBER(port) and 1 <= int(port) <= 65535):
        raise ValueError(f"{shown(text)} is not an endpoint; write host:port or [IPv6 address]:port")
    if is_address(host) and (kind := special(address(host))):
        raise ValueError(f"{shown(text)} is {kind}, which no peer can have; write the peer's own address")
    return Endpoint(host, int(port))


def _is_name(text: str) -> bool:
    labels = text.removesuffix(".").split(".")
    # If the last label consists of digits, this is a wrong address and no name (RFC 1123 §2.1).
    return len(text) <= 253 and all(_LABEL(label) for label in labels) and not _NUMBER(labels[-1])


def is_address(text: str) -> bool:
    """Whether `text` is an address; otherwise it is a name."""
    try:
        address(text)
    except ValueError:
        return False
    return True


def number(text: str, least: int, most: int) -> int:
    """A decimal number from `least` to `most`."""
    if not (_NUMBER(text) and least <= int(text) <= most):
        raise ValueError(f"{shown(text)} is not a number from {least} to {most}; correct it")
    return int(text)


def port(text: str) -> int:
    """A UDP port to listen on; 0 lets the kernel choose (wg(8), ListenPort)."""
    return number(text, 0, 65535)


def mtu(text: str) -> int:
    """An MTU in bytes, at least 576 (RFC 791)."""
    return number(text, 576, 65535)


def keepalive(text: str) -> int:
    """A keepalive interval in seconds; "off" is 0 (wg(8), PersistentKeepalive)."""
    return 0 if text.lower() == "off" else number(text, 0, 65535)
