"""Windows and sound: what an app may ask of a person's compositor and sound server, and what runs code outside."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from awaited import until
from browsing import HOME, new_token, watched
from labs import image_or_skip
from launched import launch, person
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.checkout import SCENARIOS
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import debian_client
from nsguard_harness.lab.image import SESSION
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab

RUNTIME = "/run/user/33"
# For a compositor without a screen, on which a terminal of the person has the focus.
SWAY = """
exec foot --app-id person bash --norc
output * bg #204060 solid_color
"""
PERSON = f"systemd-run -q --collect --uid=www-data --gid=www-data -E HOME={HOME} -E XDG_RUNTIME_DIR={RUNTIME}"
COMPOSITOR = "-E WLR_BACKENDS=headless -E WLR_LIBINPUT_NO_DEVICES=1 -E WLR_RENDERER=pixman -E LANG=C.UTF-8"
DISPLAY = {"WAYLAND_DISPLAY": "wayland-1", "XDG_RUNTIME_DIR": RUNTIME}
PLUGIN = "/usr/lib/*/spa-0.2/audiotestsrc/libspa-audiotestsrc.so"
# Stands in for a compositor that offers a virtual keyboard and no security contexts.
BARE = r"""
import os, socket, struct, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
name = b"zwp_virtual_keyboard_manager_v1\0"
offered = struct.pack("=2I", 7, len(name)) + name + struct.pack("=I", 1)
while True:
    connection = listener.accept()[0]
    connection.recv(99)
    connection.send(struct.pack("=2I", 2, (8 + len(offered)) << 16) + offered)
    connection.send(struct.pack("=3I", 3, 12 << 16, 0))
"""
# what wtype and grim print where the compositor does not offer their protocols
NO_KEYBOARD = "Compositor does not support the virtual keyboard protocol"
NO_SCREEN = "compositor doesn't support"


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with ContainerLab(debian_client(image_or_skip(SESSION, "a compositor"))) as lab:
        lab.client.write_files({"/etc/sway.conf": SWAY})
        lab.client.succeed("useradd -u 70000 far")
        lab.client.succeed(f"install -d -o www-data {HOME} {RUNTIME}; chmod 0700 {RUNTIME}")
        lab.client.succeed(f"{PERSON} {COMPOSITOR} --unit=compositor sway -c /etc/sway.conf")
        scenario.apply(lab.client, SCENARIOS / "windows.nix")
        wait_for_tunnel(lab)
        until(lambda: "person" in windows(lab), "the person's terminal")
        yield lab


def windows(lab: ContainerLab) -> set[str]:
    """The programs that have a window on the person's screen."""
    command = f"SWAYSOCK=$(ls {RUNTIME}/sway-ipc.*.sock) swaymsg -t get_tree"
    status, output = lab.client.execute(command)
    titles: set[str] = set()

    def walk(node: dict[str, object]) -> None:
        titles.add(str(node.get("app_id")))
        for child in (*node["nodes"], *node["floating_nodes"]):  # type: ignore[misc]
            walk(child)

    if status == 0:
        walk(json.loads(output))
    return titles


def typing(token: str) -> str:
    """A command for an app: it types a second command into whatever window has the focus."""
    return f"wtype -s 300 'echo {token} >/dev/udp/{LAB.server.v4}/{LAB.echo_port}; touch {HOME}/{token}' -k Return"


def typed(lab: ContainerLab, token: str) -> bool:
    return lab.client.execute(f"test -e {HOME}/{token}")[0] == 0


def test_with_the_compositors_own_socket_it_types_into_the_persons_terminal(lab: ContainerLab) -> None:
    """The control: the token is in clear on the wire, and the screen is copied."""
    token = new_token()
    with watched(lab, token) as judgement:
        # The terminal may miss keys of a keyboard that has only just appeared.
        until(lambda: launch(lab, "unfiltered", typing(token), **DISPLAY).status == 0 and typed(lab, token), "the keys")
        until(lambda: any(token in str(it) for it in lab.peer.records("echo")), "the token at the server")
    assert any(leak.token == token for leak in judgement().leaks), judgement()
    done = launch(lab, "unfiltered", "grim -t ppm /var/lib/nsguard-app-unfiltered/screen.ppm", **DISPLAY)
    assert (done.status, done.errors) == (0, "")


@pytest.mark.parametrize("app", ["filtered", "boxed"])
def test_in_a_security_context_it_types_nothing_and_sees_nothing(lab: ContainerLab, app: str) -> None:
    token = new_token()
    home = f"/var/lib/nsguard-app-{app}"
    with watched(lab, token) as judgement:
        assert launch(lab, app, f"{typing(token)} 2>{home}/said", **DISPLAY).status != 0
    assert judgement().leaks == ()
    assert not typed(lab, token)
    assert launch(lab, app, f"grim -t ppm {home}/screen.ppm 2>>{home}/said", **DISPLAY).status != 0
    output = lab.client.succeed(f"cat {home}/said")
    assert NO_KEYBOARD in output
    assert NO_SCREEN in output


@pytest.mark.parametrize("app", ["filtered", "boxed"])
def test_it_opens_windows_and_they_go_with_it(lab: ContainerLab, app: str) -> None:
    window = f"LANG=C.UTF-8 exec foot --app-id {app} sleep infinity"
    outside = f"{PERSON} -E WAYLAND_DISPLAY=wayland-1 --unit=opened-{app} nsguard launch {app} '{window}'"
    lab.client.succeed(outside)
    until(lambda: app in windows(lab), "the app's window")
    lab.client.succeed(f"systemctl stop nsguard-app-{app}.service")
    until(lambda: app not in windows(lab), "the end of the app's window")
    assert lab.client.get_unit_property(f"nsguard-display-{app}.service", "ActiveState") == "inactive"


def test_a_compositor_without_security_contexts_is_named_and_gives_no_display(lab: ContainerLab) -> None:
    """The compositor is a stand-in that offers a virtual keyboard and no security contexts."""
    lab.client.write_files({"/opt/nsguard-test/bare.py": BARE})
    lab.client.succeed(f"{PERSON} --unit=bare python3 /opt/nsguard-test/bare.py {RUNTIME}/wayland-0")
    try:
        lab.client.wait_for_file(f"{RUNTIME}/wayland-0", 10)
        done = launch(lab, "filtered", "true", **DISPLAY | {"WAYLAND_DISPLAY": "wayland-0"})
        assert done.status != 0
        assert done.errors == (
            f"nsguard: filtered: the compositor at {RUNTIME}/wayland-0 does not offer "
            "wp_security_context_manager_v1, so nothing would keep an app from typing into other windows; use a "
            "compositor that does (Sway does), or set gui.waylandUnfiltered and read its risk\n"
        )
        assert launch(lab, "filtered", "[ $(ls /run/nsguard-session/display) = wayland-1 ]", **DISPLAY).status == 0
        journal = lab.client.succeed("journalctl --sync; journalctl -o cat -u nsguard-display-filtered.service")
        assert f"nsguard: nsguard.apps.filtered: the compositor at {RUNTIME}/wayland-0 does not offer" in journal
    finally:
        lab.client.succeed(f"systemctl stop bare; rm -f {RUNTIME}/wayland-0")


def test_a_person_with_a_number_above_65535_has_apps(lab: ContainerLab) -> None:
    done = lab.client.run(person("far 'test $(id -u) = 70000'", "far"))
    assert (done.status, done.errors) == (0, "")


def test_by_pipewires_socket_its_library_runs_outside_and_a_preset_has_none(lab: ContainerLab) -> None:
    """With gui.sound, an app can load a library of its own into the person's sound server; without, it cannot."""
    lab.client.succeed(f"{PERSON} --unit=sound pipewire")
    lab.client.wait_for_file(f"{RUNTIME}/pipewire-0", 10)
    loaded = "grep -c {} /proc/$(systemctl show -P MainPID sound)/maps"
    for app, at in (("sounding", "/run/nsguard-session"), ("silent", "/run/nsguard-session"), ("silent", RUNTIME)):
        library = f"/var/lib/nsguard-app-{app}/{new_token()}"
        node = f"factory.name=audiotestsrc node.name={app} object.linger=true library.name=../../../../../..{library}"
        done = launch(
            lab,
            app,
            f"cp {PLUGIN} {library}.so && PIPEWIRE_RUNTIME_DIR={at} pw-cli create-node spa-node-factory '{{ {node} }}'",
        )
        assert (done.status == 0) is (app == "sounding")
        if app == "sounding":
            until(lambda: lab.client.execute(loaded.format(library))[0] == 0, "the library in the daemon")  # noqa: B023
        else:
            assert lab.client.execute(loaded.format(library))[0] == 1
