"""The machine around the namespace: units, the clock, files with keys, the journal."""

import contextlib
import os
import stat
import time
from collections.abc import Iterator

from nsguard.health.doctor.subject import Finding, Patient
from nsguard.lifecycle import handshake
from nsguard.system import process, systemd

# Files whose modification time comes from a clock that was right: systemd-timesyncd(8), and the system's release.
_CLOCKS = ("/var/lib/systemd/timesync/clock", "/usr/lib/clock-epoch")
# The configuration of systemd-journald: one file, and then the files in these directories, in the order of their names.
# If two files have the same name, the one in the later directory counts.
_JOURNALD = "/etc/systemd/journald.conf"
_CONFIGURATION = tuple(f"/{root}/systemd/journald.conf.d" for root in ("usr/lib", "usr/local/lib", "run", "etc"))
# Exists once the journal runs.
_RUNNING = "/run/systemd/journal"
_FALSE = ("0", "no", "n", "false", "f", "off")
# Every user can read the files in it, and nobody can change their modes.
_STORE = "/nix/store/"
# Seconds that a clock may be set back, most likely without harm.
_SLACK = 2


def keys(patient: Patient) -> Iterator[Finding]:
    """Files with keys belong to root, and nobody else can read or replace them."""
    for path in _key_files(patient):
        try:
            status = os.stat(path)
        except OSError as error:
            if any(unit.reason and unit.reason.what.startswith(f"{path}: ") for unit in patient.units):
                continue  # another finding reports the unit that failed without the file
            making = path == patient.spec.tunnel.private_key_file and patient.spec.tunnel.generate_private_key_file
            remedy = "restart the tunnel, which generates it" if making else "put it in place"
            yield Finding(f"{path}: {(error.strerror or str(error)).lower()}", remedy)
            continue
        if os.path.realpath(path).startswith(_STORE):
            yield Finding(
                f"{path}: leads into the Nix store, where every user can read the key",
                "remove it from the configuration, get another key, and put its file below /run/secrets",
            )
            continue
        mode = stat.S_IMODE(status.st_mode)
        if mode & 0o077:
            yield Finding(f"{path}: mode {mode:04o} lets users other than root read the key", f"chmod 0600 {path}")
        if status.st_uid != 0:
            yield Finding(f"{path}: belongs to user {status.st_uid}, who may change the tunnel", f"chown root {path}")
        parent = os.path.dirname(path)
        mode = stat.S_IMODE(os.stat(parent).st_mode)
        if mode & 0o022 and not mode & stat.S_ISVTX:
            yield Finding(f"{parent}: mode {mode:04o} lets others replace {path}", f"chmod go-w {parent}")


def _key_files(patient: Patient) -> list[str]:
    tunnel = patient.spec.tunnel
    files = [tunnel.config_file, tunnel.private_key_file, *(peer.preshared_key_file for peer in tunnel.peers)]
    return [path for path in files if path is not None]


def clock(patient: Patient) -> Iterator[Finding]:
    """The clock is not behind: a peer refuses a handshake dated before its last one (WireGuard whitepaper §5.1)."""
    times = {
        path: time_written for path in (*_CLOCKS, *_key_files(patient)) if (time_written := _modified(path)) is not None
    }
    latest = max(times, key=lambda path: times[path], default="")
    behind = times[latest] - time.time() if latest else 0
    why = f"{latest} was written later"
    if patient.tunnel:
        with contextlib.suppress(process.CommandFailed):
            ages = handshake.ages(patient.name, patient.tunnel).values()
            set_back = max((-age for age in ages if age is not None), default=0)
            if set_back > max(behind, 0):
                behind, why = set_back, "the last handshake was later"
    if behind > _SLACK:
        now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        yield Finding(
            f"this machine's clock says {now} UTC, but {why}; peers refuse handshakes from the past",
            "set the clock, or have it set: timedatectl set-ntp true",
        )


def _modified(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None


def units(patient: Patient) -> Iterator[Finding]:
    """The namespace, its tunnel and their units, if they have any, are up; the last change of the tunnel succeeded."""
    name = patient.name
    netns = f"nsguard-netns-{name}.service"
    needed = {netns: patient.up, f"nsguard-tunnel-{name}.service": patient.tunnel is not None}
    serving = _serving(netns)
    properties = ["LoadState", "ActiveState", "SubState", "Result", "NeedDaemonReload"]
    proxies = [f"nsguard-{kind}-{name}@*.service" for kind in ("publish", "host")]
    shown = systemd.show([*needed, *serving, *proxies, f"nsguard-*-{name}.*"], properties)
    reasons = {unit.unit: unit.reason for unit in patient.units}
    known_units = {unit["Id"]: unit for unit in shown if unit.get("LoadState") != "not-found" and "Id" in unit}
    for unit, it in sorted(known_units.items()):
        state = it["ActiveState"]
        if it["NeedDaemonReload"] == "yes":
            yield Finding(f"{unit} has changed on disk", "systemctl daemon-reload")
        if state == "failed" and unit.startswith("nsguard-app-"):
            continue  # the check of confined units reports it
        if state == "failed" or it["SubState"] == "auto-restart" or (unit in {*needed, *serving} and state != "active"):
            if reason := reasons.get(unit):
                word = "failed" if it["SubState"] == "auto-restart" else state
                yield Finding(f"{unit} is {word}: {reason.what}", reason.remedy)
            else:
                yield Finding(f"{unit} is {state}", f"systemctl restart {unit}")
        elif unit in needed and not needed[unit]:
            what = "namespace" if "netns" in unit else "tunnel"
            yield Finding(f"{unit} is active, but its {what} no longer exists", f"systemctl restart {unit}")
    for unit, up in needed.items():
        if not up and unit not in known_units:
            what = "netns" if "netns" in unit else "tunnel"
            yield Finding(f"{what} {name} is down", f"nsguard {what} up {name}")
    yield from _refused(patient)


def _serving(netns: str) -> list[str]:
    """The sockets and paths of nsguard that serve a namespace: its unit wants them."""
    wanted = " ".join(unit.get("Wants", "") for unit in systemd.show([netns], ["Wants"])).split()
    return [unit for unit in wanted if unit.startswith("nsguard-")]


def _refused(patient: Patient) -> Iterator[Finding]:
    """The last change of a tunnel that is up, if it failed: because a file is unusable, or after reading the files."""
    error = patient.state.error()
    if error is None or patient.tunnel is None:
        return
    what, _, remedy = error["what"].rpartition("; ")
    then = f"systemctl reload nsguard-tunnel-{patient.name}"
    outcome = (
        "the tunnel goes on as it was, because its last change was refused"
        if patient.config is None
        else "the last change of the tunnel failed, and may have been made in part"
    )
    yield Finding(
        f"{outcome}: {what or remedy}",
        f"{remedy}; then: {then}" if what else then,
    )


def journal(_: Patient) -> Iterator[Finding]:
    """The journal shows no messages at terminals: a confined service could write there with one (journald.conf(5))."""
    path, value = _forwarding_to_wall()
    if os.path.isdir(_RUNNING) and value.lower() not in _FALSE:
        yield Finding(
            f"{path} has the journal show emergencies at all terminals, also those that confined services log",
            "set ForwardToWall=no there; then: systemctl restart systemd-journald",
        )


def _forwarding_to_wall() -> tuple[str, str]:
    """The last value of ForwardToWall= in the files that systemd-journald reads, and the file that has it."""
    chosen: dict[str, str] = {}
    for directory in _CONFIGURATION:
        with contextlib.suppress(OSError):
            chosen |= {name: f"{directory}/{name}" for name in os.listdir(directory) if name.endswith(".conf")}
    latest = _JOURNALD, "yes"
    for path in (_JOURNALD, *(chosen[name] for name in sorted(chosen))):
        for line in _lines(path):
            key, _, value = line.partition("=")
            if key.strip() == "ForwardToWall":
                latest = path, value.strip()
    return latest


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
