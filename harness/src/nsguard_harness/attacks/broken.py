"""While parts of the guard are removed under a sending app: its link, name, rules, processes and units."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, ClassVar

from ..target import CONFINED_UNITS, DELETE_LINK, NAMESPACE, NAMESPACE_UNIT, SERVICES, TUNNEL_UNIT, installed
from ._stream import PAUSE, Disrupted, FixedPort

if TYPE_CHECKING:
    from ..lab.base import Lab

SENDER = "nsguard-leaktest-sender.service"
APP = installed(f"{services['user'][0]}.service" for services in SERVICES)
PROGRAM = "/var/cache/nsguard-leaktest-sends.py"
# datagrams to the uplink's network and beyond, and questions, for as long as it lives
SENDS = (
    "import socket, time\n"
    "from nsguard_harness.addresses import LAB\n"
    "from nsguard_harness.attack import Env\n"
    "from nsguard_harness.attacks import tunnel\n"
    "while True:\n"
    "    for family in (4, 6):\n"
    "        for there in (LAB.server, LAB.web):\n"
    "            try: tunnel.shoot(Env('sender', family), there.of(family))\n"
    "            except OSError: pass\n"
    "    time.sleep(0.05)\n"
)


class TunnelStopped(FixedPort):
    """Claim: nothing leaves by the uplink while the tunnel is stopped under a sending app, which is held.

    Method: a stream, datagrams and questions; meanwhile stop the tunnel's unit, and start it again.
    Limitations: seconds; how long a connection is held is the app's and the kernel's affair.
    Source: RFC 9293 §3.8; systemd.unit(5).
    """

    name = "tunnel-stopped"
    seconds = 3.0

    def disrupt(self, lab: Lab) -> None:
        lab.client.succeed(f"systemctl stop {TUNNEL_UNIT}")
        time.sleep(2 * PAUSE)
        lab.client.succeed(f"systemctl start {TUNNEL_UNIT}")


class LinkRemoved(FixedPort):
    """Claim: nothing leaves by the uplink when the tunnel's link is deleted, and a restart of the unit brings it back.

    Method: as tunnel-stopped; meanwhile delete the link in the namespace, then restart the unit.
    Limitations: one moment of deletion.
    Source: ExpressVPN's leak testing tools, which call it a disrupter.
    """

    name = "link-removed"
    seconds = 3.0

    def disrupt(self, lab: Lab) -> None:
        lab.client.succeed(DELETE_LINK)
        time.sleep(2 * PAUSE)
        lab.client.succeed(f"systemctl restart {TUNNEL_UNIT}")


class RulesFlushed(Disrupted):
    """Claim: nothing leaves by the uplink when every rule is gone, in the namespace and on the host.

    Method: as tunnel-stopped; meanwhile flush both rulesets.
    Limitations: without the rules names may be asked of others and a roaming peer be followed, both by the tunnel.
    Source: nft(8), flush ruleset.
    """

    name = "rules-flushed"
    restore = (f"systemctl reload {NAMESPACE_UNIT} {TUNNEL_UNIT}",)

    def disrupt(self, lab: Lab) -> None:
        lab.client.succeed(f"nft flush ruleset; ip netns exec {NAMESPACE} nft flush ruleset")


class NameDeleted(Disrupted):
    """Claim: nothing leaves by the uplink when the namespace's name is deleted under a sending app.

    Method: `ip netns delete`; the service stays in the namespace that had the name. Then the unit is restarted.
    Limitations: the service tunnels on with what it had until the unit is restarted.
    Source: ip-netns(8).
    """

    name = "name-deleted"
    restore = (f"systemctl restart {NAMESPACE_UNIT}",)

    def disrupt(self, lab: Lab) -> None:
        lab.client.succeed(f"ip netns delete {NAMESPACE}")


class UserspaceKilled(FixedPort):
    """Claim: nothing leaves by the uplink when the process that is the tunnel is killed under a sending app.

    Method: SIGKILL to wireguard-go's unit, where the kernel has no WireGuard; then a restart of the tunnel's unit.
    It comes back by itself within seconds, on a busy machine meanwhile.
    Limitations: where the kernel has WireGuard there is no such process, and nothing is disturbed.
    Source: systemctl(1), kill.
    """

    name = "userspace-killed"

    def disrupt(self, lab: Lab) -> None:
        lab.client.execute(f"systemctl kill -s KILL nsguard-userspace-{NAMESPACE}.service")


class RuntimeKilled(FixedPort):
    """Claim: nothing leaves by the uplink wherever the runtime is killed while it makes the tunnel.

    Method: restart the tunnel's unit and kill all of it by SIGKILL, later and later, from at once to after its end.
    Limitations: moments a few hundredths of a second apart; pkgs/nsguard's own tests hit every step.
    Source: leaks while connecting (Burkert et al., ICC 2021).
    """

    name = "runtime-killed"
    seconds = 6.0
    moments: ClassVar[tuple[float, ...]] = tuple(step / 40 for step in range(12))

    def disrupt(self, lab: Lab) -> None:
        killed = "; ".join(
            f"systemctl restart --no-block {TUNNEL_UNIT}; sleep {moment}; systemctl kill -s KILL {TUNNEL_UNIT}"
            for moment in self.moments
        )
        lab.client.succeed(f"set +e; {killed}; true", f"systemctl restart {TUNNEL_UNIT}")


class UnitsInEveryOrder(FixedPort):
    """Claim: nothing leaves by the uplink in whatever order the units stop and start.

    Method: a unit like the service's, which sends as long as it lives; namespace, tunnel and it are stopped in every
    order, and started in every order.
    Limitations: one after the other; frames hold no token and are known by the time.
    Source: systemd.unit(5), BindsTo= and After=.
    """

    name = "units-in-every-order"
    seconds = 0.8
    stops_service = True

    def before(self, lab: Lab) -> None:
        super().before(lab)
        lab.client.write_files({PROGRAM: SENDS})
        copied = (
            f"s|-m nsguard_harness.inside.agent .*|{PROGRAM}|; s/^Type=.*/Type=exec/; s/${{app%.*}}/leaktest-sender/g"
        )
        lab.client.succeed(
            f'app={APP}; sed "{copied}" $(systemctl show -P FragmentPath $app) > /run/systemd/system/{SENDER}',
            f"systemctl daemon-reload && systemctl start {SENDER}",
        )

    def disrupt(self, lab: Lab) -> None:
        for order in itertools.permutations((NAMESPACE_UNIT, TUNNEL_UNIT, SENDER)):
            for verb in ("stop", "start"):
                lab.client.succeed("set +e; " + "; ".join(f"systemctl {verb} {unit}" for unit in order) + "; true")

    def after(self, lab: Lab) -> None:
        heard = any("nsguard-leaktest sender" in record["data"] for record in lab.peer.records("echo"))
        lab.client.succeed(
            f"systemctl stop {SENDER}; rm -f /run/systemd/system/{SENDER}; systemctl daemon-reload",
            f"systemctl start {NAMESPACE_UNIT} {TUNNEL_UNIT} {CONFINED_UNITS}",
        )
        super().after(lab)
        lab.client.succeed("true" if heard else "echo the sender was never heard at the far end >&2; false")
