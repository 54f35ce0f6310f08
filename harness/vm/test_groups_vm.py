"""A daemon that starts as root and becomes another user, by setgroups(2), before systemd 258 and since.

Since 258 its user namespace allows that call (PrivateUsers=full); then it must still be confined as every service is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from becoming import agent
from nsguard_harness import scenario
from nsguard_harness.lab import kinds
from nsguard_harness.lab.wired import WiredLab
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from nsguard_harness.target import wait_for_tunnel

FIRST = 258  # the first systemd that knows PrivateUsers=full
GROUPS = ["www-data", "games", "tape"]  # the user's own, and two of which only initgroups(3) makes it a member
BECOME = "/usr/bin/setpriv --reuid=www-data --regid=www-data --init-groups"
# Prints how it ended, and what the namespace allows.
REPORT = (
    f"{BECOME} /usr/bin/id -un; {BECOME} /usr/bin/id -Gn;"
    " cat /proc/self/setgroups; readlink /proc/self/ns/user /proc/self/ns/net"
)
# What the right to become any user might open: packets, and the files, sockets and processes of others.
WAYS = (
    *("udp-lan", "dns-uplink", "left-for-a-login", "left-in-own-home", "left-on-the-path", "set-uid-file"),
    *("signal-outside", "socket-in-own-home"),
)
CAPABILITIES = ["CAP_SETGID", "CAP_SETUID"]


def specification(systemd: int) -> dict[str, Any]:
    confined = {"namespace": "vpn", "capabilities": CAPABILITIES, "systemdVersion": systemd}
    report = {"Type": "oneshot", "ExecStart": f"/bin/sh -c '{REPORT}'"}
    return {
        "tunnels": {"lab": {"configFile": "/etc/nsguard-lab/client.conf"}},
        "namespaces": {"vpn": {"tunnel": "lab"}},
        "services": {
            "becomes": {"serviceConfig": report, **confined},
            "becomes-free": {"serviceConfig": report},
            "as-user": {
                "namespace": "vpn",
                "serviceConfig": {**report, "User": "www-data", "ExecStart": "/usr/bin/id -Gn"},
            },
            "app-user": {"serviceConfig": agent("app-user", BECOME), **confined},
            "free-user": {"serviceConfig": agent("free-user", BECOME), "wantedBy": ["multi-user.target"]},
        },
    }


@pytest.fixture(scope="module", params=["vm", "vm-sid"])
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WiredLab]:
    with kinds.make(request.param) as lab:
        for group in GROUPS[1:]:
            lab.client.succeed(f"gpasswd --add www-data {group}")
        plan = scenario.render_data(specification(version(lab)), tmp_path_factory.mktemp("groups"))
        scenario.install(lab.client, plan)
        scenario.start(lab.client, plan)
        yield lab


def version(lab: WiredLab) -> int:
    return int(lab.client.succeed("systemctl --version").split()[1])


def printed(lab: WiredLab, unit: str) -> list[str]:
    """What a service that ends by itself printed. Raises CommandError where it failed."""
    lab.client.succeed(f"systemctl start {unit}")
    return lab.client.succeed(f"journalctl --sync; journalctl -o cat -b _SYSTEMD_UNIT={unit}.service").splitlines()


def test_a_daemon_becomes_a_user_with_its_groups_from_systemd_258_on(lab: WiredLab) -> None:
    user, groups, allowed, *own = printed(lab, "becomes-free")
    assert (user, sorted(groups.split()), allowed) == ("www-data", sorted(GROUPS), "allow")  # the control
    if version(lab) < FIRST:
        *refusals, denied, user_namespace, network = printed(lab, "becomes")
        assert [line for line in refusals if "Operation not permitted" not in line] == []
        assert (len(refusals), denied) == (2, "deny")
    else:
        user, groups, allowed, user_namespace, network = printed(lab, "becomes")
        assert (user, sorted(groups.split()), allowed) == ("www-data", sorted(GROUPS), "allow")
    assert user_namespace != own[0]
    assert network != own[1]


def test_with_user_systemd_sets_the_groups_whatever_its_version(lab: WiredLab) -> None:
    (groups,) = printed(lab, "as-user")
    assert sorted(groups.split()) == sorted(GROUPS)


def test_a_daemon_that_became_a_user_is_contained_as_one(lab: WiredLab) -> None:
    if version(lab) < FIRST:
        assert lab.client.execute("systemctl start app-user")[0] != 0
        assert "Operation not permitted" in lab.client.succeed("journalctl --sync; journalctl -o cat -b -u app-user")
        return
    lab.client.succeed("systemctl start app-user")
    wait_for_tunnel(lab)
    lab.client.succeed("nsguard doctor vpn")  # the judge of running units accepts PrivateUsers=full
    report = Suite(lab, cells_for(WAYS, subjects(lab.client))).run()
    assert report.confined.judgement.unowned == ()
    assert {result.attack: result.verdict for result in report.results} == dict.fromkeys(WAYS, Verdict.CONTAINED)
