"""Debian's Transmission and qBittorrent with their presets: the window, a second launch, who asks the tracker."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from awaited import until
from browsing import COLOURS, HOME, browsers, new_token, screen, shown, sources, watched
from nsguard_harness.addresses import LAB
from nsguard_harness.attacks.granted import BUS
from nsguard_harness.lab.container import ContainerLab

pytestmark = pytest.mark.lab

# Settings that answer in advance what each program asks at its first run and before it adds a torrent.
SETTINGS = {
    "transmission": (
        ".config/transmission/settings.json",
        json.dumps({"show-options-window": False, "user-has-given-informed-consent": True}),
    ),
    "qbittorrent": (
        ".config/qBittorrent/qBittorrent.conf",
        "[LegalNotice]\nAccepted=true\n[AddNewTorrentDialog]\nEnabled=false\n",
    ),
}
PROGRAMS = {"transmission": "/usr/bin/transmission-gtk", "qbittorrent": "/usr/bin/qbittorrent"}


@dataclass(frozen=True)
class Client:
    """A BitTorrent client that runs as an app.

    person: a command that runs another one as the person at the client's screen; outside: the program's path, by which
    it runs unconfined.
    """

    name: str
    person: str
    outside: str

    @property
    def unit(self) -> str:
        return f"nsguard-app-{self.name}"

    def processes(self, lab: ContainerLab) -> list[str]:
        """The PIDs of the program's processes in the app's unit."""
        group = lab.client.succeed(f"systemctl show -P ControlGroup {self.unit}").strip()
        return lab.client.succeed(f"pgrep -f ^{self.outside} --cgroup {group} || true").split()


def magnet(token: str) -> str:
    """A torrent that nobody has, with a tracker at the lab's web server (BEP 9)."""
    return f"'magnet:?xt=urn:btih:{secrets.token_hex(20)}&tr=http://{LAB.web.v4}/{token}/announce'"


def asked(lab: ContainerLab, token: str) -> set[str]:
    """Wait until somebody asks the tracker; the addresses that have asked."""
    return set(until(lambda: sources(lab, "web", f"/{token}/announce"), "the tracker was not asked", 30))


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with browsers("torrents") as lab:
        yield lab


@pytest.fixture(scope="module")
def clients(lab: ContainerLab) -> dict[str, Client]:
    """All clients, each with a screen of its own, so that a picture shows one client alone."""
    made = {}
    for number, (name, (path, text)) in enumerate(SETTINGS.items(), 8):
        homes = (f"/var/lib/nsguard-app-{name}", HOME)
        lab.client.write_files({f"{home}/{path}": text for home in homes})
        lab.client.succeed(f"chown -R www-data: {' '.join(homes)}")
        person = f"{screen(lab, number)} -E DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/33/bus"
        made[name] = Client(name, person, PROGRAMS[name])
    return made


# Not of module scope: pytest would then run all tests of one client first, and the next client would meet what the
# unconfined program of the first has left behind.
@pytest.fixture(params=PROGRAMS)
def client(clients: dict[str, Client], request: pytest.FixtureRequest) -> Client:
    return clients[request.param]


def test_a_second_launch_reaches_the_first_and_its_tracker_is_asked_through_the_tunnel(
    lab: ContainerLab, client: Client
) -> None:
    token = new_token()
    with watched(lab, token) as judgement:
        lab.client.succeed(f"{client.person} --unit=launched-{client.name} {client.name}")
        assert shown(lab, client.person, client.name) > COLOURS
        first = client.processes(lab)
        assert len(first) == 1
        lab.client.succeed(f"{client.person} --wait {client.name} {magnet(token)}", timeout=60)
        assert asked(lab, token) <= set(LAB.tunnel_client)
    assert client.processes(lab) == first
    assert not judgement().void
    assert judgement().leaks == ()


def test_one_outside_is_seen_by_the_same_observer_and_is_handed_nothing(lab: ContainerLab, client: Client) -> None:
    free, confined = new_token(), new_token()
    before = client.processes(lab)
    with watched(lab, free) as judgement:
        lab.client.succeed(f"{client.person} --unit=free-{client.name} {client.outside} {magnet(free)}")
        assert asked(lab, free) <= set(LAB.client)
        # while the unconfined program runs, a second launch still reaches the app
        lab.client.succeed(f"{client.person} --wait {client.name} {magnet(confined)}", timeout=60)
        assert asked(lab, confined) <= set(LAB.tunnel_client)
    assert {leak.kind for leak in judgement().of(free)} & {"tcp", "http"}
    assert client.processes(lab) == before


@pytest.mark.parametrize("client", ["transmission"], indirect=True)
def test_a_bus_of_its_own_starts_nothing_and_turns_others_away(lab: ContainerLab, client: Client) -> None:
    socket = f"/run/nsguard-private-bus-{client.name}/session"
    lab.client.succeed(f"{client.person} {client.name}")
    lab.client.wait_for_file(socket, 20)

    def call(path: str, method: str) -> str:
        return f"busctl --address=unix:path={path} -j call {' '.join(BUS)} {method}"

    def activatable(path: str) -> list[str]:
        answer = lab.client.succeed(f"setpriv --reuid www-data --clear-groups {call(path, 'ListActivatableNames')}")
        return list(json.loads(answer)["data"][0])

    # control: the person's own bus offers more
    assert len(activatable("/run/user/33/bus")) > 1
    assert activatable(socket) == ["org.freedesktop.DBus"]
    # root can enter the directory, but the bus turns it away
    lab.client.fail(call(socket, "ListNames"))
