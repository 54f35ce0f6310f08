"""The WireGuard link: the kernel's, or wireguard-go's if the kernel has none. An AmneziaWG link differs only in names.

In both cases its UDP socket is in the host's namespace, or in that of the outer tunnel. The kernel's link is created
inside the namespace. The link of wireguard-go is created where its socket is, without an address, and then moved
inside. Keys are passed through standard input only.
"""

from __future__ import annotations

import time

from nsguard.errors import NsguardError
from nsguard.net import links, userspace
from nsguard.net.namespace import entered
from nsguard.spec.model import AMNEZIAWG, WIREGUARD
from nsguard.system import process
from nsguard.system.contexts import nullcontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from nsguard.spec.model import Config, Endpoint
    from nsguard.spec.spec import Spec
    from nsguard.state import State, Tunnel

# Seconds. Any number but 0 works, because the keepalive is set back before this time has passed.
GREETING = 25
_OFF = ("persistent-keepalive", "0")
_TOOLS = {WIREGUARD: "wg", AMNEZIAWG: "awg"}
# Seconds before each check; their sum is longer than a packet takes to arrive.
_PAUSES = (0.1, 0.2, 0.4)
# 32 zero bytes in base64: no preshared key (wg(8), `preshared-key`).
_NO_PRESHARED_KEY = "A" * 43 + "="
# Errors of rtnetlink(7) for a link type that the kernel neither has nor can load.
_UNKNOWN_TYPE = ("Unknown device type", "Operation not supported")


def settings(config: Config, endpoints: Mapping[str, Endpoint], mark: str, listen_port: int | None) -> str:
    """The text of the tunnel's configuration for `wg setconf` (wg(8)). It contains the keys."""
    lines = ["[Interface]", f"PrivateKey = {config.private_key.reveal()}", f"FwMark = {mark}"]
    if listen_port is not None:
        lines.append(f"ListenPort = {listen_port}")
    lines += [f"{key} = {value}" for key, value in config.amneziawg]
    for peer in config.peers:
        lines += ["[Peer]", f"PublicKey = {peer.public_key}"]
        # If the text names no key, syncconf keeps the one that the link has, and no handshake would succeed again.
        lines.append(f"PresharedKey = {peer.preshared_key.reveal() if peer.preshared_key else _NO_PRESHARED_KEY}")
        if peer.public_key in endpoints:
            lines.append(f"Endpoint = {endpoints[peer.public_key]}")
        if peer.allowed_ips:  # an empty list gets no line
            lines.append(f"AllowedIPs = {', '.join(str(network) for network in peer.allowed_ips)}")
        lines.append(f"PersistentKeepalive = {peer.keepalive}")
    return "\n".join([*lines, ""])


def greeting(config: Config) -> Config:
    """`config` with a keepalive for every peer, so that the link sends a packet at once, with a handshake if needed.

    After a restart or a change of key, the far end sends to the old port with the old key until it receives a packet.
    On an existing connection, it may be the only end that has something to send.
    """
    return config._replace(peers=tuple(peer._replace(keepalive=peer.keepalive or GREETING) for peer in config.peers))


def greet(name: str, tunnel: Tunnel) -> None:
    """Send a keepalive to the peers of a tunnel that is up; WireGuard starts a handshake if there is no valid one.

    Raises `CommandFailed`.
    """
    silent = [key for key, seconds in show(name, tunnel, "persistent-keepalive") if seconds == "off"]
    for keepalive in (str(GREETING), "0"):
        words = [word for key in silent for word in ("peer", key, "persistent-keepalive", keepalive)]
        if words:
            with _at(name, tunnel):
                process.ask(_tool(tunnel), "set", tunnel.device, *words)


def settle(name: str, tunnel: Tunnel, config: Config) -> None:
    """Set the keepalives of `greeting` back to off. The link must be up, so that they have been sent."""
    _set(name, tunnel, {peer.public_key: _OFF for peer in config.peers if not peer.keepalive})


def move(name: str, tunnel: Tunnel, endpoints: Mapping[str, Endpoint], keepalives: Mapping[str, int]) -> None:
    """Change the endpoints of peers (by public key), and send each a keepalive; their sessions stay."""
    # WireGuard sends a keepalive when the setting changes from off to on: switch it on and off, or off and on.
    opposite = {key: str(0 if keepalives[key] else GREETING) for key in endpoints}
    _set(
        name, tunnel, {key: ("endpoint", str(endpoint), _OFF[0], opposite[key]) for key, endpoint in endpoints.items()}
    )
    _set(name, tunnel, {key: (_OFF[0], str(keepalives[key])) for key in endpoints})


def hold(name: str, tunnel: Tunnel, endpoints: Mapping[str, Endpoint], keepalives: Mapping[str, int]) -> None:
    """For a moment after `move`, set an endpoint again if WireGuard has changed it back.

    WireGuard sends to the address of the last valid packet (whitepaper §2.1). A packet from the old address that was
    still under way changes the endpoint back, and the pin drops all packets to that address. A server that sends from
    both addresses would stay unreachable.
    """
    for pause in _PAUSES if endpoints else ():
        time.sleep(pause)
        process.checkpoint()
        current = dict(show(name, tunnel, "endpoints"))
        if moved_back := {key: endpoint for key, endpoint in endpoints.items() if current.get(key) != str(endpoint)}:
            move(name, tunnel, moved_back, keepalives)


def _set(name: str, tunnel: Tunnel, settings: Mapping[str, Sequence[str]]) -> None:
    words = [word for key, values in settings.items() for word in ("peer", key, *values)]
    if words:
        with _at(name, tunnel):
            process.change(_tool(tunnel), "set", tunnel.device, *words)


def create(spec: Spec, state: State, tunnel: Tunnel, text: str) -> Tunnel:
    """Create the link inside the namespace, down, and configure it with `text`; return the tunnel's record.

    Raises `NsguardError`.
    """
    if spec.tunnel.implementation != "userspace" and (created := _in_kernel(spec, state, tunnel, text)):
        return created
    tunnel = tunnel._replace(implementation="userspace", device=spec.userspace_interface, unit=spec.userspace_unit)
    state.write_tunnel(tunnel)  # recorded first: if this run is killed, the next one stops the unit
    userspace.start(tunnel, state.root)
    configure(state.name, tunnel, "setconf", text)
    process.change(
        *links.ip(tunnel.outer), "link", "set", "dev", tunnel.device, "netns", state.name, "name", tunnel.interface
    )
    return tunnel


def _in_kernel(spec: Spec, state: State, tunnel: Tunnel, text: str) -> Tunnel | None:
    """Create the kernel's link; None if the kernel has no such type and userspace is allowed.

    The link is created with a temporary name. Older kernels, such as Linux 6.12, refuse the final name (EEXIST) if a
    link in the calling namespace has it, as the link of an outer tunnel does.
    """
    name, link, kind = state.name, tunnel.interface, tunnel.kind
    new = tunnel._replace(device=spec.userspace_interface)
    state.write_tunnel(new)  # recorded first: if this run is killed, the next one removes the link
    try:
        process.change(*links.ip(tunnel.outer), "link", "add", new.device, "netns", name, "type", kind)
    except process.CommandFailed as error:
        if not any(cause in error.output for cause in _UNKNOWN_TYPE):
            raise
        if spec.tunnel.implementation == "kernel":
            raise NsguardError(
                f"tunnel {tunnel.name}: this kernel has no {kind}; load its module or set implementation to userspace"
            ) from None
        process.say(f"nsguard: this kernel has no {kind}; starting it in userspace")
        return None
    process.change("ip", "-n", name, "link", "set", "dev", new.device, "name", link)
    tunnel = tunnel._replace(implementation="kernel", device=link)
    configure(name, tunnel, "setconf", text)
    return tunnel


def configure(name: str, tunnel: Tunnel, verb: str, text: str) -> None:
    """Run `wg setconf` or `wg syncconf` (`verb`) with the configuration in `text`. Raises `CommandFailed`."""
    with _at(name, tunnel):
        process.change(_tool(tunnel), verb, tunnel.device, "/dev/stdin", stdin=text)


def show(name: str, tunnel: Tunnel, field: str) -> list[list[str]]:
    """As `show_host`, of a tunnel that is up in namespace `name`. Raises `CommandFailed`."""
    with _at(name, tunnel):
        return show_host(tunnel.kind, tunnel.device, field)


def show_host(kind: str, device: str, field: str) -> list[list[str]]:
    """The output of `wg show DEVICE FIELD`, a list of words for each line. Raises `CommandFailed`.

    `field` must be one that prints no keys but public ones.
    """
    return [line.split("\t") for line in process.ask(_TOOLS[kind], "show", device, field).splitlines()]


def host_devices(kind: str) -> list[str]:
    """The host's links of this kind, and wireguard-go's devices, wherever their links are. Raises `CommandFailed`."""
    return process.ask(_TOOLS[kind], "show", "interfaces").split()


def _tool(tunnel: Tunnel) -> str:
    return _TOOLS[tunnel.kind]


def _at(name: str, tunnel: Tunnel) -> AbstractContextManager[None]:
    # wg(8) finds the kernel's link in its namespace, and wireguard-go by the path of a socket.
    return entered(name) if tunnel.implementation == "kernel" else nullcontext()
