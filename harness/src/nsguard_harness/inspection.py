"""The kernel's links, addresses, routes and peers, read by netlink from outside the machine without the runtime.

pyroute2 talks to the kernel in the namespace under test; wireguard-go, which has no netlink, is asked by its own
protocol (wireguard.com/xplatform).
"""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from pyroute2 import IPRoute, WireGuard

from .machine import FileHost

MAIN = 254  # RT_TABLE_MAIN, rtnetlink(7)


@dataclass(frozen=True)
class Peer:
    """A WireGuard peer. endpoint: `address:port`; handshake: seconds since the epoch, 0 for none; bytes both ways."""

    public_key: str
    endpoint: str
    handshake: int
    received: int
    sent: int


@dataclass(frozen=True)
class Namespace:
    """A network namespace. addresses and routes: (interface, prefix), without link-local and local ones."""

    links: frozenset[str]
    addresses: frozenset[tuple[str, str]]
    routes: frozenset[tuple[str, str]]


def namespace(machine: FileHost, name: str | None = None) -> Namespace:
    """A named network namespace of a machine, or the machine's own. Raises OSError when there is none."""
    path = machine.path(f"/run/netns/{name}" if name else "/proc/1/ns/net")
    with IPRoute(netns=str(path)) as ip:
        links = {link["index"]: link.get("ifname") for link in ip.get_links()}
        addresses = {(links[a["index"]], f"{a.get('address')}/{a['prefixlen']}") for a in ip.get_addr()}
        routes = {
            (links[oif], _prefix(route))
            for route in ip.get_routes()
            if route.get("table") == MAIN and (oif := route.get("oif")) in links
        }
    return Namespace(
        frozenset(links.values()),
        frozenset(a for a in addresses if not a[1].startswith("fe80:")),
        frozenset(r for r in routes if not r[1].startswith("fe80:")),
    )


def _prefix(route: Any) -> str:
    return f"{route.get('dst')}/{route['dst_len']}" if route["dst_len"] else "default"


def peers(machine: FileHost, name: str) -> list[Peer]:
    """The peers of wg0 in a namespace that nsguard made; raises OSError while its process starts."""
    # the one fact taken from the runtime: wireguard-go's name for the device
    tunnel = json.loads(machine.path(f"/run/nsguard/{name}/tunnel.json").read_text())
    if not tunnel["implementation"]:
        return []  # the link is still to be made
    if tunnel["implementation"] == "userspace":
        return parse(_ask(machine, tunnel["device"]))
    with WireGuard(netns=str(machine.path(f"/run/netns/{name}"))) as wireguard:
        records = []
        for message in wireguard.info("wg0"):
            for peer in message.get("WGDEVICE_A_PEERS") or ():
                endpoint = peer.get("WGPEER_A_ENDPOINT")
                last = peer.get("WGPEER_A_LAST_HANDSHAKE_TIME")
                records.append(
                    Peer(
                        peer.get("WGPEER_A_PUBLIC_KEY").decode(),
                        f"{endpoint['addr']}:{endpoint['port']}" if endpoint else "",
                        int(last["tv_sec"]),
                        int(peer.get("WGPEER_A_RX_BYTES")),
                        int(peer.get("WGPEER_A_TX_BYTES")),
                    )
                )
    return records


def listen_port(machine: FileHost, name: str) -> int:
    """The UDP port of wg0 in a namespace that nsguard made; 0 when it has none."""
    tunnel = json.loads(machine.path(f"/run/nsguard/{name}/tunnel.json").read_text())
    if tunnel["implementation"] == "userspace":
        values = dict(line.partition("=")[::2] for line in _ask(machine, tunnel["device"]).splitlines())
        return int(values.get("listen_port", 0))
    with WireGuard(netns=str(machine.path(f"/run/netns/{name}"))) as wireguard:
        return next((int(message.get("WGDEVICE_A_LISTEN_PORT")) for message in wireguard.info("wg0")), 0)


def _ask(machine: FileHost, device: str) -> str:
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(5)
        control.connect(str(machine.path(f"/run/wireguard/{device}.sock")))
        control.sendall(b"get=1\n\n")
        answer = b""
        while not answer.endswith(b"\n\n"):
            part = control.recv(65536)
            if not part:
                break
            answer += part
    return answer.decode()


def parse(answer: str) -> list[Peer]:
    """The peers in an answer to `get=1`: lines of key=value, a peer beginning at its public key in hexadecimal."""
    records: list[dict[str, str]] = []
    for line in answer.splitlines():
        key, _, value = line.partition("=")
        if key == "public_key":
            records.append({})
        if records:
            records[-1][key] = value
    return [
        Peer(
            b64encode(bytes.fromhex(peer["public_key"])).decode(),
            peer.get("endpoint", ""),
            int(peer.get("last_handshake_time_sec", 0)),
            int(peer.get("rx_bytes", 0)),
            int(peer.get("tx_bytes", 0)),
        )
        for peer in records
    ]
