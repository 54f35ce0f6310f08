"""Parts of the host that a unit names and so makes accessible inside: binds, images, open files, sockets."""

import re
from collections.abc import Callable, Iterator

from nsguard.health.judge import paths, text
from nsguard.health.judge.commands import relays
from nsguard.health.judge.unit import Hole, Unit, canonical

_TELLING = ("addresses", "devices", "names", "processes")


def holes(unit: Unit) -> Iterator[Hole]:
    """A hole for each setting that makes a part of the host accessible."""
    for key in ("Service.BindPaths", "Service.BindReadOnlyPaths"):
        yield from _binds(unit, key)
    yield from _open_files(unit)
    yield from _opened(unit, "Service.LoadCredential", _telling, _after_colon)
    yield from _opened(unit, "Service.LoadCredentialEncrypted", _telling, _after_colon)
    yield from _opened(unit, "Service.EnvironmentFile", _telling, _globbed)
    for stream in ("StandardInput", "StandardOutput", "StandardError"):
        yield from _stream(unit, stream)
    yield from _writable(unit)
    yield from _trees(unit)
    yield from _directories(unit)
    for word in unit.named("Service.Sockets"):
        if word not in unit.want["sockets"]:
            yield Hole("Service.Sockets", word, "host-sockets")
    for word in unit.named("Unit.JoinsNamespaceOf"):
        yield Hole("Unit.JoinsNamespaceOf", word, "joined")


def _binds(unit: Unit, key: str) -> Iterator[Hole]:
    for entry in unit.spelt(key):
        plain = entry.removeprefix("-")
        if plain in unit.ours:
            continue
        source, destination, *_ = [*plain.split(":"), "", ""]
        yield from _judged(_secluded, unit, key, entry, source)
        origin, target = unit.paths.resolved(source), unit.paths.resolved(destination or source)
        if key == "Service.BindPaths" and not _secluded(unit, origin):
            yield from _bind_writes(unit, entry, origin, target)
        if any(_uncovers(origin, target, home) for home in unit.want["homes"]):
            yield Hole(key, entry, "homes")
        if any(paths.perhaps_above(target, covered) for covered in unit.facts["covered"]):
            yield Hole(key, entry, "covers")


def _uncovers(source: str, destination: str, home: str) -> bool:
    """Whether a bind shows a whole hidden home. It stays hidden if a parent of it is bound to the parent's own path."""
    return source == home or (paths.perhaps_above(source, home) and source != destination)


def _bind_writes(unit: Unit, entry: str, source: str, destination: str) -> Iterator[Hole]:
    """A bind makes its source writable, and shows what it contains where nothing makes that read-only."""
    key = "Service.BindPaths"
    if source != destination and any(paths.perhaps_above(source, closed) for closed in unit.facts["readOnly"]):
        yield Hole(key, entry, "system")
        return
    yield from _writes(unit, key, entry, source)
    yield from _writes_login(unit, key, entry, source)


def _writes_login(unit: Unit, key: str, entry: str, path: str) -> Iterator[Hole]:
    if not paths.among(path, unit.granted) and _starts_at_login(unit, path):
        yield Hole(key, entry, "homes", "hidden-homes")


def _writes_opened(unit: Unit, key: str, entry: str, path: str) -> Iterator[Hole]:
    """The same for a file that systemd opens as root, whoever the unit runs as."""
    yield from _writes(unit, key, entry, path, opened=True)
    yield from _writes_login(unit, key, entry, path)


def _writes(unit: Unit, key: str, entry: str, path: str, *, opened: bool = False) -> Iterator[Hole]:
    """The holes of an entry by which the unit may write a path of the host, or a file that systemd opens for it."""
    of_root = unit.facts["writable"]
    as_root = unit.root or opened
    # A file may have the name of the unit's directory.
    own = [directory for directory in unit.configuration if not (opened and directory == path)]
    above = any(paths.perhaps_above(path, it) for it in of_root)
    if paths.perhaps_among(path, _started(unit)) or (as_root and paths.perhaps_among(path, ("/proc", "/sys"))):
        yield Hole(key, entry, "system")
    elif as_root and (above or paths.perhaps_among(path, of_root)) and not paths.among(path, own):
        yield Hole(key, entry, "system", "read-only-system")


def _started(unit: Unit) -> list[str]:
    """Where the host later starts or reads something, whoever writes it."""
    return [*unit.facts["readOnly"], *unit.facts["started"]]


def _starts_at_login(unit: Unit, path: str) -> bool:
    """Whether a path in a home is, contains or may be something that a login starts or reads."""
    homes = [home for home in unit.want["homes"] if path != home and paths.within(path, home)]
    usual = re.match("(/root|/home/[^/]+)/", path)
    homes += [usual[1]] if usual else []
    entries = [f"{home}/{entry}" for home in homes for entry in unit.facts["login"]]
    return paths.perhaps_among(path, entries) or any(paths.perhaps_above(path, entry) for entry in entries)


def _secluded(unit: Unit, path: str) -> str:
    """Why a path of the host may not be visible inside; empty if it may be."""
    hidden = unit.facts["hidden"]
    if any(path != it and paths.within(it, path) for it in hidden):
        return "daemons"
    around = [it for it in hidden if paths.perhaps_within(path, it)]
    owned = paths.among(path, unit.runtime + unit.granted) and not paths.perhaps_among(path, unit.facts["daemons"])
    if not around or owned or paths.among(path, unit.facts["harmless"]) or _in_home(path):
        return ""
    return str(hidden[max(around, key=len)])


def _in_home(path: str) -> bool:
    """Whether a path is inside a home. Whole homes are hidden, but a unit may name a directory in one."""
    return re.fullmatch("/home/[^/*]+/[^*]+|/root/[^*]+", path) is not None


def _telling(unit: Unit, path: str) -> str:
    """Why systemd may not read or write this file for the unit; empty if it may."""
    reason = _secluded(unit, path)
    return reason if paths.perhaps_among(path, unit.facts["daemons"]) or reason in _TELLING else ""


def _judged(reason_of: Callable[[Unit, str], str], unit: Unit, key: str, value: str, path: str) -> Iterator[Hole]:
    if reason := reason_of(unit, unit.paths.resolved(path)):
        yield Hole(key, value, reason)


def _opened(
    unit: Unit, key: str, reason_of: Callable[[Unit, str], str], path_of: Callable[[str], str]
) -> Iterator[Hole]:
    for entry in unit.spelt(key):
        yield from _judged(reason_of, unit, key, entry, path_of(entry))


def _open_files(unit: Unit) -> Iterator[Hole]:
    """Files that systemd opens for the unit, "path:name:options": to write, unless an option denies it."""
    key = "Service.OpenFile"
    files = _opened(unit, key, _secluded, lambda entry: entry.split(":")[0])
    yield from (hole for hole in files if hole.value not in unit.want["passed"] or not relays(unit))
    for entry in unit.spelt(key):
        path, _, rest = entry.partition(":")
        if "read-only" not in rest.partition(":")[2].split(",") and entry not in unit.want["passed"]:
            yield from _writes_opened(unit, key, entry, unit.paths.resolved(path))


def _stream(unit: Unit, stream: str) -> Iterator[Hole]:
    """A terminal or a file of the host as standard input or output."""
    key, value, terminal = f"Service.{stream}", unit.setting(stream), unit.setting("TTYPath")
    granted = bool(terminal) and paths.among(unit.paths.resolved(terminal), unit.granted)
    if value.endswith("+console") or (re.fullmatch("tty(-.*)?", value) and not granted):
        yield Hole(key, value, "terminals")
    elif match := re.fullmatch("(file|append|truncate):(.*)", value):
        yield from _judged(_telling, unit, key, value, match[2])
        if stream != "StandardInput":
            yield from _writes_opened(unit, key, value, unit.paths.resolved(match[2]))


def _after_colon(entry: str) -> str:
    return entry.partition(":")[2]


def _globbed(entry: str) -> str:
    """The path of "-path". systemd expands it by glob(7): from a pattern on, it may be anything."""
    return re.sub(r"[?\[{]", paths.UNKNOWN, entry.removeprefix("-"))


def _writable(unit: Unit) -> Iterator[Hole]:
    for entry in unit.spelt("Service.ReadWritePaths"):
        path = unit.paths.resolved(entry.lstrip("-+"))
        yield from _writes(unit, "Service.ReadWritePaths", entry, path)


def _directories(unit: Unit) -> Iterator[Hole]:
    """Directories of the host's, or links to them, that systemd makes for the unit: "directory:link"."""
    for key, parent in unit.facts["directories"].items():
        for entry in unit.spelt(f"Service.{key}"):
            for path in (unit.paths.resolved(f"{parent}/{name}") for name in entry.split(":")[:2] if name):
                yield from _judged(_telling, unit, f"Service.{key}", path, path)
                if paths.perhaps_among(path, _started(unit)):
                    yield Hole(f"Service.{key}", path, "system")


def _trees(unit: Unit) -> Iterator[Hole]:
    """Another root directory or image, forbidden settings, and extensions that are not the namespace's own."""
    root = unit.setting("RootDirectory")
    if root and unit.paths.resolved(root.removeprefix("-")) != "/":
        yield Hole("Service.RootDirectory", root, "image")
    for key, reason in unit.facts["forbidden"].items():
        if values := unit.values(f"Service.{key}"):
            yield Hole(f"Service.{key}", " ".join(values), reason)
    for key, reason in unit.facts["switchedOn"].items():
        # A spelling of false resets the list, as an empty value does.
        if values := text.effective("" if canonical(it) == "no" else it for it in unit.raw(f"Service.{key}")):
            yield Hole(f"Service.{key}", " ".join(values), reason)
    for entry in unit.spelt("Service.ExtensionDirectories"):
        if entry.removeprefix("-") != unit.want["confext"]:
            yield Hole("Service.ExtensionDirectories", entry.removeprefix("-"), "image")
