"""Debian's Chromium as an app: what it sends unasked stays in the tunnel; it keeps its sandbox, and its pages load."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from awaited import until
from browsing import (
    CANDIDATES,
    COLOURS,
    addresses,
    beside_one_outside,
    browsers,
    kinds,
    new_token,
    own_accord,
    screen,
    shown,
    sources,
    watched,
)
from nsguard_harness.addresses import LAB
from nsguard_harness.browser_client import Browser
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.target import TUNNEL_UNIT, wait_for_tunnel

pytestmark = pytest.mark.lab

FREE = "/run/free-browser/socket"
CONFINED = {app: f"/run/nsguard-app-{app}/socket" for app in ("headless", "boxed")}
UNITS = {FREE: "free-browser.service"} | {path: f"nsguard-app-{app}.service" for app, path in CONFINED.items()}
# A page's requests that a browser sends before anybody follows a link, and an attempt at QUIC.
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
QUIC = "/run/nsguard-test-quic"
# A promise of the size of a video, once it plays: forty painted pictures, recorded as WebM.
VIDEO = """
new Promise((resolve, reject) => {
    const canvas = document.createElement("canvas"), pen = canvas.getContext("2d"), parts = [];
    const recorder = new MediaRecorder(canvas.captureStream(), {mimeType: "video/webm"});
    let painted = 0;
    const painting = setInterval(() => {
        pen.fillStyle = `hsl(${9 * painted} 90% 50%)`;
        pen.fillRect(0, 0, canvas.width, canvas.height);
        if (++painted == 40) recorder.stop();
    }, 40);
    recorder.ondataavailable = event => parts.push(event.data);
    recorder.onstop = () => {
        clearInterval(painting);
        const video = document.createElement("video");
        video.muted = true;
        video.onerror = () => reject(new Error(video.error.message));
        video.ontimeupdate = () => video.currentTime > 0.2 && resolve([video.videoWidth, video.videoHeight]);
        video.src = URL.createObjectURL(new Blob(parts));
        document.body.append(video);
        video.play().catch(reject);
    };
    recorder.start();
})
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with browsers("browser") as lab:
        yield lab


@contextmanager
def browsing(lab: ContainerLab, path: str) -> Iterator[Browser]:
    """Run a browser for the body."""
    unit = UNITS[path]
    lab.client.succeed(f"systemctl start {unit}")
    try:
        with Browser(lab.client, path) as browser:
            yield browser
    finally:
        lab.client.succeed(f"systemctl stop {unit}")


def surf(lab: ContainerLab, browser: Browser, token: str, link: str) -> dict[str, Any]:
    """Load a page, have the browser prefetch; each request must arrive or be seen on a link. Returns the page's report.

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
    # retried, because the browser gives up an attempt before it sends a packet if the network changes meanwhile
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


@pytest.mark.parametrize("app", CONFINED)
def test_a_page_plays_a_video(lab: ContainerLab, app: str) -> None:
    token = new_token()
    with watched(lab, token) as judgement, browsing(lab, CONFINED[app]) as browser:
        assert browser.visit(f"http://{token}.leak.test/{token}") == ""
        assert browser.evaluate(VIDEO) == [300, 150]
    assert judgement().leaks == ()


def test_unconfined_it_is_seen_by_the_same_observer(lab: ContainerLab) -> None:
    token = new_token()
    with watched(lab, token) as judgement, browsing(lab, FREE) as browser:
        page = surf(lab, browser, token, "timeout 60 tcpdump -i eth0")
    assert page["peer"] in LAB.client
    seen = {leak.kind for leak in judgement().leaks if leak.token == token}
    assert {"dns", "tcp"} <= seen or {"dns", "http"} <= seen, seen


def test_what_it_does_of_its_own_accord_stays_in(lab: ContainerLab) -> None:
    """The browser connects to its maker although its user has requested nothing."""
    token = new_token()
    seen = len(lab.peer.records("dns"))
    with watched(lab, token) as judgement, browsing(lab, CONFINED["headless"]):
        until(lambda: own_accord(lab, seen), "it did nothing of its own accord", 60)
        time.sleep(10)  # for later requests
    assert own_accord(lab, seen) <= set(LAB.tunnel_client)
    assert not judgement().void
    assert judgement().leaks == ()


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
    assert "host" in kinds(candidates)


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
        # the same browser loads pages again
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


def test_a_real_window_shows_the_tunnels_address(lab: ContainerLab) -> None:
    person, token = screen(lab, 8), new_token()
    lab.client.succeed(f"{person} window http://{LAB.web.v4}/{token}")
    assert set(until(lambda: sources(lab, "web", token), "the page was not loaded", 60)) <= set(LAB.tunnel_client)
    assert shown(lab, person, "chromium") > COLOURS
    lab.client.succeed("systemctl stop nsguard-app-window")


def test_a_browser_outside_is_not_handed_the_page(lab: ContainerLab) -> None:
    person, outside, token = screen(lab, 7), "chromium --no-first-run --password-store=basic", new_token()
    lab.client.succeed(f"{person} --unit=outside {outside} http://{LAB.web.v4}/{token}")
    assert set(until(lambda: sources(lab, "web", token), "the one outside did not start", 60)) <= set(LAB.client)
    beside_one_outside(lab, person, outside, "outside")
    # shared memory has a number: by the app's number the X server would find memory of the browser outside
    shared = "grep -c SYSV /proc/$(systemctl show -P MainPID lab-xvfb7)/maps || true"
    assert int(lab.client.succeed(shared)) > 0
    lab.client.succeed("systemctl stop outside")
    until(lambda: int(lab.client.succeed(shared)) == 0, "the server has shared memory for the app")
    lab.client.succeed("systemctl stop nsguard-app-window")
