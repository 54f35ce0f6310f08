"""Homes of other accounts, hidden from a service that starts as root and can act as these accounts."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from nsguard_harness import scenario
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from nsguard_harness.run.trial import switch
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab

GUARD = "property:hidden-homes:elsewhere"
HOME = "/var/www"  # of www-data, in passwd(5) of the lab's machines
WAYS = ("left-in-own-home", "socket-in-own-home")
# systemd before 258 denies setgroups(2), so root's groups stay.
BECOME = "/usr/bin/setpriv --reuid=www-data --regid=www-data --keep-groups"
# Connects to a socket that only www-data may use.
SOCKET = f"{HOME}/nsguard-test-socket"
CONNECT = f"import socket; socket.socket(socket.AF_UNIX).connect('{SOCKET}'); print('connected')"
LISTEN = (
    "import os, signal, socket; os.umask(0o177); s = socket.socket(socket.AF_UNIX);"
    f" s.bind('{SOCKET}'); s.listen(); signal.pause()"
)


def agent(name: str) -> dict[str, str]:
    """The agent, started as root: it becomes www-data before it does anything."""
    return {
        "Type": "notify",
        "NotifyAccess": "all",
        "Environment": "PYTHONPATH=/usr/lib/nsguard-harness",
        "RuntimeDirectory": f"nsguard-agent-{name}",
        "RuntimeDirectoryMode": "0777",
        "ExecStart": f"{BECOME} /usr/bin/python3 -m nsguard_harness.inside.agent /run/nsguard-agent-{name}/socket",
    }


def connecting(capability: str, **more: object) -> dict[str, object]:
    command = f"/usr/bin/python3 -c {shlex.quote(CONNECT)}"
    return {
        "namespace": "vpn",
        "capabilities": [capability],
        "serviceConfig": {"Type": "oneshot", "ExecStart": command, **more},
    }


SPECIFICATION = {
    "accounts": {"www-data": {"home": HOME}},
    "tunnels": {"lab": {"configFile": "/etc/nsguard-lab/client.conf"}},
    "namespaces": {"vpn": {"tunnel": "lab"}},
    "services": {
        "app-user": {
            "namespace": "vpn",
            "capabilities": ["CAP_SETUID", "CAP_SETGID"],
            "serviceConfig": agent("app-user"),
            "wantedBy": ["multi-user.target"],
        },
        "free-user": {"serviceConfig": agent("free-user"), "wantedBy": ["multi-user.target"]},
        "overrides": connecting("CAP_DAC_OVERRIDE"),
        "names": connecting("CAP_DAC_OVERRIDE", ReadWritePaths=HOME),
    },
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("becoming") / "scenario.nix"
    path.with_name("data.json").write_text(json.dumps(SPECIFICATION))
    path.write_text("builtins.fromJSON (builtins.readFile ./data.json)\n")
    return path


@pytest.fixture(scope="module")
def lab(path: Path) -> Iterator[ContainerLab]:
    with ContainerLab() as lab:
        scenario.apply(lab.client, path)
        wait_for_tunnel(lab)
        listen = shlex.quote(LISTEN)
        lab.client.succeed(
            f"mkdir -p -m 0700 {HOME} && chown www-data: {HOME}",
            f"systemd-run -q --unit=listening -p User=www-data -p Type=exec /usr/bin/python3 -c {listen}",
        )
        lab.client.wait_until_succeeds(f"test -S {SOCKET}")
        yield lab


@pytest.fixture(params=[True, False], ids=["protected", "unprotected"])
def protected(request: pytest.FixtureRequest, lab: ContainerLab, path: Path) -> bool:
    without: Sequence[str] = () if request.param else (GUARD,)
    switch(lab.client, scenario.render(path, without))
    wait_for_tunnel(lab)
    return bool(request.param)


def test_a_service_that_becomes_a_user_finds_the_users_home_hidden(lab: ContainerLab, protected: bool) -> None:
    report = Suite(lab, cells_for(WAYS, subjects(lab.client))).run()
    verdict = Verdict.CONTAINED if protected else Verdict.LEAKED
    assert {result.attack: result.verdict for result in report.results} == dict.fromkeys(WAYS, verdict)


def test_a_service_that_overrides_permissions_reaches_no_socket_in_a_home(lab: ContainerLab, protected: bool) -> None:
    status, _ = lab.client.execute("systemctl start overrides")
    assert (status == 0) is not protected


def test_a_home_that_the_unit_names_stays_open_to_it(lab: ContainerLab) -> None:
    lab.client.succeed("systemctl start names")
