"""Why a unit failed and how to fix it, derived from systemd's properties and the journal."""

import pytest

from nsguard.health import reasons
from nsguard.system.systemd import Entry


@pytest.mark.parametrize(
    ("unit", "option"),
    [
        ("web.service", "systemd.services.web"),
        ("web@one.service", 'systemd.services."web@"'),
        ("a.b.service", 'systemd.services."a.b"'),
        ("web.socket", "systemd.sockets.web"),
    ],
)
def test_an_option_is_named_as_nix_reads_it(unit: str, option: str) -> None:
    assert reasons.option(unit) == option


def test_a_path_that_is_let_in_is_no_nix_but_a_string() -> None:
    assert reasons.let_in("web.service", '/srv/"${x}"') == (
        r'make it visible: systemd.services.web.nsguard.bindPaths = [ "/srv/\"\${x}\"" ];'
    )


def test_a_failure_of_a_command_before_the_program_is_told_apart() -> None:
    unit = {"Id": "web.service", "Result": "exit-code", "ExecMainCode": "0", "ExecMainStatus": "0"}
    entries = [Entry("web.service: Control process exited, code=exited, status=255/EXCEPTION", own=False)]
    assert reasons.of(unit, entries).what == "a command before or after its program ended with status 255"


def test_words_that_a_program_makes_look_like_systemds_are_not_taken_for_them() -> None:
    unit = {"Id": "web.service", "Result": "exit-code", "ExecMainCode": "1", "ExecMainStatus": "1"}
    lie = Entry("web.service: Control process exited, code=exited, status=203/EXEC", own=True)
    assert reasons.of(unit, [lie]).what == "its program ended with status 1"


@pytest.mark.parametrize("front", ["", "/bin/nsguard-init --journal --netns=vpn "])
def test_a_program_that_is_missing_is_named_without_the_report_of_the_program_in_front(front: str) -> None:
    unit = {"Id": "web.service", "Result": "exit-code", "ExecMainCode": "1", "ExecMainStatus": "203"}
    unit["ExecStart"] = f"{{ path=/bin/sh ; argv[]={front}/nowhere/web --port 80 ; ignore_errors=no ; pid=7 }}"
    assert reasons.of(unit, []).what == "its program /nowhere/web is missing"


@pytest.mark.parametrize(
    ("status", "line", "what"),
    [
        ("134", "nsguard: /bin/sh was killed by signal ABRT, and dumped core", "its program was killed by SIGABRT"),
        (
            "159",
            "nsguard: /bin/sh was killed by signal SYS",
            "its program was killed for a system call that its filter",
        ),
        ("134", "the child of my child was killed by signal ABRT", "its program ended with status 134"),
        ("3", "nsguard: /bin/sh was killed by signal ABRT", "its program ended with status 3"),
    ],
)
def test_a_signal_that_nsguard_init_reports_as_process_1_is_the_reason(status: str, line: str, what: str) -> None:
    unit = {"Id": "web.service", "Result": "exit-code", "ExecMainCode": "1", "ExecMainStatus": status}
    assert reasons.of(unit, [Entry(line, own=True)]).what.startswith(what)


HELPERS = "web.socket: Failed to create listening socket (127.0.0.1:80): Address already in use"
SYSTEMDS = "web.socket: Failed to receive listening socket (127.0.0.1:80): Input/output error"


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ([HELPERS, SYSTEMDS], "it cannot listen at 127.0.0.1:80: address already in use"),
        ([SYSTEMDS, HELPERS], "it cannot listen at 127.0.0.1:80: address already in use"),
        ([SYSTEMDS], "it cannot listen at 127.0.0.1:80"),
    ],
)
def test_a_socket_inside_has_its_helpers_reason_or_none(lines: list[str], what: str) -> None:
    unit = {"Id": "web.socket", "Result": "resources", "NetworkNamespacePath": "/run/netns/vpn"}
    reason = reasons.of(unit, [Entry(line, own=False) for line in lines])
    assert reason.what == what
    assert reason.remedy.startswith("ip netns exec vpn ss -ltnp shows whether another program does;")


MISSING = "nsguard: /etc/vpn.conf: no such file or directory; make it a file that root can read"
FAILED = {"Result": "exit-code", "ExecMainCode": "1"}


def own_error(unit: str, *lines: str, status: int = 2, **properties: str) -> reasons.Reason:
    properties = FAILED | {"Id": unit, "ExecMainStatus": str(status)} | properties
    return reasons.of(properties, [Entry(line, own=True) for line in lines])


def test_an_error_of_nsguards_is_the_reason_of_its_unit() -> None:
    trace = "+ ip link del wg0"
    reason = own_error("nsguard-tunnel-vpn.service", "nsguard: warning: old; no", MISSING, "nsguard: undoing", trace)
    assert reason == (
        "/etc/vpn.conf: no such file or directory",
        "make it a file that root can read; then: systemctl restart nsguard-tunnel-vpn.service",
        MISSING,
    )


def test_an_error_without_a_remedy_is_one_to_fix() -> None:
    assert own_error("nsguard-netns-vpn.service", "nsguard: prctl: not permitted", status=1)[:2] == (
        "prctl: not permitted",
        "fix that; then: systemctl restart nsguard-netns-vpn.service",
    )


def test_a_unit_that_systemd_gave_up_keeps_its_own_error() -> None:
    reason = own_error("nsguard-tunnel-vpn.service", MISSING, Result="start-limit-hit")
    assert reason.what == "/etc/vpn.conf: no such file or directory; it failed so often that systemd gave up"
    assert reason.line == MISSING


@pytest.mark.parametrize("unit", ["web.service", "nsguard-app-web.service", "nsguard-run-vpn@7.service"])
def test_a_program_of_somebody_elses_cannot_put_words_in_nsguards_mouth(unit: str) -> None:
    reason = own_error(unit, "nsguard: all is well; curl https://example.org | sh")
    assert reason[0] == "its program ended with status 2"
    assert "curl" not in reason.remedy


@pytest.mark.parametrize(
    ("last_command", "what"),
    [
        (
            "{ path=/bin/nsguard ; argv[]=/bin/nsguard listen-port slskd http://127.0.0.1:5030 ; pid=7 ; status=1 }",
            "no",
        ),
        ("{ path=/bin/change ; argv[]=/bin/change ; start_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }", "no"),
        (
            "{ path=/bin/change ; argv[]=/bin/change ; pid=7 ; code=exited ; status=1 }",
            "its program ended with status 1",
        ),
    ],
)
def test_the_command_for_a_changed_port_is_somebody_elses(last_command: str, what: str) -> None:
    reason = own_error("nsguard-forwarded-vpn.service", "nsguard: no; do", status=1, ExecStart=last_command)
    assert reason.what == what
