"""The units: when they are stopped, restarted or started with the machine, and when a name leads elsewhere."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..attack import Attack, Env, Outcome
from ..target import CONFINED_UNITS, NAMESPACE, NAMESPACE_UNIT, TUNNEL_UNIT, UNCONFINED_UNITS, restore
from . import _tools

if TYPE_CHECKING:
    from ..lab.base import Lab

ENTRY = f"/run/netns/{NAMESPACE}"
# the units that outlived their namespace, noted while no agent could answer; services see this directory
OUTLIVED = "/var/cache/nsguard-leaktest-outlived"
OLD_TTL = 62  # not the default of a new namespace (ip-sysctl.rst)
NAMED = "/var/cache/nsguard-leaktest-named"
SLOW = f"/run/systemd/system/{NAMESPACE_UNIT}.d"
# where systemd looks first, before /etc
CONTROL = "/run/systemd/system.control"
MASK = f"{CONTROL}/{TUNNEL_UNIT}"
SWAPPED = "/run/nsguard-leaktest-swapped"


class HostUnderTheName(Attack):
    """Claim: a service does not start in the host's namespace, wherever the namespace's name leads.

    Method: bind the host's own namespace over /run/netns/NAME and restart the services. What starts nevertheless
    runs the attack, a datagram; where nothing starts, which is right, the name is put back first.
    Limitations: it stands for every way in which systemd ends up in the host's namespace and goes on.
    Source: systemd issues 29429 and 35982; systemd.exec(5), NetworkNamespacePath=.
    """

    name = "host-under-the-name"
    alone = True
    core = False
    prepared_control = False

    def before(self, lab: Lab) -> None:
        back = f"umount --lazy {ENTRY}; systemctl reset-failed {CONFINED_UNITS}; systemctl start {CONFINED_UNITS}"
        lab.client.succeed(
            f"mount --bind /proc/1/ns/net {ENTRY}",
            f"if systemctl restart {CONFINED_UNITS}; then touch {SWAPPED}; else {back}; fi 2>/dev/null",
        )

    def after(self, lab: Lab) -> None:
        lab.client.succeed(
            f"if [ -e {SWAPPED} ]; then rm {SWAPPED}; umount --lazy {ENTRY}; systemctl restart {CONFINED_UNITS}; fi"
        )

    def run(self, env: Env) -> Outcome:
        return _tools.send_udp(env, _tools.lan(env))


class Outlives(Attack):
    """Claim: a service does not outlive the unit of its namespace.

    Method: stop the namespace's unit and note which services still run; start everything again, and let each look
    whether it was among them.
    Limitations: one stop, with the tunnel up.
    Source: systemd.unit(5), BindsTo=.
    """

    name = "outlives"
    families = (0,)
    evidence = "answer"
    alone = True
    core = False

    def before(self, lab: Lab) -> None:
        lab.client.succeed(
            f"systemctl stop {NAMESPACE_UNIT} || true",
            f"for unit in {CONFINED_UNITS} {UNCONFINED_UNITS}; do systemctl -q is-active $unit && echo $unit; done"
            f" > {OUTLIVED} || true",
        )
        restore(lab)

    def after(self, lab: Lab) -> None:
        lab.client.succeed(f"rm {OUTLIVED}")

    def run(self, env: Env) -> Outcome:
        own = {line.rpartition("/")[2] for line in Path("/proc/self/cgroup").read_text().splitlines()}
        alive = own & set(Path(OUTLIVED).read_text().split())
        return Outcome(bool(alive), f"{' '.join(sorted(alive) or own)}: {'lived on' if alive else 'was stopped'}")


class _Through(Attack):
    """A datagram that must come out of the tunnel, with two more tries during the tunnel's handshake."""

    alone = True
    core = False
    tunnelled = True
    prepared_control = False

    def run(self, env: Env) -> Outcome:
        for _ in range(3):
            outcome = Outcome(False)
            with suppress(OSError):
                outcome = _tools.send_udp(env, _tools.beyond(env))
            if outcome.reached:
                return outcome
            time.sleep(0.2)
        return outcome


class NamespaceRemade(_Through):
    """Claim: when the namespace is made anew, the services go on in the new one, with a tunnel.

    Method: restart the namespace's unit and nothing else; a datagram must come out of the tunnel.
    Limitations: a restart by systemd, not `ip netns delete`.
    Source: systemd.unit(5), BindsTo= and the propagation of restarts.
    """

    name = "namespace-remade"

    def before(self, lab: Lab) -> None:
        lab.client.succeed(f"systemctl restart {NAMESPACE_UNIT}")

    def after(self, lab: Lab) -> None:
        lab.client.succeed(f"systemctl restart {NAMESPACE_UNIT}")
        restore(lab)


class NamespaceSlow(NamespaceRemade):
    """Claim: tunnel and services wait for a namespace that takes its time.

    Method: as namespace-remade, with a second's pause before the namespace is made.
    Limitations: as namespace-remade.
    Source: systemd.unit(5), After=.
    """

    name = "namespace-slow"

    def before(self, lab: Lab) -> None:
        pause = "[Service]\\nExecStartPre=$(command -v sleep) 1\\n"
        lab.client.succeed(f'mkdir -p {SLOW} && printf "{pause}" > {SLOW}/slow.conf', "systemctl daemon-reload")
        super().before(lab)

    def after(self, lab: Lab) -> None:
        lab.client.succeed(f"rm -r {SLOW}", "systemctl daemon-reload")
        super().after(lab)


class TunnelMasked(NamespaceSlow):
    """Claim: services are gone before their namespace goes, and wait for the new one, also where no tunnel is between.

    Method: as namespace-slow, with the tunnel's unit stopped and masked; then each looks whether its namespace is the
    one that the name leads to, and whether a mark on the old one is on it.
    Limitations: what an administrator may do; a tunnel that fails is another's affair.
    Source: systemctl(1), mask; systemd.unit(5), After= and the unit search path.
    """

    name = "tunnel-masked"
    families = (0,)
    evidence = "answer"
    tunnelled = False
    prepared_control = True

    def before(self, lab: Lab) -> None:
        mark = f"ip netns exec {NAMESPACE} sysctl -qw net.ipv4.ip_default_ttl={OLD_TTL}"
        lab.client.succeed(f"systemctl stop {TUNNEL_UNIT}", f"mkdir -p {CONTROL} && ln -sf /dev/null {MASK}", mark)
        super().before(lab)
        lab.client.succeed(f"stat -L -c %i {ENTRY} > {NAMED}")

    def after(self, lab: Lab) -> None:
        lab.client.succeed(f"rm -f {MASK} {NAMED}")
        super().after(lab)

    def run(self, env: Env) -> Outcome:
        elsewhere = os.stat("/proc/self/ns/net").st_ino != int(Path(NAMED).read_text())
        # numbers of namespaces are used again
        old = Path("/proc/sys/net/ipv4/ip_default_ttl").read_text().strip() == str(OLD_TTL)
        where = "the old namespace" if old else "another namespace" if elsewhere else "the new namespace"
        return Outcome(old or elsewhere, f"it is in {where}")


class FirstAtBoot(_Through):
    """Claim: a service that starts with the machine finds its tunnel, and what it sends first goes through it.

    Method: reboot; a datagram as soon as the service answers must come out of the tunnel.
    Limitations: one boot.
    Source: systemd.unit(5), After=.
    """

    name = "first-at-boot"

    def before(self, lab: Lab) -> None:
        lab.client.reboot()

    def after(self, lab: Lab) -> None:
        restore(lab)
