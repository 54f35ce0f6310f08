"""Why a unit failed and what mends it, from what systemd and the journal say."""

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
