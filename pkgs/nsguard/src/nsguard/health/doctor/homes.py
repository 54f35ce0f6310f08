"""Home directories of users that a confined service sees, because the configuration does not name them."""

import functools
import os
import pwd
from collections.abc import Iterator, Mapping

from nsguard.health import reasons
from nsguard.health.doctor import view
from nsguard.health.doctor.subject import Finding, Patient
from nsguard.system import child

# Persons have user numbers from 1000 on (login.defs(5)), without the range that holds nobody and the users that systemd
# makes when a service starts (systemd.io/UIDS-GIDS).
_PERSONS, _NO_PERSONS = 1000, range(61184, 65536)
# Seconds to look at the files as one process sees them, which usually takes milliseconds.
_TIMEOUT = 5.0


def visible(patient: Patient) -> Iterator[Finding]:
    """Homes of persons that a confined service sees, although it should see none."""
    homes = _homes()
    for unit, pid, want, _ in view.judged(patient):
        if "hidden-homes" in want["loosened"]:
            continue
        try:
            seen = child.answer(functools.partial(_seen, pid, homes), _TIMEOUT)
        except (child.Failed, child.Late):
            continue  # the process ended meanwhile
        for path in seen:
            yield Finding(
                f"{unit} sees {path}, the home of {homes[path][0]}",
                f"name it: users.users.{homes[path][0]}.home = {reasons.nix(path)}; or hide it: "
                f"{reasons.option(unit)}.serviceConfig.InaccessiblePaths = [ {reasons.nix(path)} ]; then: systemctl "
                f"restart {unit}",
            )


def _homes() -> dict[str, tuple[str, os.stat_result]]:
    """Path of each person's home, with symlinks resolved → the person's name, and the directory."""
    homes = {}
    for account in pwd.getpwall():
        path = os.path.realpath(account.pw_dir)
        if account.pw_uid < _PERSONS or account.pw_uid in _NO_PERSONS:
            continue
        directory = view.file_at(path)
        if directory and directory.st_uid == account.pw_uid:
            homes[path] = (account.pw_name, directory)
    return homes


def _seen(pid: int, homes: Mapping[str, tuple[str, os.stat_result]]) -> list[str]:
    """The homes that process `pid` sees. Runs in a child."""
    view.enter(pid)
    return [path for path, (_, directory) in homes.items() if view.sees(path, directory)]
