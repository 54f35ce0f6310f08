"""The units of a namespace: those that run inside, those that serve them, and the state of each.

This module finds them in unit files, so that it includes units that were never started.
"""

import fnmatch
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from nsguard import paths
from nsguard.health import reasons
from nsguard.health.reasons import Reason
from nsguard.system import systemd

# So many restarts are a loop, if the unit has now run for less than so many seconds.
_LOOP, _STEADY = 3, 60
# The number of a unit's last lines that are shown; equal lines are shown once.
_LINES = 3
_PROPERTIES = (
    *("LoadState", "ActiveState", "SubState", "NRestarts", "NetworkNamespacePath", "Job"),
    *(
        "InactiveEnterTimestamp",
        "ActiveEnterTimestamp",
        "StateChangeTimestamp",
        "ConditionResult",
        "ConditionTimestamp",
    ),
    *("TriggeredBy", "Triggers", "WantedBy", "RequiredBy", "UpheldBy", "Requires", "BindsTo", "Requisite"),
    *reasons.PROPERTIES,
)
# States in which something is wrong.
BAD = ("failed", "looping", "never started")
# nsguard's own units that serve the namespace: pattern for systemctl(1) → kind. names.nix of the plan makes the names.
# After the @ follow a port's name, the number of a port in a range, and six digits that change with its settings.
_OF_NAMESPACE = {
    "nsguard-netns-{}.service": "namespace",
    "nsguard-tunnel-{}.service": "tunnel",
    "nsguard-userspace-{}.service": "tunnel",
    "nsguard-handshake-{}@*.service": "tunnel",
    "nsguard-refresh-{}.service": "tunnel",
    "nsguard-mend-{}.service": "tunnel",
    "nsguard-rules-{}.service": "namespace",
    f"nsguard-secrets-{{}}-{'[0-9a-f]' * 6}.path": "tunnel",
    "nsguard-forward-{}.service": "forwarder",
    "nsguard-forwarded-{}.service": "forwarder",
    "nsguard-publish-{}@*.socket": "published",
    "nsguard-publish-{}@*.service": "published",
    "nsguard-egress-{}@*.socket": "egress",
    "nsguard-egress-{}@*.service": "egress",
    "nsguard-host-{}@*.socket": "host",
    "nsguard-host-{}@*.service": "host",
    "nsguard-run-{}.socket": "commands",
    "nsguard-status-{}.socket": "commands",
}
# nsguard's own units that serve an app or a service: the pattern → the unit that it serves, and the kind.
_OF_UNIT = {
    "nsguard-app-*.socket": ("nsguard-app-{}.service", "socket"),
    "nsguard-bus-*.service": ("nsguard-app-{}.service", "bus"),
    "nsguard-private-bus-*.service": ("nsguard-app-{}.service", "bus"),
    "nsguard-system-bus-*.service": ("{}.service", "bus"),
}
# The next start of a firewall starts this unit. The running firewall may have started before the namespace existed.
_FOLLOWING = re.compile(r"nsguard-rules-.+\.service\Z")
_APP = re.compile(r"nsguard-app-.+\.service\Z")
_INSTANCE = re.compile(r".+@([^.]+)(?:\.\d+)?-[0-9a-f]{6}\.(?:service|socket)\Z")


class Unit(NamedTuple):
    """A unit of the namespace, as docs/status.md describes it.

    kind: "service", "socket", or what it does for nsguard; of: the service, app or port that it serves, empty for none;
    since: seconds since the epoch, None for never; reason: set in a state of `BAD`; lines: in such a state, the unit's
    own last lines, without the one that says the same as the reason.
    """

    unit: str
    kind: str
    of: str
    state: str
    since: int | None
    reason: Reason | None = None
    lines: tuple[str, ...] = ()

    @property
    def bad(self) -> bool:
        """Whether its state is a fault."""
        return self.state in BAD

    @property
    def helper(self) -> bool:
        """Whether it is a unit of nsguard that serves other units; an app is not."""
        return self.kind not in ("service", "socket", "app")

    def as_json(self) -> dict[str, Any]:
        """The unit in the JSON form of docs/status.md."""
        what, remedy = (self.reason.what, self.reason.remedy) if self.reason else (None, None)
        plain = self._asdict() | {"of": self.of or None, "lines": list(self.lines)}
        del plain["reason"]
        return plain | {"reason": what, "remedy": remedy}


def units(name: str) -> list[Unit]:
    """The units of namespace `name`: those in a state of `BAD` first, then units that run inside, then helpers."""
    names = [*systemd.with_line(line_of(name)), *(pattern.format(name) for pattern in _OF_NAMESPACE), *_OF_UNIT]
    properties = {
        it["Id"]: it
        for it in systemd.show(names, _PROPERTIES, "--timestamp=unix")
        if it.get("LoadState") != "not-found" and it.get("Id")
    }
    roles = _roles(properties, name)
    others = _states(other for unit in roles for other in _related(properties[unit]))
    namespace_units = [_unit(properties[unit], *role, others) for unit, role in roles.items()]
    return sorted(namespace_units, key=lambda unit: (not unit.bad, unit.helper, unit.kind, unit.unit))


def line_of(name: str) -> re.Pattern[str]:
    """The line of a unit file that puts the unit into the namespace (systemd.syntax(7))."""
    inside = re.escape(f"{paths.NETNS}/{name}")
    return re.compile(rf'^[ \t]*NetworkNamespacePath[ \t]*=[ \t]*"?{inside}"?[ \t]*$', re.MULTILINE)


def _roles(shown: Mapping[str, Mapping[str, str]], name: str) -> dict[str, tuple[str, str]]:
    """Unit → its kind and the unit or port that it serves. Units of other namespaces are left out."""
    roles = {}
    for unit, it in shown.items():
        if it.get("NetworkNamespacePath") == f"{paths.NETNS}/{name}":
            kind = "app" if _APP.match(unit) else unit.rpartition(".")[2]
            roles[unit] = (kind, it.get("Triggers", "") if kind == "socket" else "")
    for pattern, kind in _OF_NAMESPACE.items():
        for unit in fnmatch.filter(shown, pattern.format(name)):
            instance = _INSTANCE.match(unit)
            roles[unit] = (kind, instance[1] if instance else "")
    for pattern, (served, kind) in _OF_UNIT.items():
        before, after = pattern.split("*")
        for unit in fnmatch.filter(shown, pattern):
            other = served.format(unit.removeprefix(before).removesuffix(after))
            if roles.get(other, ("",))[0] in ("app", "service"):
                roles[unit] = (kind, other)
    return roles


def _related(it: Mapping[str, str]) -> list[str]:
    keys = ("WantedBy", "RequiredBy", "UpheldBy", "Requires", "BindsTo", "Requisite", "TriggeredBy")
    return [other for key in keys for other in it.get(key, "").split()]


def _states(names: Iterable[str]) -> dict[str, dict[str, str]]:
    unit_names = sorted(set(names))
    properties = ["ActiveState", "InactiveEnterTimestamp", "Result"]
    return {it["Id"]: it for it in systemd.show(unit_names, properties)} if unit_names else {}


def _unit(it: Mapping[str, str], kind: str, of: str, others: Mapping[str, Mapping[str, str]]) -> Unit:
    state = _state(it, others)
    since = _at(it, "ActiveEnterTimestamp" if state == "running" else "StateChangeTimestamp")
    if state == "never started":
        return Unit(it["Id"], kind, of, state, None, _held_back(it, others))
    if state not in BAD:
        return Unit(it["Id"], kind, of, state, since)
    # The latest run of a unit that restarts again and again may not have logged anything yet.
    entries = systemd.entries(it["Id"], "" if state == "looping" else it.get("InvocationID", ""))
    reason = reasons.of(it, entries)
    if state == "looping":
        reason = reason._replace(what=f"{reason.what}; systemd has restarted it {it.get('NRestarts')} times")
    own = dict.fromkeys(entry.text for entry in reversed(entries) if entry.own and entry.text.strip())
    own.pop(reason.line, None)
    return Unit(it["Id"], kind, of, state, since, reason, tuple(reversed(list(own)[:_LINES])))


def _state(it: Mapping[str, str], others: Mapping[str, Mapping[str, str]]) -> str:
    active, restarts = it.get("ActiveState", ""), int(it.get("NRestarts") or 0)
    if it.get("LoadState") in {"bad-setting", "error"} or active == "failed":
        return "failed"
    if it.get("SubState", "").startswith("auto-restart"):
        return "looping" if restarts >= _LOOP else "failed"
    up_for = time.time() - (_at(it, "ActiveEnterTimestamp") or 0)
    if restarts >= _LOOP and (active == "activating" or up_for < _STEADY):
        return "looping"
    if active in ("active", "reloading", "deactivating", "activating"):
        return {"active": "running", "reloading": "running", "activating": "starting"}.get(active, "stopping")
    if it.get("Job", "0") not in ("", "0"):
        return "starting"
    if _at(it, "InactiveEnterTimestamp") is not None:
        if it.get("Type") == "oneshot" and it.get("Result") == "success":
            return "done"
        return "waiting" if _is_awaited(it, others) else "stopped"
    if it.get("ConditionResult") == "no" and _at(it, "ConditionTimestamp") is not None:
        return "skipped"
    if it.get("TriggeredBy") or _FOLLOWING.match(it.get("Id", "")):
        return "waiting"
    return "never started" if _is_required(it, others) else "not wanted"


def _is_awaited(it: Mapping[str, str], others: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether an active socket or timer would start the unit again, like an app that was closed."""
    triggers = [other for other in it.get("TriggeredBy", "").split() if other.endswith((".socket", ".timer"))]
    return any(others.get(other, {}).get("ActiveState") == "active" for other in triggers)


def _is_required(it: Mapping[str, str], others: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether an active unit, such as a boot target, asks for this unit."""
    asking = [other for key in ("WantedBy", "RequiredBy", "UpheldBy") for other in it.get(key, "").split()]
    return any(others.get(other, {}).get("ActiveState") == "active" for other in asking)


def _held_back(it: Mapping[str, str], others: Mapping[str, Mapping[str, str]]) -> Reason:
    """Why a unit was never started: a unit that it needs is not up, or nothing started it."""
    name = it["Id"]
    needed = [other for key in ("Requires", "BindsTo", "Requisite") for other in it.get(key, "").split()]
    for other in needed:
        state = others.get(other, {})
        if state.get("ActiveState") == "failed":
            return Reason(
                f"it needs {other}, which failed",
                f"fix that one (systemctl status {other}), then: systemctl start {name}",
            )
    for other in needed:
        if others.get(other, {}).get("ActiveState") == "inactive" and other.startswith("nsguard-"):
            return Reason(
                f"it needs {other}, which is not up", f"systemctl start {other}, then: systemctl start {name}"
            )
    return Reason(
        "nothing has started it since the boot, although a target that is up wants it", f"systemctl start {name}"
    )


def _at(it: Mapping[str, str], key: str) -> int | None:
    """A time from systemd in seconds since the epoch; None for never. With `--timestamp=unix` it begins with an @."""
    text = it.get(key, "").removeprefix("@")
    return int(text) if text.isdecimal() and text != "0" else None
