"""The tunnel that a spec describes: read from the provider's file or from the typed options, with its keys."""

from nsguard.errors import BadInput
from nsguard.spec import keys, wgquick
from nsguard.spec.gaps import gaps
from nsguard.spec.model import IPV6_MIN_MTU, Config, Peer
from nsguard.spec.spec import Spec, TunnelSpec
from nsguard.system import files
from nsguard.system.process import say


def load(spec: Spec) -> Config:
    """The tunnel with every value checked. Raises `BadInput`.

    Changes nothing, except that it generates a key file if `generatePrivateKeyFile` asks for one.
    """
    tunnel = spec.tunnel
    config = _from_file(tunnel.config_file, tunnel.kind) if tunnel.config_file is not None else _from_options(tunnel)
    config = config._replace(
        listen_port=config.listen_port if tunnel.listen_port is None else tunnel.listen_port,
        mtu=config.mtu if tunnel.mtu is None else tunnel.mtu,
        dns=tunnel.dns or config.dns,
    )
    if (
        config.mtu is not None
        and config.mtu < IPV6_MIN_MTU
        and any(address.version == 6 for address in config.addresses)
    ):
        raise BadInput(f"tunnel {tunnel.name}: mtu {config.mtu}: IPv6 needs {IPV6_MIN_MTU}; raise it")
    for gap in gaps(config):
        say(f"nsguard: warning: tunnel {tunnel.name}: {gap.what}; {gap.remedy}")
    return config


def _from_file(path: str, kind: str) -> Config:
    config, warnings = wgquick.parse(files.read(path, secret=True), path, kind)
    for warning in warnings:
        say(f"nsguard: warning: {warning}")
    return config


def _from_options(tunnel: TunnelSpec) -> Config:
    path = tunnel.private_key_file
    assert path is not None  # noqa: S101 (the spec was refused otherwise)
    if tunnel.generate_private_key_file:
        keys.ensure(path)
    return Config(
        private_key=keys.read(path),
        addresses=tunnel.ips,
        peers=tuple(
            Peer(
                public_key=peer.public_key,
                preshared_key=None if peer.preshared_key_file is None else keys.read(peer.preshared_key_file),
                endpoint=peer.endpoint,
                allowed_ips=peer.allowed_ips,
                keepalive=peer.keepalive,
            )
            for peer in tunnel.peers
        ),
    )
