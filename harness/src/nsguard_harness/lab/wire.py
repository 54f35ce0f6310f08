"""The wire: a network namespace for each machine, and one for the switch that joins them.

Every link is made inside these namespaces, so that nothing of the lab ever stands in the host's own.
"""

from __future__ import annotations

import array
import fcntl
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from pyroute2 import IPRoute, netns

from ..addresses import Addresses, Pair
from ..errors import LabError
from ..inside import uplink as uplinks
from ..machine import Uplink

INTERFACE = "eth0"
BRIDGE = "bridge"
NO_IPV6 = {f"net/ipv6/conf/{scope}/disable_ipv6": "1" for scope in ("all", "default")}
# linux/sockios.h; linux/ethtool.h: ETHTOOL_STXCSUM, _STSO, _SGSO, _SGRO
SIOCETHTOOL = 0x8946
ETH_P_ALL = 0x0003  # linux/if_ether.h
OFFLOADS = (0x17, 0x1F, 0x24, 0x2C)

T = TypeVar("T")


def in_namespace(path: Path, work: Callable[[], T]) -> T:
    """Call `work` in a network namespace: in a thread that then ends, since setns(2) moves one thread."""
    result: list[T] = []
    failure: list[BaseException] = []

    def enter() -> None:
        try:
            netns.setns(str(path))
            result.append(work())
        except BaseException as error:  # handed on to the caller below
            failure.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]


def packet_socket(namespace: Path, interface: str, protocol: int = 0) -> socket.socket:
    """A packet socket bound to a port of a namespace; with protocol 0 it receives nothing (packet(7))."""

    def make() -> socket.socket:
        port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        try:
            port.bind((interface, protocol))
        except OSError as error:
            port.close()
            raise LabError(f"wire: {namespace} has no interface {interface}: {error.strerror}") from error
        return port

    return in_namespace(namespace, make)


def write_sysctls(namespace: Path, values: Mapping[str, str]) -> None:
    """Write files under /proc/sys as they appear in a namespace."""

    def write() -> None:
        for key, value in values.items():
            Path("/proc/sys", key).write_text(value)

    in_namespace(namespace, write)


def without_offloads(namespace: Path, interface: str) -> None:
    """Make frames pass as a real wire would carry them: one segment each, with its checksum.

    It also lets libpcap divide its buffer by the MTU instead of 64 KiB, the largest that offloads could hand it.
    """

    def switch_off() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            for command in OFFLOADS:
                value = array.array("I", [command, 0])  # struct ethtool_value
                request = struct.pack("16sP8x", interface.encode(), value.buffer_info()[0])  # struct ifreq
                fcntl.ioctl(control, SIOCETHTOOL, request)

    in_namespace(namespace, switch_off)


def mac(number: int) -> str:
    """The address of the machine with a number; the second bit of the first byte marks it as our own (IEEE 802)."""
    return f"02:53:00:00:00:{number:02x}"


class Wire:
    """One namespace a machine, and `switch`, bound to files in a directory; a port has its machine's name.

    Not in /run/netns, where they would stand between the host's own.
    """

    def __init__(self, directory: Path) -> None:
        """directory: for this wire alone."""
        self._directory = directory
        self._made: list[Path] = []
        self.switch = self._namespace("switch")
        self._ports = 0
        try:
            write_sysctls(self.switch, NO_IPV6)
            with IPRoute(netns=str(self.switch)) as ip:
                ip.link("add", ifname=BRIDGE, kind="bridge", br_stp_state=0, br_mcast_snooping=0)
                self._bridge = ip.link_lookup(ifname=BRIDGE)[0]
                ip.link("set", index=self._bridge, state="up")
        except BaseException:
            self.close()
            raise

    def _namespace(self, name: str) -> Path:
        path = self._directory / name
        try:
            netns.create(str(path))
        except OSError as error:
            raise LabError(f"wire: cannot make the network namespace {path}: {error.strerror}") from error
        self._made.append(path)
        return path

    def namespace(self, machine: str) -> Path:
        """The path of a machine's network namespace."""
        return self._directory / machine

    def attach(
        self, machine: str, address: Pair, prefix: Pair, gateway: Pair | None = None, local: tuple[Pair, ...] = ()
    ) -> Uplink:
        """Join a machine to the switch; it keeps `local` addresses on its loopback. The uplink stays over reboots."""
        space = self._namespace(machine)
        self._ports += 1
        uplink = Uplink(INTERFACE, mac(self._ports), address.v4, address.v6, machine)
        write_sysctls(space, uplinks.sysctls(machine))
        with IPRoute(netns=str(self.switch)) as ip:
            peer = {"ifname": INTERFACE, "address": uplink.mac, "net_ns_fd": str(space)}
            ip.link("add", ifname=machine, kind="veth", address=mac(0x80 + self._ports), peer=peer)
            (port,) = ip.link_lookup(ifname=machine)
            ip.link("set", index=port, master=self._bridge, state="up")
        without_offloads(self.switch, machine)
        without_offloads(space, INTERFACE)
        with IPRoute(netns=str(space)) as ip:
            (loopback,) = ip.link_lookup(ifname="lo")
            (link,) = ip.link_lookup(ifname=INTERFACE)
            ip.link("set", index=loopback, state="up")
            ip.link("set", index=link, state="up")
            for own, network in zip(address, prefix, strict=True):
                ip.addr("add", index=link, address=own, prefixlen=int(network.split("/")[1]))
            for pair in local:
                ip.addr("add", index=loopback, address=pair.v4, prefixlen=32)
                ip.addr("add", index=loopback, address=pair.v6, prefixlen=128)
            for hop in gateway or ():
                ip.route("add", dst="default", gateway=hop, oif=link)
        return uplink

    def tap(self, machine: str, address: Pair, mac: str) -> Uplink:
        """A port for a virtual machine: its hypervisor holds the other end, and it sets its own addresses."""
        done = subprocess.run(
            ["nsenter", f"--net={self.switch}", "ip", "tuntap", "add", "dev", machine, "mode", "tap"],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise LabError(f"wire: cannot make the port {machine}: {done.stderr.strip()}")
        with IPRoute(netns=str(self.switch)) as ip:
            (port,) = ip.link_lookup(ifname=machine)
            ip.link("set", index=port, master=self._bridge, state="up")
        return Uplink(INTERFACE, mac, address.v4, address.v6, machine)

    def send(self, port: str, frame: bytes) -> None:
        """Put a frame on a port, towards the machine. Raises LabError where there is no such port."""
        with packet_socket(self.switch, port) as wire:
            wire.send(frame)

    def close(self) -> None:
        """Remove the namespaces, and with them every link."""
        while self._made:
            netns.remove(str(self._made.pop()))


def gateway(wire: Wire, addresses: Addresses) -> Uplink:
    """Join the server, which also has the addresses beyond it. It is joined first: the order gives MAC addresses."""
    return wire.attach("server", addresses.server, addresses.lan, local=uplinks.beyond(addresses))
