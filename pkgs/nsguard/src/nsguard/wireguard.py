"""The WireGuard link: the kernel's, or wireguard-go's where the kernel has none.

Either way its UDP socket is the host's. The kernel's link is born inside the namespace; wireguard-go's is made
in the host without an address, and moved. Keys go through standard input only.
"""

import contextlib
import socket
import time
from collections.abc import Mapping

from nsguard import files, process
from nsguard.errors import NsguardError
from nsguard.model import Config, Endpoint
from nsguard.namespace import entered
from nsguard.spec import Spec
from nsguard.state import State, Tunnel

# Seconds for wireguard-go to answer; it takes some 10 ms.
SOCKET_TIMEOUT = 5.0
# wireguard.com/xplatform: where each userspace implementation listens for wg(8).
SOCKETS = "/run/wireguard"
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
    process.change("systemctl", "start", tunnel.unit)
    _wait_for_socket(tunnel)
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


def stop(tunnel: Tunnel) -> None:
    """End wireguard-go, and remove its socket in case it was killed."""
    process.change("systemctl", "stop", tunnel.unit)
    files.remove(_socket(tunnel))


def present(name: str, link: str) -> bool:
    """Whether namespace `name` has a link of this name."""
    with entered(name):
        try:
            socket.if_nametoindex(link)
        except OSError:
            return False
    return True


def _at(name: str, tunnel: Tunnel) -> contextlib.AbstractContextManager[None]:
    # wg(8) reaches the kernel's link in its namespace, wireguard-go by a path.
    return entered(name) if tunnel.implementation == "kernel" else contextlib.nullcontext()


def _socket(tunnel: Tunnel) -> str:
    return f"{SOCKETS}/{tunnel.device}.sock"


def _wait_for_socket(tunnel: Tunnel) -> None:
    # Connecting, not looking: wg(8) removes a socket that exists but does not listen yet.
    deadline = time.monotonic() + SOCKET_TIMEOUT
    path = _socket(tunnel)
    while True:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(SOCKET_TIMEOUT)
            probe.connect(path)
            return
        process.checkpoint()
        if time.monotonic() > deadline:
            raise NsguardError(f"{tunnel.unit} did not open {path} within {SOCKET_TIMEOUT:g} s; see its journal")
        time.sleep(0.005)
