"""The WireGuard link: the kernel's, or wireguard-go's where the kernel has none; AmneziaWG's is alike, by other names.

Either way its UDP socket is the host's, or in the namespace of the tunnel that this one goes through. The kernel's link
is born inside the namespace; wireguard-go's is made where its socket is, without an address, and moved. Keys go through
standard input only.
"""

import contextlib
import time
from collections.abc import Mapping, Sequence

from nsguard.errors import NsguardError
from nsguard.net import links, userspace
from nsguard.net.namespace import entered
from nsguard.spec.model import AMNEZIAWG, WIREGUARD, Config, Endpoint
from nsguard.spec.spec import Spec
from nsguard.state import State, Tunnel
from nsguard.system import process

# Seconds; any but 0 will do, it is taken back before it is over.
GREETING = 25
_OFF = ("persistent-keepalive", "0")
# Seconds between looks, more in all than a packet is under way.
_PAUSES = (0.1, 0.2, 0.4)
# What rtnetlink(7) says of a link type that the kernel neither has nor can load.
_UNKNOWN_TYPE = ("Unknown device type", "Operation not supported")


def settings(config: Config, endpoints: Mapping[str, Endpoint], mark: str, listen_port: int | None) -> str:
    """The tunnel in wg(8)'s configuration format. Holds the keys."""
    lines = ["[Interface]", f"PrivateKey = {config.private_key.reveal()}", f"FwMark = {mark}"]
    if listen_port is not None:
        lines.append(f"ListenPort = {listen_port}")
    lines += [f"{key} = {value}" for key, value in config.amneziawg]
    for peer in config.peers:
        lines += ["[Peer]", f"PublicKey = {peer.public_key}"]
        if peer.preshared_key:
            lines.append(f"PresharedKey = {peer.preshared_key.reveal()}")
        if peer.public_key in endpoints:
            lines.append(f"Endpoint = {endpoints[peer.public_key]}")
        if peer.allowed_ips:  # an empty list is none of wg(8)'s lines
            lines.append(f"AllowedIPs = {', '.join(str(network) for network in peer.allowed_ips)}")
        lines.append(f"PersistentKeepalive = {peer.keepalive}")
    return "\n".join([*lines, ""])


def greeting(config: Config) -> Config:
    """The same with a keepalive for every peer, which makes the link speak at once, and shake hands if it must.

    A connection from before a restart, or a change of key, may be one on which only the far end has something to send,
    and that end sends to the old port, by the old key, until it hears of the new ones.
    """
    return config._replace(peers=tuple(peer._replace(keepalive=peer.keepalive or GREETING) for peer in config.peers))


def greet(name: str, tunnel: Tunnel) -> None:
    """Let the peers of a tunnel that is up be asked for a handshake now, if they have to be."""
    silent = [key for key, seconds in show(name, tunnel, "persistent-keepalive") if seconds == "off"]
    for keepalive in (str(GREETING), "0"):
        words = [word for key in silent for word in ("peer", key, "persistent-keepalive", keepalive)]
        if words:
            with _at(name, tunnel):
                process.ask("wg", "set", tunnel.device, *words)


def settle(name: str, tunnel: Tunnel, config: Config) -> None:
    """Take the greeting's keepalives back, once the link is up."""
    _set(name, tunnel, {peer.public_key: _OFF for peer in config.peers if not peer.keepalive})


def move(name: str, tunnel: Tunnel, endpoints: Mapping[str, Endpoint], keepalives: Mapping[str, int]) -> None:
    """Let peers, by their public keys, be sent to elsewhere from now on, with a greeting; their sessions stay."""
    # WireGuard greets when the interval begins: it is turned on and off, or off and on.
    other = {key: str(0 if keepalives[key] else GREETING) for key in endpoints}
    _set(name, tunnel, {key: ("endpoint", str(it), _OFF[0], other[key]) for key, it in endpoints.items()})
    _set(name, tunnel, {key: (_OFF[0], str(keepalives[key])) for key in endpoints})


def hold(name: str, tunnel: Tunnel, endpoints: Mapping[str, Endpoint], keepalives: Mapping[str, int]) -> None:
    """See to it that peers which have just been moved stay so.

    WireGuard sends to wherever the last good packet came from (whitepaper §2.1): one from the old place that was under
    way leads back there, where the pin lets nothing go, and a server that speaks from both would be lost for ever.
    """
    for pause in _PAUSES if endpoints else ():
        time.sleep(pause)
        process.checkpoint()
        now = dict(show(name, tunnel, "endpoints"))
        if strayed := {key: it for key, it in endpoints.items() if now.get(key) != str(it)}:
            move(name, tunnel, strayed, keepalives)


def _set(name: str, tunnel: Tunnel, settings: Mapping[str, Sequence[str]]) -> None:
    words = [word for key, said in settings.items() for word in ("peer", key, *said)]
    if words:
        with _at(name, tunnel):
            process.change(_tool(tunnel), "set", tunnel.device, *words)


def create(spec: Spec, found: State, tunnel: Tunnel, text: str) -> Tunnel:
    """Make the link inside the namespace, down, and give it `text`; the tunnel with its implementation named."""
    if spec.tunnel.implementation != "userspace" and (made := _in_kernel(spec, found, tunnel, text)):
        return made
    tunnel = tunnel._replace(implementation="userspace", device=spec.userspace_interface, unit=spec.userspace_unit)
    found.write_tunnel(tunnel)  # a run killed from here on leaves a unit to stop
    userspace.start(tunnel)
    configure(found.name, tunnel, "setconf", text)
    process.change(
        *links.ip(tunnel.outer), "link", "set", "dev", tunnel.device, "netns", found.name, "name", tunnel.interface
    )
    return tunnel


def _in_kernel(spec: Spec, found: State, tunnel: Tunnel, text: str) -> Tunnel | None:
    """The kernel's link, or None where it has none and another way is allowed.

    Born by a name of its own: to older kernels, Linux 6.12 among them, a link of the wanted one that stands where the
    call is made, as the first tunnel's does for the second, is in the way (EEXIST).
    """
    name, link, kind = found.name, tunnel.interface, tunnel.kind
    born = tunnel._replace(device=spec.userspace_interface)
    found.write_tunnel(born)  # a run killed from here on may leave a link by that name
    try:
        process.change(*links.ip(tunnel.outer), "link", "add", born.device, "netns", name, "type", kind)
    except process.CommandFailed as error:
        if not any(cause in error.said for cause in _UNKNOWN_TYPE):
            raise
        if spec.tunnel.implementation == "kernel":
            raise NsguardError(
                f"tunnel {tunnel.name}: this kernel has no {kind}; load its module or set implementation to userspace"
            ) from None
        process.say(f"nsguard: this kernel has no {kind}; starting it in userspace")
        return None
    process.change("ip", "-n", name, "link", "set", "dev", born.device, "name", link)
    tunnel = tunnel._replace(implementation="kernel", device=link)
    configure(name, tunnel, "setconf", text)
    return tunnel


def configure(name: str, tunnel: Tunnel, verb: str, text: str) -> None:
    """`wg setconf` or `wg syncconf`, where wg finds the device."""
    with _at(name, tunnel):
        process.change(_tool(tunnel), verb, tunnel.device, "/dev/stdin", stdin=text)


def show(name: str, tunnel: Tunnel, what: str) -> list[list[str]]:
    """`wg show DEVICE what`, split into lines and fields. Never asks for keys other than public ones."""
    with _at(name, tunnel):
        return [line.split("\t") for line in process.ask(_tool(tunnel), "show", tunnel.device, what).splitlines()]


def _tool(tunnel: Tunnel) -> str:
    return {WIREGUARD: "wg", AMNEZIAWG: "awg"}[tunnel.kind]


def _at(name: str, tunnel: Tunnel) -> contextlib.AbstractContextManager[None]:
    # wg(8) reaches the kernel's link in its namespace, wireguard-go by a path.
    return entered(name) if tunnel.implementation == "kernel" else contextlib.nullcontext()
