"""The far ends that the machines of snippets need: gateways, second tunnels, keys that both ends know."""

from __future__ import annotations

from collections.abc import Callable

from nsguard_harness.addresses import LAB
from nsguard_harness.lab import peer
from nsguard_harness.lab.container import ContainerLab

ANOTHER = "10.66.0.3"  # a client's address besides the lab's
TYPED = {"mullvad": "10.66.113.7", "home": "10.8.0.3"}  # a typed tunnel -> its address
GRANTED, GRANTED_SECONDS = LAB.forwarded_port, 60


def gateway(lab: ContainerLab, _: peer.Keys) -> None:
    """A provider that forwards a port."""
    lab.peer.start("natpmp", f"{GRANTED}:{GRANTED_SECONDS}")


def configuration(lab: ContainerLab, keys: peer.Keys, address: str) -> str:
    """The configuration of one more client of the lab's server; the server gets it as a peer."""
    known(lab, keys.public, address)
    there = f"PublicKey = {lab.secrets.server.public}\nEndpoint = {LAB.endpoint.v4}:{LAB.endpoint_port}\n"
    here = f"PrivateKey = {keys.private}\nAddress = {address}/32\nDNS = {LAB.tunnel_server.v4}\n"
    return f"[Interface]\n{here}[Peer]\n{there}AllowedIPs = 0.0.0.0/0\n"


def two_tunnels(lab: ContainerLab, _: peer.Keys) -> None:
    """A second tunnel, whose file appears after the boot."""
    lab.client.write_files({"/run/secrets/japan.conf": configuration(lab, peer.generate(), ANOTHER)}, 0o600)


def first_hop(lab: ContainerLab, _: peer.Keys) -> None:
    """The lab's configuration of the first tunnel, at the path that the snippet names."""
    lab.client.succeed("install -Dm600 /etc/nsguard-lab/entry.conf /run/secrets/entry.conf")


def typed(lab: ContainerLab, keys: peer.Keys) -> None:
    """The server gets the key and the resolvers that the snippets name, and the client's two ends as peers."""
    lab.server.succeed("ip address add 10.64.0.1 dev wg0; ip address add 10.8.0.1 dev wg0")
    private = peer.generate()
    lab.client.write_files({"/run/secrets/mullvad.key": private.private}, 0o600)
    lab.server.succeed(f"wg set wg0 private-key <(echo {keys.private})")
    known(lab, private.public, TYPED["mullvad"])
    lab.client.wait_for_file("/var/lib/nsguard-keys/home")
    known(lab, lab.client.succeed("wg pubkey </var/lib/nsguard-keys/home").strip(), TYPED["home"])


def known(lab: ContainerLab, public: str, address: str) -> None:
    lab.server.succeed(f"wg set wg0 peer {public} allowed-ips {address}/32; ip route add {address} dev wg0")


FAR_ENDS: dict[str, Callable[[ContainerLab, peer.Keys], None]] = {
    "mullvad": gateway,
    "torrent": gateway,
    "several": two_tunnels,
    "hops": first_hop,
    "typed": typed,
}
