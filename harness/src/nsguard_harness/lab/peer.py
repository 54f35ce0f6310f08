"""The server machine: the WireGuard peer, the uplink's resolver, and the web and echo servers beyond."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..addresses import LAB, Addresses
from ..errors import LabError
from ..inside import records
from ..machine import Machine
from .wire import INTERFACE

STATE = "/var/lib/nsguard-lab"
CONFIGURATION = "/etc/nsguard-lab"
PACKAGE = Path(__file__).parents[1]
LIBRARY = "/usr/lib/nsguard-harness"
TREES = {PACKAGE: f"{LIBRARY}/{PACKAGE.name}"}
UNITS = "/etc/systemd/system"
WIREGUARD = "lab-wireguard.service"
# where NixOS and Debian have programs
SEARCH = "/run/current-system/sw/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Keys(NamedTuple):
    """A WireGuard key pair, in base64."""

    private: str
    public: str


# Runs `wg` with a command, and with its standard input; returns what it prints. Raises LabError.
Wg = Callable[[str, str], str]


def wg_here(command: str, given: str) -> str:
    """`wg` of the host that the harness runs on."""
    try:
        done = subprocess.run(["wg", command], input=given, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise LabError(f"peer: `wg {command}` failed, is wireguard-tools installed? {error}") from error
    return done.stdout.strip()


def wg_of(machine: Machine) -> Wg:
    """`wg` of a machine, for a harness whose host has none."""

    def wg(command: str, given: str) -> str:
        done = machine.run(f"wg {command}", stdin=given.encode())
        if done.status:
            raise LabError(f"{machine.name}: `wg {command}` failed: {done.errors.strip()}")
        return done.output.strip()

    return wg


def generate(wg: Wg = wg_here) -> Keys:
    """A new key pair."""
    private = wg("genkey", "")
    return Keys(private, wg("pubkey", private))


@dataclass(frozen=True)
class Secrets:
    """The keys of the tunnel's two ends, made anew for every lab."""

    server: Keys
    client: Keys
    preshared: str

    @classmethod
    def generate(cls, wg: Wg = wg_here) -> Secrets:
        """New keys for both ends."""
        return cls(generate(wg), generate(wg), wg("genpsk", ""))

    def client_configuration(self, addresses: Addresses = LAB, family: int = 4) -> str:
        """The client's end in wg-quick's format, as a provider delivers it; family: that of the endpoint."""
        host = addresses.endpoint.of(family)
        tunnel, peer = addresses.tunnel_client, addresses.tunnel_server
        return (
            "[Interface]\n"
            f"PrivateKey = {self.client.private}\n"
            f"Address = {tunnel.v4}/32, {tunnel.v6}/128\n"
            f"DNS = {peer.v4}, {peer.v6}\n\n"
            "[Peer]\n"
            f"PublicKey = {self.server.public}\n"
            f"PresharedKey = {self.preshared}\n"
            f"Endpoint = {f'[{host}]' if family == 6 else host}:{addresses.endpoint_port}\n"
            "AllowedIPs = 0.0.0.0/0, ::/0\n"
        )

    def server_configuration(self, addresses: Addresses = LAB) -> str:
        """The server's end in wg(8)'s format."""
        tunnel = addresses.tunnel_client
        return (
            f"[Interface]\nPrivateKey = {self.server.private}\nListenPort = {addresses.endpoint_port}\n\n"
            f"[Peer]\nPublicKey = {self.client.public}\nPresharedKey = {self.preshared}\n"
            f"AllowedIPs = {tunnel.v4}/32, {tunnel.v6}/128\n"
        )


def service(module: str, arguments: str, more: str = "") -> str:
    """A unit that runs one of the programs in `inside`."""
    return (
        f"[Service]\nType=notify\nExecSearchPath={SEARCH}\n"
        f"ExecStart=python3 -m nsguard_harness.inside.{module} {arguments}\n"
        f"Environment=PYTHONPATH={LIBRARY}\nStateDirectory=nsguard-lab\n{more}"
        "[Install]\nWantedBy=multi-user.target\n"
    )


def enabled(units: dict[str, str]) -> dict[str, str]:
    """The links that start units with the machine."""
    return {f"{UNITS}/multi-user.target.wants/{unit}": f"../{unit}" for unit in units}


def wireguard_unit(kernel: bool, addresses: Addresses = LAB) -> str:
    """The server's end of the tunnel: the kernel's WireGuard, or wireguard-go where it has none."""
    start = "Type=oneshot\nRemainAfterExit=yes\nExecStart=ip link add wg0 type wireguard\n"
    if not kernel:
        # it goes to the background once the device and its control socket are there
        start = "Type=forking\nExecStart=wireguard-go wg0\n"
    tunnel, peer = addresses.tunnel_server, addresses.tunnel_client
    after = [
        f"wg setconf wg0 {CONFIGURATION}/server.conf",
        "ip link set wg0 up",  # first: on a link that is down an address brings no IPv6 route to its peer
        f"ip address add {tunnel.v4} peer {peer.v4} dev wg0",
        f"ip address add {tunnel.v6} peer {peer.v6} dev wg0 nodad",
    ]
    if not kernel:
        # Debian's wireguard-go answers from the route's address, not from the one it was asked at; 256 is the metric
        # that the kernel gives connected IPv6 routes
        after += (
            f"ip route replace {addresses.lan.v4} dev {INTERFACE} src {addresses.endpoint.v4}",
            f"ip route replace {addresses.lan.v6} dev {INTERFACE} src {addresses.endpoint.v6} metric 256",
        )
    posts = "".join(f"ExecStartPost={command}\n" for command in after)
    unit = f"[Service]\nExecSearchPath={SEARCH}\n{start}{posts}ExecStopPost=-ip link delete wg0\n"
    return f"{unit}[Install]\nWantedBy=multi-user.target\n"


def units(kernel: bool, addresses: Addresses = LAB) -> dict[str, str]:
    """The server's units, by name."""
    uplink, tunnel = addresses.answer_uplink, addresses.answer_tunnel
    answers = [f"default={uplink.v4},{uplink.v6}"]
    answers += [f"{local}={tunnel.v4},{tunnel.v6}" for local in addresses.tunnel_server]
    return {
        "lab-dns.service": service("dns", f"{STATE}/dns.jsonl {' '.join(answers)}"),
        "lab-web.service": service("web", f"{STATE}/web.jsonl"),
        "lab-echo.service": service("echo", f"{STATE}/echo.jsonl"),
        WIREGUARD: wireguard_unit(kernel, addresses),
    }


class Peer:
    """What the lab's side does with the server machine. library: where any machine has the harness's modules."""

    library = LIBRARY

    def __init__(self, machine: Machine, secrets: Secrets, addresses: Addresses = LAB) -> None:
        self.machine, self.secrets, self.addresses = machine, secrets, addresses

    def records(self, service: str) -> list[dict[str, Any]]:
        """The records of `dns`, `web` or `echo` so far (inside/records.py); `source` shows which way a packet came."""
        return records.parse(self.machine.read(f"{STATE}/{service}.jsonl"))

    def stop_wireguard(self) -> None:
        """Drop all packets of the endpoint's port, in and out, without an ICMP error that would tell the client."""
        port = self.addresses.endpoint_port
        chain = "chain {0} {{ type filter hook {0} priority 0; udp {1} {2} drop; }}"
        both = chain.format("input", "dport", port) + "\n" + chain.format("output", "sport", port)
        self.machine.succeed(f"nft -f - <<< 'table inet lab {{\n{both}\n}}'")

    def start_wireguard(self) -> None:
        """Answer again, with the sessions that WireGuard had."""
        self.machine.succeed("nft delete table inet lab")

    def roam(self) -> None:
        """Send from another port from now on, and drop the packets of the first one."""
        self.stop_wireguard()
        self.machine.succeed(f"wg set wg0 listen-port {self.addresses.roaming_port}")

    def settle(self) -> None:
        """Send from the endpoint's port again."""
        self.machine.succeed(f"wg set wg0 listen-port {self.addresses.endpoint_port}")
        self.start_wireguard()

    def received(self) -> int:
        """Bytes that came through the tunnel so far, as WireGuard counts them on the server."""
        return sum(int(line.split()[1]) for line in self.machine.succeed("wg show wg0 transfer").splitlines())

    def start(
        self, module: str, argument: str, machine: Machine | None = None, more: str = "", ports: Sequence[int] = ()
    ) -> None:
        """Start another of the programs in `inside`, here or on another machine; returns when it is ready.

        more: further options of systemd-run(1); ports: those of `echo`, where they are others than usual. One that runs
        already is left alone. The error of one that does not become ready ends with what it logged.
        """
        unit = _unit(module, argument)
        options = f"--unit={unit} --service-type=notify --collect --setenv=PYTHONPATH={LIBRARY} {more}"
        program = f"python3 -m nsguard_harness.inside.{module} {shlex.join([argument, *map(str, ports)])}"
        reason = f"{{ journalctl --sync; journalctl _SYSTEMD_UNIT={unit} --lines 3 --output cat >&2; false; }}"
        running = f"systemctl -q is-active {unit}"
        (machine or self.machine).succeed(f"{running} || systemd-run -q {options} {program} || {reason}")

    def stop(self, module: str, argument: str, machine: Machine | None = None) -> None:
        """Stop what `start` started, if it still runs."""
        (machine or self.machine).succeed(f"systemctl stop {_unit(module, argument)} 2>/dev/null || [ $? = 5 ]")

    def let_in(self, *more: str) -> None:
        """Allow the client these addresses besides the tunnel's own; without any, allow the tunnel's own alone."""
        ranges = ",".join([*self.addresses.tunnel_client, *more])
        self.machine.succeed(f"wg set wg0 peer {self.secrets.client.public} allowed-ips {ranges}")


def _unit(module: str, argument: str) -> str:
    return f"lab-{module}-{re.sub('[^a-z0-9]+', '-', argument).strip('-')}.service"
