"""Debian's Chromium as an app: what it does of its own accord stays in; it keeps its sandbox, and its pages."""

from __future__ import annotations

import functools
import json
import os
import re
import secrets
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.attacks.tunnel import TUNNEL_UNIT, wait_for_tunnel
from nsguard_harness.browser import Browser
from nsguard_harness.checkout import SCENARIOS
from nsguard_harness.errors import LabError
from nsguard_harness.judge import Judgement, judge, merged
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import debian_client
from nsguard_harness.lab.image import APPS, image
from nsguard_harness.tokens import Tokens
from nsguard_harness.world import Observed

pytestmark = pytest.mark.lab

FREE = "/run/free-browser/socket"
CONFINED = {app: f"/run/nsguard-app-{app}/socket" for app in ("headless", "boxed")}
UNITS = {FREE: "free-browser.service"} | {path: f"nsguard-app-{app}.service" for app, path in CONFINED.items()}
# Whoever is asked answers with the address that it was asked from (RFC 8489 §7.3, §14.2).
STUN = r"""
import socket, struct
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
    udp.bind(("::", 3478))
    while True:
        data, peer = udp.recvfrom(2048)
        if data[:2] == b"\0\1" and peer[0].startswith("::ffff:"):
            address = int.from_bytes(socket.inet_aton(peer[0][7:])) ^ 0x2112A442
            mapped = struct.pack("!HHBBHI", 0x20, 8, 0, 1, peer[1] ^ 0x2112, address)
            udp.sendto(struct.pack("!HH", 0x101, len(mapped)) + data[4:20] + mapped, peer)
"""
CANDIDATES = """
new Promise(resolve => {
    const found = [], peer = new RTCPeerConnection({iceServers: [{urls: "stun:203.0.113.80:3478"}]});
    peer.onicecandidate = event => event.candidate ? found.push(event.candidate.candidate) : resolve(found);
    peer.createDataChannel("x");
    peer.createOffer().then(offer => peer.setLocalDescription(offer));
    setTimeout(() => resolve(found), 15000);
})
"""
# What a page can have a browser ask for before anybody follows a link, and an attempt at QUIC.
EAGER = """
for (const kind of ["dns-prefetch", "preconnect", "prefetch"]) {
    const link = document.createElement("link");
    link.rel = kind;
    link.href = `http://${TOKEN}-${kind}.leak.test/${TOKEN}-${kind}`;
    document.head.append(link);
}
true
"""
ATTEMPT = "fetch(`https://203.0.113.80/`).catch(() => 0).then(() => true)"
TAIL_SECONDS = 2.0
QUIC = "/run/nsguard-test-quic"
COLOURS = 20  # more than an empty screen or a window without content has


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    try:
        tree = image(APPS)
    except LabError as error:
        pytest.skip(f"no image with Chromium can be made, so NOTHING is shown of a browser: {error}")
    with ContainerLab(debian_client(tree)) as lab:
        lab.server.write_files({"/opt/nsguard-test/stun.py": STUN})
        lab.server.succeed("systemd-run -q --unit=lab-stun python3 /opt/nsguard-test/stun.py")
        scenario.apply(lab.client, SCENARIOS / "browser.nix")
        wait_for_tunnel(lab)
        yield lab


@contextmanager
def browsing(lab: ContainerLab, path: str) -> Iterator[Browser]:
    """A browser from its start to its end."""
    unit = UNITS[path]
    lab.client.succeed(f"systemctl start {unit}")
    try:
        with Browser(lab.client, path) as browser:
            yield browser
    finally:
        lab.client.succeed(f"systemctl stop {unit}")


@contextmanager
def watched(lab: ContainerLab, token: str) -> Iterator[Callable[[], Judgement]]:
    """Every frame on the wire while the body goes on; the judgement is there after it."""
    observed, capture = Observed(lab), lab.capture(lab.client)

    def judgement() -> Judgement:
        tokens = Tokens({token: "browser"})
        return merged(Judgement(dropped=capture.dropped), judge(capture.frames, observed.world, tokens))

    with capture:
        yield judgement
        time.sleep(TAIL_SECONDS)  # a window of observation, not a wait for something
        observed.look()


def new_token() -> str:
    return f"ngb{secrets.token_hex(4)}"


def until(condition: Callable[[], Any], what: str, timeout: float = 20) -> Any:
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return found


def sources(lab: ContainerLab, service: str, word: str) -> set[str]:
    """Who said or asked for something with a word in it."""
    return {one["source"] for one in lab.peer.records(service) if word in json.dumps(one)}


def surf(lab: ContainerLab, browser: Browser, token: str, link: str) -> dict[str, Any]:
    """Load a page, have the browser be eager, and see that all of it left by a link or arrived; what the page says.

    link: the command that watches a link for QUIC.
    """
    lab.client.execute(f"{link} -n -l -c 1 udp dst port 443 >{QUIC}", check_output=False)
    lab.client.wait_until_succeeds("pgrep -x tcpdump", 10)
    assert browser.visit(f"http://{token}.leak.test/{token}") == ""
    page = dict(json.loads(browser.evaluate("document.body.innerText")))
    assert browser.evaluate(EAGER.replace("${TOKEN}", token))
    for kind in ("dns-prefetch", "preconnect", "prefetch"):
        until(functools.partial(sources, lab, "dns", f"{token}-{kind}"), f"nobody looked up {token}-{kind}")
    until(lambda: sources(lab, "web", f"{token}-prefetch"), "nothing was prefetched")
    # again and again: an attempt that meets a change of network is given up before a packet is sent
    quic = "443: UDP"
    until(lambda: browser.evaluate(ATTEMPT) and quic in lab.client.execute(f"cat {QUIC}")[1], "no attempt at QUIC")
    return page


@pytest.mark.parametrize("app", CONFINED)
def test_a_page_and_all_that_comes_with_it_goes_through_the_tunnel(lab: ContainerLab, app: str) -> None:
    token = new_token()
    with watched(lab, token) as judgement, browsing(lab, CONFINED[app]) as browser:
        page = surf(lab, browser, token, "ip netns exec vpn timeout 60 tcpdump -i wg0")
    assert page["peer"] in LAB.tunnel_client
    for service in ("dns", "web"):
        assert sources(lab, service, token) <= set(LAB.tunnel_client)
    assert not judgement().void
    assert judgement().leaks == ()
    assert judgement().classes["wireguard"] > 50


def test_unconfined_it_is_seen_by_the_same_observer(lab: ContainerLab) -> None:
    token = new_token()
    with watched(lab, token) as judgement, browsing(lab, FREE) as browser:
        page = surf(lab, browser, token, "timeout 60 tcpdump -i eth0")
    assert page["peer"] in LAB.client
    kinds = {leak.kind for leak in judgement().leaks if leak.token == token}
    assert {"dns", "tcp"} <= kinds or {"dns", "http"} <= kinds, kinds


def test_what_it_does_of_its_own_accord_stays_in(lab: ContainerLab) -> None:
    """Nobody asks it for anything, and it talks to its maker all the same."""
    token = new_token()
    seen = len(lab.peer.records("dns"))

    def own() -> list[dict[str, Any]]:
        return [one for one in lab.peer.records("dns")[seen:] if "leak.test" not in one.get("name", "")]

    with watched(lab, token) as judgement, browsing(lab, CONFINED["headless"]):
        until(own, "it did nothing of its own accord", 60)
        time.sleep(10)  # for what comes later
    assert {one["source"] for one in own()} <= set(LAB.tunnel_client)
    assert not judgement().void
    assert judgement().leaks == ()


def addresses(candidates: list[str]) -> set[str]:
    """Every address in a list of candidates, their related ones too (RFC 8839 §5.1)."""
    words = {word for candidate in candidates for word in re.split(r"\s+", candidate)}
    found = set()
    for word in words:
        try:
            found.add(str(ip_address(word)))
        except ValueError:
            continue
    return found - {"0.0.0.0", "::"}


@pytest.mark.parametrize(
    ("path", "own"),
    [*((path, LAB.tunnel_client) for path in CONFINED.values()), (FREE, LAB.client)],
    ids=[*CONFINED, "free"],
)
def test_webrtc_tells_the_tunnels_addresses_alone(lab: ContainerLab, path: str, own: tuple[str, str]) -> None:
    with browsing(lab, path) as browser:
        assert browser.visit(f"http://{LAB.web.v4}/") == ""
        candidates = browser.evaluate(CANDIDATES)
    assert addresses(candidates), candidates
    assert addresses(candidates) <= set(own)
    kinds = {re.search(r"typ (\w+)", one).group(1) for one in candidates}  # type: ignore[union-attr]
    assert "host" in kinds


@pytest.mark.parametrize("app", CONFINED)
def test_without_a_tunnel_a_page_fails_and_nothing_leaks(lab: ContainerLab, app: str) -> None:
    token = new_token()
    with browsing(lab, CONFINED[app]) as browser:
        assert browser.visit(f"http://{token}.leak.test/first") == ""
        with watched(lab, token) as judgement:
            lab.client.succeed(f"systemctl stop {TUNNEL_UNIT}")
            errors = [
                browser.visit(url) for url in (f"http://{token}-down.leak.test/", f"http://{LAB.server.v4}/{token}")
            ]
        assert all(error.startswith("net::ERR_") for error in errors), errors
        assert judgement().leaks == ()
        lab.client.succeed(f"systemctl start {TUNNEL_UNIT}")
        wait_for_tunnel(lab)
        # the same browser goes on
        until(lambda: browser.visit(f"http://{token}.leak.test/again") == "", "it did not go on")
    assert not sources(lab, "web", f"{token}-down")


@pytest.mark.parametrize("path", [*CONFINED.values(), FREE], ids=[*CONFINED, "free"])
def test_it_keeps_its_own_sandbox(lab: ContainerLab, path: str) -> None:
    with browsing(lab, path) as browser:
        assert browser.visit(f"http://{LAB.web.v4}/") == ""
        listed = lab.client.succeed("pgrep -f -- '[-]-type=renderer'").split()
        assert listed
        for pid in listed:
            status = lab.client.succeed(f"cat /proc/{pid}/status")
            assert "Seccomp:\t2" in status
            assert "NoNewPrivs:\t1" in status
            own = lab.client.succeed(f"readlink /proc/{pid}/ns/user /proc/{pid}/ns/net /proc/{pid}/ns/pid").split()
            main = lab.client.get_unit_property(UNITS[path], "MainPID")
            unit = lab.client.succeed(f"readlink /proc/{main}/ns/user /proc/{main}/ns/net /proc/{main}/ns/pid").split()
            assert not set(own) & set(unit)
        assert "--no-sandbox" not in lab.client.succeed(f"cat /proc/{listed[0]}/cmdline")


PERSON = "systemd-run -q --collect --uid=www-data --gid=www-data -E DISPLAY={} -E HOME=/srv/outside"
OUTSIDE = "chromium --no-first-run --password-store=basic"


@pytest.fixture(scope="module")
def screen(lab: ContainerLab) -> ContainerLab:
    lab.client.succeed("install -d -o www-data /srv/outside; install -d -m 1777 /tmp/.X11-unix")
    for number in (7, 8):
        xvfb = f"Xvfb :{number} -nolisten tcp -screen 0 1280x800x24"
        lab.client.succeed(f"systemd-run -q --unit=lab-xvfb{number} --uid=www-data {xvfb}")
        lab.client.wait_for_file(f"/tmp/.X11-unix/X{number}", 20)
    return lab


def test_a_real_window_shows_the_tunnels_address(screen: ContainerLab) -> None:
    """The picture is kept where NSGUARD_SCREENSHOT says, to look at."""
    lab, token, person = screen, new_token(), PERSON.format(":8")
    lab.client.succeed(f"{person} window http://{LAB.web.v4}/{token}")
    assert set(until(lambda: sources(lab, "web", token), "the page was not loaded", 60)) <= set(LAB.tunnel_client)
    picture, colours, deadline = "/srv/outside/screen.png", 0, time.monotonic() + 30
    while colours <= COLOURS and time.monotonic() < deadline:
        time.sleep(1)
        lab.client.succeed(f"{person} --wait scrot -z -o {picture}", timeout=30)
        content = lab.client.path(picture).read_bytes()
        if keep := os.environ.get("NSGUARD_SCREENSHOT"):
            Path(keep).write_bytes(content)
        colours = len(set(pixels(content)))
    lab.client.succeed("systemctl stop nsguard-app-window.service")
    assert colours > COLOURS


def test_a_browser_outside_is_not_handed_the_page(screen: ContainerLab) -> None:
    """The trap of every guard: the second instance finds the first, hands it the address, and leaves."""
    lab, token, person = screen, new_token(), PERSON.format(":7")

    def seen(name: str) -> set[str]:
        return set(until(lambda: sources(lab, "web", f"{token}-{name}"), f"{name} was not loaded", 60))

    lab.client.succeed(f"{person} --unit=outside {OUTSIDE} http://{LAB.web.v4}/{token}-outside")
    assert seen("outside") <= set(LAB.client)
    # the eye: as the same person outside it is handed on; that the page is loaded tells, not how the messenger ended
    lab.client.execute(f"{person} --wait {OUTSIDE} http://{LAB.web.v4}/{token}-second", timeout=60)
    assert seen("second") <= set(LAB.client)

    with watched(lab, f"{token}-app") as judgement:
        launcher = f"{person} --unit=launched window"
        lab.client.succeed(f"{launcher} http://{LAB.web.v4}/{token}-app1")
        assert seen("app1") <= set(LAB.tunnel_client)
        # and what is launched next joins the app, not the other
        done = f"{person} --wait window http://{LAB.web.v4}/{token}-app2"
        lab.client.succeed(done, timeout=60)
        assert seen("app2") <= set(LAB.tunnel_client)
    assert [leak for leak in judgement().leaks if leak.token] == []

    units = "nsguard-app-window.service outside.service"
    states = lab.client.succeed(f"systemctl show -P ActiveState {units}").split()
    assert states == ["active", "active"]
    lab.client.succeed(f"systemctl stop {units}")


def pixels(png: bytes) -> Iterator[bytes]:
    """Groups of three bytes of a picture's filtered lines (PNG specification, 9): of an empty screen there is one."""
    data, position = b"", 8
    while position < len(png):
        length, kind = struct.unpack_from("!I4s", png, position)
        if kind == b"IDAT":
            data += png[position + 8 : position + 8 + length]
        position += length + 12
    raw = zlib.decompress(data)
    yield from (raw[i : i + 3] for i in range(0, len(raw) - 2, 3))
