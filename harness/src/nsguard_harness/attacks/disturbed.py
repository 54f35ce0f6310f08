"""While the host changes under a sending app: daemons restart, files are replaced, the uplink goes down and up."""

from __future__ import annotations

import time
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, ClassVar

from ..attack import Env, Outcome
from ..target import TUNNEL_UNIT
from . import _tools
from ._stream import CONFIGURATION, PAUSE, Disrupted

if TYPE_CHECKING:
    from ..lab.base import Lab
    from ..verdict.rules import World


class _HostCommand(Disrupted):
    """One command on the host."""

    command: ClassVar[str]

    def disrupt(self, lab: Lab) -> None:
        lab.client.succeed(self.command)


class NscdRestarted(_HostCommand):
    """Claim: nothing leaves by the uplink when the host's name cache restarts under a sending app.

    Method: a stream, datagrams and questions; meanwhile restart nscd, whose directory goes and comes back.
    Limitations: one restart; the lab's nscd is a stand-in.
    Source: VPN-Confinement #25 and #28.
    """

    name = "nscd-restarted"
    command = "systemctl restart nscd.service"


class ResolvedRestarted(_HostCommand):
    """Claim: nothing leaves by the uplink when the host's resolver restarts under a sending app.

    Method: as nscd-restarted, with systemd-resolved.
    Limitations: one restart.
    Source: as nscd-restarted; systemd-resolved.service(8).
    """

    name = "resolved-restarted"
    command = "systemctl restart systemd-resolved.service"


class DbusRestarted(_HostCommand):
    """Claim: nothing leaves by the uplink when the system bus restarts under a sending app.

    Method: as nscd-restarted, with D-Bus.
    Limitations: one restart, which distributions advise against.
    Source: dbus-daemon(1).
    """

    name = "dbus-restarted"
    command = "systemctl restart dbus.service"


class JournaldRestarted(_HostCommand):
    """Claim: nothing leaves by the uplink when the journal restarts under a sending app, which goes on.

    Method: as nscd-restarted, with systemd-journald, whose sockets the service holds.
    Limitations: one restart.
    Source: systemd-journald.service(8).
    """

    name = "journald-restarted"
    command = "systemctl restart systemd-journald.service"


class ManagerReloaded(_HostCommand):
    """Claim: nothing leaves by the uplink when the service manager reads its units anew.

    Method: as nscd-restarted, with `systemctl daemon-reload`.
    Limitations: the units are the same as before.
    Source: systemctl(1).
    """

    name = "daemon-reloaded"
    command = "systemctl daemon-reload"


class ManagerReexecuted(_HostCommand):
    """Claim: nothing leaves by the uplink when the service manager executes itself anew.

    Method: as nscd-restarted, with `systemctl daemon-reexec`.
    Limitations: the same version.
    Source: systemctl(1).
    """

    name = "daemon-reexecuted"
    command = "systemctl daemon-reexec"


class ResolvConfReplaced(_HostCommand):
    """Claim: nothing leaves by the uplink when the host's resolv.conf is replaced again and again under a sending app.

    Method: as nscd-restarted; five times another file is renamed over it.
    Limitations: what the service sees of the file is resolv-conf-renamed's.
    Source: mount_namespaces(7), on renamed mount points.
    """

    name = "resolv-conf-replaced"
    command = (
        f"{_tools.UNLESS_READ_ONLY}cp -a /etc/resolv.conf /run/resolv.conf.kept; for turn in 1 2 3 4 5; do"
        " echo nameserver 198.51.100.1 > /etc/resolv.conf.new; mv -fT /etc/resolv.conf.new /etc/resolv.conf;"
        " sleep 0.1; done; mv -fT /run/resolv.conf.kept /etc/resolv.conf"
    )

    def run(self, env: Env) -> Outcome:
        _tools.control_replaces_etc(env)
        return super().run(env)


class RunFilled(_HostCommand):
    """Claim: nothing leaves by the uplink when /run is full and the tunnel's unit restarts, which then may fail.

    Method: shrink /run to what is in it and fill the rest, restart the tunnel's unit, make room again.
    Limitations: /run only; other file systems hold nothing that the guard writes.
    Source: tmpfs (kernel documentation).
    """

    name = "run-filled"
    seconds = 2.4
    command = (
        "size=$(findmnt -no SIZE -b /run); used=$(df --output=used -k /run | tail -n 1);"
        " mount -o remount,size=$((used + 64))k /run; dd if=/dev/zero of=/run/full bs=1k 2>/dev/null;"
        f" systemctl restart {TUNNEL_UNIT}; result=$?; rm /run/full; mount -o remount,size=$size /run"
    )

    restore = (f"systemctl restart {TUNNEL_UNIT}",)

    def disrupt(self, lab: Lab) -> None:
        lab.client.succeed(f"set +e; {self.command}")


class UplinkFlaps(Disrupted):
    """Claim: nothing but the tunnel leaves when the uplink goes down and comes back under a sending app.

    Method: the uplink's interface down, up, its addresses and routes as they were; twice.
    Limitations: by hand; no network manager runs on the host.
    Source: ip-link(8); reconnects of wireless networks.
    """

    name = "uplink-flaps"
    seconds = 2.6

    def disrupt(self, lab: Lab) -> None:
        uplink = lab.client.uplinks[0].interface
        for _ in range(2):
            lab.client.succeed(f"ip link set {uplink} down")
            time.sleep(PAUSE)
            lab.client.succeed(f"ip link set {uplink} up", *_addressed(lab))


class UplinkReaddressed(Disrupted):
    """Claim: nothing but the tunnel leaves when the uplink gets another address under a sending app, and it goes on.

    Method: another IPv4 address in place of the uplink's, and later the first one again.
    Limitations: one family; no DHCP client runs on the host.
    Source: WireGuard whitepaper §2.1 (roaming).
    """

    name = "uplink-readdressed"
    seconds = 2.6
    address: ClassVar[str] = "198.51.100.77"

    def disrupt(self, lab: Lab) -> None:
        for new, old in ((self.address, lab.addresses.client.v4), (lab.addresses.client.v4, self.address)):
            uplink = lab.client.uplinks[0].interface
            lab.client.succeed(
                f"ip address del {old}/24 dev {uplink}",
                f"ip address add {new}/24 dev {uplink}",
                f"ip route replace default via {lab.addresses.server.v4} dev {uplink}",
            )
            time.sleep(2 * PAUSE)

    def after(self, lab: Lab) -> None:
        super().after(lab)
        # or it would ask for that address once more
        lab.server.execute(f"ip neighbour del {self.address} dev {lab.server.uplinks[0].interface}")

    def amended(self, world: World) -> World:
        wires = {
            name: replace(
                wire, uplink=replace(wire.uplink, addresses=wire.uplink.addresses | {ip_address(self.address)})
            )
            for name, wire in world.wires.items()
        }
        return replace(world, wires=wires)


class EndpointMoves(Disrupted):
    """Claim: when the configuration names another endpoint, the tunnel's packets go there, and no others anywhere.

    Method: the endpoint's IPv6 address in place of its IPv4 one, a reload of the tunnel's unit, and the way back.
    Limitations: the same server; a change of its key would end its sessions.
    Source: wg(8), syncconf.
    """

    name = "endpoint-moves"
    seconds = 2.4

    def disrupt(self, lab: Lab) -> None:
        at = lab.addresses
        for endpoint in (f"[{at.endpoint.v6}]", at.endpoint.v4):
            edit = f"s/^Endpoint = .*/Endpoint = {endpoint}:{at.endpoint_port}/"
            lab.client.succeed(f"sed -i '{edit}' {CONFIGURATION}", f"systemctl reload {TUNNEL_UNIT}")
            time.sleep(PAUSE)


def _addressed(lab: Lab) -> tuple[str, ...]:
    """Commands that give the uplink its addresses and routes, whether or not it has some of them."""
    uplink, at = lab.client.uplinks[0].interface, lab.addresses
    return (
        f"ip address replace {at.client.v4}/24 dev {uplink}",
        f"ip address replace {at.client.v6}/64 dev {uplink} nodad",
        f"ip route replace default via {at.server.v4} dev {uplink}",
        f"ip -6 route replace default via {at.server.v6} dev {uplink}",
    )
