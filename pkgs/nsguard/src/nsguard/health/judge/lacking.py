"""The protections that the text of a confined unit does not put in force, each by its name in the plan."""

from collections.abc import Iterator

from nsguard.health.judge import paths, text
from nsguard.health.judge.unit import Hole, Unit, canonical

# Only TemporaryFileSystem= hides these for good: it stays when the host recreates the path (mount_namespaces(7)).
_ONLY_COVERED = ("/run", "/dev/shm")  # noqa: S108


def holes(unit: Unit) -> Iterator[Hole]:
    """A hole for each protection that is not in force."""
    if unit.setting("NetworkNamespacePath") != unit.want["netns"]:
        yield _lacking("network-namespace", "NetworkNamespacePath", unit.setting("NetworkNamespacePath"))
    required = unit.facts["required"] | (unit.facts["requiredOfRoot"] if unit.root else {})
    for protection, accepted in required.items():
        if not any(canonical(unit.setting(key)) in values for key, values in accepted.items()):
            key = min(accepted)
            yield _lacking(protection, key, unit.setting(key))
    yield from _covers(unit)
    yield from _calls(unit)
    yield from _families(unit)
    yield from _capabilities(unit)
    if unit.want["confext"] not in unit.words("Service.ExtensionDirectories"):
        yield _lacking("resolver-files", "ExtensionDirectories", "")
    if unit.want["terminals"] not in unit.words("Service.BindPaths"):
        yield _lacking("own-terminals", "BindPaths", unit.want["terminals"])
    for key, protection in (("BindsTo", "service-bound"), ("After", "service-after")):
        if unit.want["netnsUnit"] not in unit.words(f"Unit.{key}"):
            yield Hole(f"Unit.{key}", "", "lacking", protection)


def _lacking(protection: str, key: str, value: str) -> Hole:
    return Hole(f"Service.{key}", value, "lacking", protection)


def _covers(unit: Unit) -> Iterator[Hole]:
    covered = [unit.paths.resolved(word.split(":")[0]) for word in unit.words("Service.TemporaryFileSystem")]
    closed = [unit.paths.resolved(word.lstrip("-+")) for word in unit.words("Service.InaccessiblePaths")]
    for path, protection in unit.facts["covers"].items():
        if not paths.among(path, covered if path in _ONLY_COVERED else covered + closed):
            yield _lacking(protection, "TemporaryFileSystem", path)
    for home in unit.want["homes"]:
        if not paths.among(home, covered + closed):
            yield _lacking("hidden-homes:elsewhere", "TemporaryFileSystem", home)
    read_only = unit.words("Service.ReadOnlyPaths")
    for path, protection in unit.facts["readOnly"].items():
        if f"-{path}" not in read_only:
            yield _lacking(protection, "ReadOnlyPaths", f"-{path}")


def _calls(unit: Unit) -> Iterator[Hole]:
    """Calls that are allowed. The first line decides on calls that none names (systemd.exec(5), SystemCallFilter=)."""
    lines = unit.values("Service.SystemCallFilter")
    for part, group in unit.facts["calls"].items():
        for call in group["calls"]:
            allowed = not lines or lines[0].startswith("~")
            for line in lines:
                listed = {word.split(":")[0] for word in text.words(line.removeprefix("~"))}
                if listed & {call, *group["sets"]}:
                    allowed = not line.startswith("~")
            if allowed:
                yield _lacking(f"system-calls:{part}", "SystemCallFilter", call)
                break


def _families(unit: Unit) -> Iterator[Hole]:
    lines = unit.values("Service.RestrictAddressFamilies")
    listed = [word for line in lines for word in text.words(line) if word != "none"]
    more = [family for family in listed if family not in unit.facts["families"]]
    if not lines or more:
        yield _lacking("address-families", "RestrictAddressFamilies", " ".join(more))


def _capabilities(unit: Unit) -> Iterator[Hole]:
    """Lines add capabilities, ~ removes some, an empty line all (systemd.exec(5), CapabilityBoundingSet=)."""
    for key in ("AmbientCapabilities", "CapabilityBoundingSet"):
        lines = unit.raw(f"Service.{key}")
        whole = key == "CapabilityBoundingSet" and (not lines or lines[0].startswith("~"))
        held = ["all"] if whole else []
        for line in lines:
            if not line:
                held = []
            elif line.startswith("~"):
                held = [it for it in held if it not in text.words(line[1:])]
            else:
                held = [it for it in held if it != "all"] + text.words(line)
        if more := [it for it in held if it not in unit.want["capabilities"]]:
            yield _lacking("capability-bounds", key, " ".join(more))
