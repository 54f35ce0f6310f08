"""Gaps: traffic that a tunnel does not carry although users may expect it, while each of its values is valid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nsguard.system.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nsguard.spec.model import Config, Network


class Gap(NamedTuple):
    """What the tunnel does not carry and why, and what to do. A note: the user may want it so."""

    what: str
    remedy: str
    note: bool = False


def gaps(config: Config) -> Iterator[Gap]:
    """Every gap, causes before their effects."""
    if not any(peer.endpoint for peer in config.peers):
        yield Gap("no peer has an endpoint, so the tunnel cannot start a handshake", "add the Endpoint of a peer")
    else:
        for peer in config.peers:
            if peer.endpoint is None:
                yield Gap(f"peer {peer.public_key} has no endpoint, so nothing is sent to it", "give it one", note=True)
    holders: dict[Network, str] = {}
    for peer in config.peers:
        if not peer.allowed_ips:
            yield Gap(
                f"peer {peer.public_key} has no AllowedIPs, so nothing is sent to it",
                "add them: 0.0.0.0/0 for all of IPv4, ::/0 for all of IPv6",
            )
        for network in dict.fromkeys(peer.allowed_ips):
            if network in holders:
                yield Gap(
                    f"peers {holders[network]} and {peer.public_key} both have AllowedIPs {network}, and WireGuard "
                    f"sends that to the latter only",
                    "keep the range at one of them",
                )
            holders[network] = peer.public_key
    yield from _unasked(config, holders) if holders else ()


def _unasked(config: Config, ranges: Iterable[Network]) -> Iterator[Gap]:
    """Resolvers to which the tunnel sends nothing. ranges: the AllowedIPs of all peers."""
    families = {address.version for address in config.addresses}
    for resolver in config.dns:
        if resolver.version not in families:
            yield Gap(
                f"the tunnel has no address of IPv{resolver.version}, so the resolver {resolver} gets no queries",
                "add the address that the provider gave, or remove the resolver",
            )
        elif not any(resolver in network for network in ranges):
            yield Gap(
                f"no peer's AllowedIPs cover {resolver}, so this resolver gets no queries",
                f"add {resolver}/{resolver.max_prefixlen} to the AllowedIPs of a peer, or name another resolver",
            )
