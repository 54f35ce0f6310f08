"""Files that the host will run later, outside of the confinement."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ..attack import CannotApplyError, Env, Lacking, Outcome
from ..target import renew
from . import _tools
from ._processes import accounts
from ._standins import WithStandins, has_home, marked

if TYPE_CHECKING:
    from ..lab.base import Lab

# a home directory for each user who may try; the users' own may lie anywhere
HOMES = "/home/nsguard-leaktest-{user}"


class _Left(WithStandins):
    """Leave a file with the token; a stand-in finds it as cron or a login would, and sends what is in it.

    directories: where, `{user}` standing for the name of each user, and `{home}` for its home.
    """

    evidence = "wire"
    directories: ClassVar[tuple[str, ...]]

    def run(self, env: Env) -> Outcome:
        reports, left = [], False
        user = pwd.getpwuid(os.getuid())
        for directory in self.directories:
            if "{home}" in directory and not has_home(user):
                raise CannotApplyError(Lacking.MACHINE, f"{user.pw_name} has no home")
            path = Path(_of_user(directory, user), marked(env))
            try:
                path.write_bytes(_tools.payload(env))
            except OSError as error:
                reports.append(f"{path.parent}: {error.strerror}")
            else:
                left = True
                reports.append(f"{path.parent}: left a file")
        return Outcome(left, ", ".join(reports))


class LeftForTheHost(_Left):
    """Claim: root in the service can't leave a file that the host runs: for cron, at, systemd, udev or a login.

    Method: write a file into each of their directories; a stand-in for all of them sends what it finds.
    Limitations: what the service may write elsewhere is not run by anybody known here; see shared files in the threat
    model.
    Source: cron(8), at(1), systemd.unit(5), udev(7), bash(1); D-Bus specification, service files.
    """

    name = "left-for-the-host"
    identities = ("root",)
    directories = (
        *("/etc/cron.d", "/etc/cron.hourly", "/var/spool/cron/crontabs", "/var/spool/cron/atjobs"),
        *("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/etc/udev/rules.d"),
        *("/etc/profile.d", "/etc/tmpfiles.d", "/run/tmpfiles.d", "/run/udev/rules.d", "/usr/local/bin"),
        *("/etc/xdg/autostart", "/usr/local/share/dbus-1/system-services", "/run/dbus-1/system-services"),
    )


class LeftForALogin(_Left):
    """Claim: the service can't leave a file in a home directory that a login runs.

    Method: write a file into a home's directories for autostart, units and shells; a stand-in sends what it finds.
    Limitations: of homes in other places, left-in-own-home tries the service's own.
    Source: XDG autostart specification; systemd.unit(5), user units; bash(1).
    """

    name = "left-for-a-login"
    directories = tuple(
        f"{HOMES}/{directory}" for directory in (".config/autostart", ".config/systemd/user", ".bashrc.d", "bin")
    )


class LeftInOwnHome(_Left):
    """Claim: the service can't leave a file that a login runs in its own user's home, wherever that lies.

    Method: as left-for-a-login, in the home that the user has in passwd(5). The labs' ordinary user has one elsewhere
    than in /home.
    Limitations: a home in /var/lib is taken for the service's state; a directory that the unit names stays open to it.
    Source: passwd(5); bash(1).
    """

    name = "left-in-own-home"
    directories = tuple(f"{{home}}/{directory}" for directory in (".config/autostart", ".bashrc.d", "bin"))


class LeftInAProfile(_Left):
    """Claim: the service can't leave a program in a user's Nix profile, where that user's shell finds it first.

    Method: write a file into the user's profile and into the directory of its roots, which are that user's own; a
    stand-in sends what it finds.
    Limitations: profiles in homes are hidden with these.
    Source: nix-env(1), per-user profiles.
    """

    name = "left-in-a-profile"
    directories = tuple(f"/nix/var/nix/{kind}/per-user/{{user}}" for kind in ("profiles", "gcroots"))


class LeftOnThePath(_Left):
    """Claim: the service can't leave a program in `/usr/local`, where the shell of whoever owns it finds it.

    Method: write a file into a directory there that is the user's own; a stand-in sends what it finds.
    Limitations: directories of the user's elsewhere, as in /opt, are shared files in the threat model.
    Source: file-hierarchy(7), hier(7).
    """

    name = "left-on-the-path"
    directories = ("/usr/local/nsguard-leaktest-{user}",)


class LeftInATable(_Left):
    """Claim: the service can't leave a line in a timetable of its user's, which cron or at would run.

    Method: where cron and at of several makers keep them, write a file into a directory that is the user's own; a
    stand-in sends what it finds. The service starts when the directories are there.
    Limitations: a cron that is installed under a running service is not held until that is restarted.
    Source: cron(8), crontab(5), at(1).
    """

    name = "left-in-a-table"
    alone = True
    core = False
    directories = tuple(
        f"{directory}/nsguard-leaktest-{{user}}"
        for directory in (
            "/var/cron",
            *(f"/var/spool/{it}" for it in ("anacron", "at", "atjobs", "cron", "fcron", "incron")),
        )
    )

    def before(self, lab: Lab) -> None:
        super().before(lab)
        renew(lab)


class SetUidFile(WithStandins):
    """Claim: the service can't leave a program that runs with its own rights, or its group's, for whoever starts it.

    Method: in a directory of its own that others on the host may enter, make a file set-uid and set-gid, by chmod(2),
    and by open(2) from the start. One that is so is a success, and is removed.
    Limitations: none is run. A file that another made so can still be given to the service.
    Source: inode(7), S_ISUID; systemd.exec(5), RestrictSUIDSGID=.
    """

    name = "set-uid-file"

    def run(self, env: Env) -> Outcome:
        mode, reports = 0o6755, []
        path = Path(_entered_by_others(), env.token)
        for way in ("chmod", "open"):
            created = mode if way == "open" else 0o644
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, created))
                if way == "chmod":
                    path.chmod(mode)
                if path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID):
                    return Outcome(True, f"{way} made {path} set-uid")
            except OSError as error:
                reports.append(f"{way}: {error.strerror}")
            finally:
                path.unlink(missing_ok=True)
        return Outcome(False, ", ".join(reports))


def _entered_by_others() -> str:
    """A directory of this service's, or this user's, that other users may enter. Raises PermissionError."""
    own = [*os.environ.get("RUNTIME_DIRECTORY", "").split(":"), os.environ.get("HOME", ""), HOMES.format(user=_user())]
    for directory in (Path(path) for path in own if path and os.access(path, os.W_OK)):
        if all(path.stat().st_mode & stat.S_IXOTH for path in (directory, *directory.parents)):
            return str(directory)
    raise PermissionError("there is no directory of its own that others may enter")


def _user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def _of_user(directory: str, user: pwd.struct_passwd) -> str:
    return directory.format(user=user.pw_name, home=user.pw_dir)


def places() -> Iterator[tuple[str, str]]:
    """The directories in which the host looks for such files, each with its owner's name."""
    for kind in (LeftForTheHost, LeftForALogin, LeftInOwnHome, LeftInAProfile, LeftOnThePath, LeftInATable):
        for directory in kind.directories:
            for user in accounts() if "{" in directory else accounts()[:1]:
                if "{home}" not in directory or has_home(user):
                    yield _of_user(directory, user), user.pw_name
