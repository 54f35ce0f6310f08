"""The WireGuard link: the kernel's, or wireguard-go's where the kernel has none.

Either way its UDP socket is the host's. The kernel's link is born inside the namespace; wireguard-go's is made
in the host without an address, and moved. Keys go through standard input only.
"""

import contextlib
from collections.abc import Mapping

from nsguard import process, userspace
from nsguard.model import Config, Endpoint
from nsguard.namespace import entered
from nsguard.spec import Spec
from nsguard.state import State, Tunnel

# Seconds; any but 0 will do, it is taken back before it is over.
GREETING = 25
_OFF = ("persistent-keepalive", "0")
# What rtnetlink(7) says of a link type that the kernel neither has nor can load.
_UNKNOWN_TYPE = ("Unknown device type", "Operation not supported")


def settings(config: Config, endpoints: Mapping[str, Endpoint], mark: str, listen_port: int | None) -> str:
    """The tunnel in wg(8)'s configuration format. Holds the keys."""
    lines = ["[Interface]", f"PrivateKey = {config.private_key.reveal()}", f"FwMark = {mark}"]
    if listen_port is not None:
        lines.append(f"ListenPort = {listen_port}")
    for peer in config.peers:
        lines += ["[Peer]", f"PublicKey = {peer.public_key}"]
        if peer.preshared_key:
            lines.append(f"PresharedKey = {peer.preshared_key.reveal()}")
        if peer.public_key in endpoints:
            lines.append(f"Endpoint = {endpoints[peer.public_key]}")
        lines.append(f"AllowedIPs = {', '.join(str(network) for network in peer.allowed_ips)}")
        lines.append(f"PersistentKeepalive = {peer.keepalive}")
    return "\n".join([*lines, ""])


def greeting(config: Config) -> Config:
    """The same with a keepalive for every peer, which makes the link shake hands when it comes up.

    A connection from before a restart may be one on which only the far end has something to send, and that end
    sends to the old port until it hears from the new one.
    """
    return config._replace(peers=tuple(peer._replace(keepalive=peer.keepalive or GREETING) for peer in config.peers))


def settle(name: str, tunnel: Tunnel, config: Config) -> None:
    """Take the greeting's keepalives back, once the link is up."""
    silent = [word for peer in config.peers if not peer.keepalive for word in ("peer", peer.public_key, *_OFF)]
    if silent:
        with _at(name, tunnel):
            process.change("wg", "set", tunnel.device, *silent)


def create(spec: Spec, found: State, tunnel: Tunnel, text: str) -> Tunnel:
    """Make the link inside the namespace, down, and give it `text`; the tunnel with its implementation named."""
    name, link = found.name, tunnel.interface
    try:
        process.change("ip", "link", "add", link, "netns", name, "type", "wireguard")
    except process.CommandFailed as error:
        if not any(cause in error.said for cause in _UNKNOWN_TYPE):
            raise
        process.say("nsguard: this kernel has no WireGuard; starting wireguard-go")
    else:
        tunnel = tunnel._replace(implementation="kernel", device=link)
        configure(name, tunnel, "setconf", text)
        return tunnel
    tunnel = tunnel._replace(implementation="userspace", device=spec.userspace_interface, unit=spec.userspace_unit)
    found.write_tunnel(tunnel)  # a run killed from here on leaves a unit to stop
    userspace.start(tunnel)
    configure(name, tunnel, "setconf", text)
    process.change("ip", "link", "set", "dev", tunnel.device, "netns", name, "name", link)
    return tunnel


def configure(name: str, tunnel: Tunnel, verb: str, text: str) -> None:
    """`wg setconf` or `wg syncconf`, where wg finds the device."""
    with _at(name, tunnel):
        process.change("wg", verb, tunnel.device, "/dev/stdin", stdin=text)


def show(name: str, tunnel: Tunnel, what: str) -> list[list[str]]:
    """`wg show DEVICE what`, split into lines and fields. Never asks for keys other than public ones."""
    with _at(name, tunnel):
        return [line.split("\t") for line in process.ask("wg", "show", tunnel.device, what).splitlines()]


def _at(name: str, tunnel: Tunnel) -> contextlib.AbstractContextManager[None]:
    # wg(8) reaches the kernel's link in its namespace, wireguard-go by a path.
    return entered(name) if tunnel.implementation == "kernel" else contextlib.nullcontext()
