"""The MTU of a tunnel that goes through another tunnel."""

from collections.abc import Mapping

from nsguard.errors import NsguardError
from nsguard.spec.model import DEFAULT_MTU, IPV6_MIN_MTU, Config, Endpoint
from nsguard.spec.spec import Spec
from nsguard.system import process, quick_json

# Bytes of the headers around a packet: WireGuard's (whitepaper §5.4.6), UDP's (RFC 768), IP's (RFC 791, RFC 8200).
_WIREGUARD, _UDP, _IP = 32, 8, {4: 20, 6: 40}


def fitting(spec: Spec, config: Config, endpoints: Mapping[str, Endpoint]) -> int:
    """The MTU in bytes: the configured one, or less if the outer tunnel leaves less.

    Raises `NsguardError` if the outer tunnel is not up, or leaves too little for IPv6.
    """
    if spec.outer is None:
        return config.mtu or DEFAULT_MTU
    limit = _of_link(spec) - overhead(config, endpoints)
    if config.mtu is not None and config.mtu > limit:
        process.say(f"nsguard: warning: MTU {config.mtu} is too large for namespace {spec.outer}; using {limit}")
    mtu = min(config.mtu or limit, limit)
    if mtu < IPV6_MIN_MTU and any(address.version == 6 for address in config.addresses):
        raise NsguardError(
            f"tunnel {spec.tunnel.name}: namespace {spec.outer} leaves an MTU of {mtu}, and IPv6 needs"
            f" {IPV6_MIN_MTU}; raise the MTU there or use one tunnel less"
        )
    return mtu


def overhead(config: Config, endpoints: Mapping[str, Endpoint]) -> int:
    """Bytes that the tunnel adds to a packet, with the larger IP header if the endpoints have both families."""
    families = {6 if ":" in endpoint.host else 4 for endpoint in endpoints.values()} or {6}
    return _WIREGUARD + _UDP + max(_IP[family] for family in families) + int(dict(config.amneziawg).get("S4", 0))


def _of_link(spec: Spec) -> int:
    try:
        (link,) = quick_json.loads(
            process.ask("ip", "-n", str(spec.outer), "-j", "link", "show", "dev", spec.interface)
        )
    except process.CommandFailed:
        raise NsguardError(
            f"tunnel {spec.tunnel.name} goes through namespace {spec.outer}, which has no tunnel now;"
            f" run: nsguard tunnel up {spec.outer}"
        ) from None
    return int(link["mtu"])
