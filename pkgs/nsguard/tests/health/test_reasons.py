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
