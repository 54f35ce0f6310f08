"""The watch on the forwarded port, with fakes of the hook and of the listeners inside."""

from collections.abc import Iterable

import pytest

from nsguard.forward import granted, watch
from nsguard.forward.watch import IN_VAIN, MISSED, Watch
from nsguard.spec.spec import Forwarding
from nsguard.system import process, systemd

PORT, HOOK = 2000, "hook.service"


class Inside:
    """A namespace whose programs were told a port: the listeners, the hook's state and number of runs, the log."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, client: str | None = None, hook: str | None = HOOK) -> None:
        self.state, self.starts, self.said = "inactive", 0, list[str]()
        self._listening: list[tuple[str, int]] = []
        monkeypatch.setattr(granted, "listening", lambda _: self._listening)
        monkeypatch.setattr(process, "change", self._change)
        monkeypatch.setattr(process, "say", self.said.append)
        monkeypatch.setattr(systemd, "show", lambda *_: [{"Id": HOOK, "ActiveState": self.state}])
        self._watch = Watch("vpn", Forwarding("nat-pmp", None, ("tcp", "udp"), None, 60, hook, client))

    def _change(self, *argv: str) -> None:
        assert argv == ("systemctl", "restart", "--no-block", HOOK)
        self.starts += 1

    def look(self, *, tcp: Iterable[int] = (), udp: Iterable[int] = (), times: int = MISSED) -> int:
        """How often the hook has run again, after `times` looks at these listeners."""
        self._listening = [("tcp", port) for port in tcp] + [("udp", port) for port in udp]
        for _ in range(times):
            self._watch.look(PORT, ("tcp", "udp"))
        return self.starts


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Inside:
    return Inside(monkeypatch)


def test_a_program_that_was_restarted_is_told_again(inside: Inside) -> None:
    assert inside.look(tcp=[PORT]) == 0
    assert inside.said == ["nsguard: vpn: a program inside listens on port 2000"]
    assert inside.look(tcp=[51413], udp=[53], times=MISSED - 1) == 0
    assert inside.look(tcp=[51413], udp=[53]) == 1
    assert inside.said[1:] == ["nsguard: vpn: nobody listens on port 2000; telling it again"]
    assert inside.look(udp=[PORT]) == 1
    assert inside.said[2:] == inside.said[:1]
    assert inside.look() == 2


def test_the_hook_that_fails_before_the_program_is_up_runs_again_when_its_api_is_there(inside: Inside) -> None:
    inside.look(tcp=[PORT])
    assert inside.look() == 1
    for state in ("activating", "failed", "failed"):
        inside.state = state
        assert inside.look() == 1
    assert inside.look(tcp=[9091]) == 2


def test_a_program_that_was_told_while_it_ended_is_told_when_it_is_back(inside: Inside) -> None:
    inside.look(tcp=[PORT, 9091])
    assert inside.look(tcp=[9091]) == 1
    assert inside.look(tcp=[9091, 51413]) == 2


def test_a_program_that_never_listened_is_not_told_again(inside: Inside) -> None:
    assert inside.look(tcp=[9091], times=9) == 0


def test_a_program_that_does_not_listen_is_told_a_few_times_whatever_others_listen_on(inside: Inside) -> None:
    inside.look(tcp=[PORT])
    assert inside.look(times=9) == 1
    for port in range(3000, 3009):
        inside.look(tcp=[port])
    assert inside.starts == IN_VAIN


def test_a_client_that_was_restarted_before_it_was_seen_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = Inside(monkeypatch, "transmission")
    assert inside.look(tcp=[9091, 51413], times=9) == 1


def test_a_client_that_refuses_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """qBittorrent bans an address that has sent a wrong password five times."""
    inside = Inside(monkeypatch, "qbittorrent")
    inside.state = "failed"
    for port in range(3000, 3009):
        assert inside.look(tcp=[port]) == 0


def test_without_a_hook_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Inside(monkeypatch, hook=None).look(times=9) == 0


def test_a_hook_that_cannot_be_started_is_logged(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: str) -> None:
        raise process.CommandFailed(("systemctl",), "ended with 5", "no such unit")

    monkeypatch.setattr(process, "change", refuse)
    watch.restart("vpn", HOOK)
    assert inside.said[0].startswith("nsguard: vpn: ")
