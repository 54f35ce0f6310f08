"""The units of a namespace and their states, from systemd's properties. Tests in the lab make real units fail."""

from pathlib import Path

import pytest

from nsguard.health import confined
from nsguard.system import systemd

INSIDE = {"NetworkNamespacePath": "/run/netns/vpn"}
LONG_AGO = "@1700000000"


def role(unit: str, **properties: str) -> tuple[str, str] | None:
    shown = {unit: properties}
    for other in ("web.service", "nsguard-app-firefox.service"):
        shown.setdefault(other, INSIDE)
    return confined._roles(shown, "vpn").get(unit)


@pytest.mark.parametrize(
    ("unit", "inside", "wanted"),
    [
        ("web.service", True, ("service", "")),
        ("web.socket", True, ("socket", "")),
        ("nsguard-app-firefox.service", True, ("app", "")),
        ("nsguard-app-firefox.socket", False, ("socket", "nsguard-app-firefox.service")),
        ("nsguard-bus-firefox.service", False, ("bus", "nsguard-app-firefox.service")),
        ("nsguard-private-bus-firefox.service", False, ("bus", "nsguard-app-firefox.service")),
        ("nsguard-system-bus-web.service", False, ("bus", "web.service")),
        ("nsguard-publish-vpn@web-1a2b3c.service", True, ("published", "web")),
        ("nsguard-publish-vpn@web-1a2b3c.socket", False, ("published", "web")),
        ("nsguard-publish-vpn@ftp.3000-1a2b3c.socket", False, ("published", "ftp")),
        ("nsguard-egress-vpn@nas-1a2b3c.socket", True, ("egress", "nas")),
        ("nsguard-host-vpn@sonarr-1a2b3c.socket", True, ("host", "sonarr")),
        ("nsguard-forwarded-vpn.service", True, ("forwarder", "")),
        ("nsguard-tunnel-vpn.service", False, ("tunnel", "")),
        # units of other namespaces with similar names
        ("web-of-the-host.service", False, None),
        ("nsguard-app-chromium.socket", False, None),
        ("nsguard-system-bus-other.service", False, None),
        ("nsguard-tunnel-other-vpn.service", False, None),
        ("nsguard-publish-vpn-2@web-1a2b3c.socket", False, None),
    ],
)
def test_a_unit_is_known_by_where_it_runs_or_by_its_name(unit: str, inside: bool, wanted: object) -> None:  # noqa: FBT001
    assert role(unit, **(INSIDE if inside else {})) == wanted


@pytest.mark.parametrize(
    ("properties", "state"),
    [
        ({"ActiveState": "active"}, "running"),
        ({"ActiveState": "reloading"}, "running"),
        ({"ActiveState": "activating", "SubState": "start"}, "starting"),
        ({"ActiveState": "failed"}, "failed"),
        ({"ActiveState": "inactive", "LoadState": "bad-setting"}, "failed"),
        ({"ActiveState": "activating", "SubState": "auto-restart", "NRestarts": "1"}, "failed"),
        ({"ActiveState": "activating", "SubState": "auto-restart", "NRestarts": "3"}, "looping"),
        ({"ActiveState": "activating", "SubState": "start-pre", "NRestarts": "9"}, "looping"),
        # a unit that has now run for long does not loop
        ({"ActiveState": "active", "NRestarts": "9", "ActiveEnterTimestamp": LONG_AGO}, "running"),
        ({"ActiveState": "inactive", "InactiveEnterTimestamp": LONG_AGO, "Result": "success"}, "stopped"),
        (
            {"ActiveState": "inactive", "InactiveEnterTimestamp": LONG_AGO, "Result": "success", "Type": "oneshot"},
            "done",
        ),
        ({"ActiveState": "inactive", "TriggeredBy": "web.socket"}, "waiting"),
        # an app that was closed: the next launch starts it
        (
            {"ActiveState": "inactive", "InactiveEnterTimestamp": LONG_AGO, "TriggeredBy": "nsguard-app-brave.socket"},
            "waiting",
        ),
        ({"ActiveState": "inactive", "InactiveEnterTimestamp": LONG_AGO, "TriggeredBy": "gone.socket"}, "stopped"),
        # a path unit starts a stopped tunnel only when its file is written
        ({"ActiveState": "inactive", "InactiveEnterTimestamp": LONG_AGO, "TriggeredBy": "keys.path"}, "stopped"),
        ({"ActiveState": "inactive", "Job": "311"}, "starting"),
        ({"ActiveState": "inactive", "ConditionResult": "no", "ConditionTimestamp": LONG_AGO}, "skipped"),
        ({"ActiveState": "inactive", "WantedBy": "multi-user.target"}, "never started"),
        ({"ActiveState": "inactive", "WantedBy": "rescue.target"}, "not wanted"),
        ({"ActiveState": "inactive", "WantedBy": "nginx.service"}, "never started"),
        # a switch that adds the namespace only reloads the firewall, so this unit has nothing to do
        (
            {"Id": "nsguard-rules-vpn.service", "ActiveState": "inactive", "WantedBy": "nftables.service"},
            "waiting",
        ),
        ({"ActiveState": "inactive"}, "not wanted"),
    ],
)
def test_a_state_is_what_systemd_shows(properties: dict[str, str], state: str) -> None:
    running = ("multi-user.target", "nginx.service", "nftables.service", "nsguard-app-brave.socket", "keys.path")
    others = {unit: {"ActiveState": "active"} for unit in running} | {"rescue.target": {"ActiveState": "inactive"}}
    assert confined._state(properties, others) == state


def test_what_was_never_started_names_what_it_needs() -> None:
    it = {"Id": "web.service", "ActiveState": "inactive", "Requires": "sysinit.target db.service", "BindsTo": ""}
    others = {"db.service": {"ActiveState": "failed"}, "sysinit.target": {"ActiveState": "active"}}
    assert confined._held_back(it, others).what == "it needs db.service, which failed"
    others["db.service"] = {"ActiveState": "active"}
    assert confined._held_back(it, others).what.startswith("nothing has started it")


def test_units_are_found_in_files_and_in_those_laid_over_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plain.service").write_text("[Service]\nNetworkNamespacePath=/run/netns/vpn\n")
    (tmp_path / "spaced.socket").write_text('[Socket]\n  NetworkNamespacePath = "/run/netns/vpn"  \n')
    (tmp_path / "other.service").write_text("[Service]\nNetworkNamespacePath=/run/netns/vpn2\n# /run/netns/vpn\n")
    (tmp_path / "over.service.d").mkdir()
    (tmp_path / "over.service.d/nsguard.conf").write_text("[Service]\nNetworkNamespacePath=/run/netns/vpn\n")
    (tmp_path / "many@.service").write_text("[Service]\nNetworkNamespacePath=/run/netns/vpn\n")
    (tmp_path / "dangling.service").symlink_to(tmp_path / "nowhere")
    monkeypatch.setattr(systemd, "_PATH", (str(tmp_path), str(tmp_path / "missing")))
    found = systemd.with_line(confined.line_of("vpn"))
    assert found == {"plain.service", "spaced.socket", "over.service", "many@*.service"}
