"""Debian's Firefox with its preset: what it sends, also unasked; its sandbox, and its pages."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

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
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.target import TUNNEL_UNIT, wait_for_tunnel
from nsguard_harness.verdict.judge import Judgement

pytestmark = pytest.mark.lab

# Nothing drives Firefox but this page, which reports its results to the web server. The token after the ? begins every
# path and name. In a frame, the page tells the page around it that it has loaded.
PAGE = """<!doctype html><meta charset="utf-8"><title>A page</title><body>
<script>
const token = location.search.slice(1), said = (what, value, more) =>
    fetch(`http://203.0.113.80/${token}-${what}?${encodeURIComponent(JSON.stringify(value))}`,
        {mode: "no-cors", ...more});
// A request that is held while the tunnel is down must not hold up the attempts that are to fail meanwhile.
const soon = () => ({signal: AbortSignal.timeout(2000)});
const visited = number => new Promise(resolve => {
    const frame = document.createElement("iframe");
    const end = loaded => { frame.remove(); resolve(loaded); };
    window.onmessage = () => end(true);
    setTimeout(() => end(false), 2000);
    frame.src = `http://${token}-${number}.leak.test:8000/`;
    document.body.append(frame);
});
if (parent !== window)
    parent.postMessage("loaded", "*");
else
    (async () => {
        await said("candidates", await CANDIDATES);
        for (let number = 0, failed = 0;; number++)
            if (await visited(number)) {
                await said("visited", failed, soon()).catch(() => failed++);
                await new Promise(resolve => setTimeout(resolve, 500));
            } else
                failed++;
    })();
</script>""".replace("CANDIDATES", CANDIDATES)
# By default host candidates are random names, which do not show an address.
PREFERENCES = 'pref("media.peerconnection.ice.obfuscate_host_addresses", false);\n'
OUTSIDE = "firefox-esr"
LAUNCHED = {"headless": "headless", "boxed": "boxed", "free": f"--unit=free {OUTSIDE}"}
UNITS = {"headless": "nsguard-app-headless", "boxed": "nsguard-app-boxed", "free": "free"}


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with browsers("firefox") as lab:
        lab.client.write_files({"/usr/lib/firefox-esr/defaults/pref/lab.js": PREFERENCES})
        lab.server.write_files({"/srv/pages/index.html": PAGE})
        serve = "python3 -m http.server --bind :: --directory /srv/pages 8000"
        lab.server.succeed(f"systemd-run -q --unit=lab-pages {serve}")
        # http.server looks up its own name when it starts: wait, so that this does not count as the browser's look-up
        lab.server.wait_until_succeeds("ss -Hlt sport = 8000 | grep -q .", 20)
        yield lab


@dataclass(frozen=True)
class Visit:
    """A running Firefox that has loaded the page, and what was seen of it until then.

    own: the addresses from which its requests should come; unasked: who looked up names that are not in the page.
    """

    side: str
    token: str
    own: tuple[str, str]
    judgement: Judgement
    candidates: list[str]
    unasked: set[str]


def told(lab: ContainerLab, token: str, what: str) -> list[Any]:
    """The page's reports of one kind so far."""
    begin = f"/{token}-{what}?"
    paths = [str(record["path"]) for record in lab.peer.records("web")]
    return [json.loads(unquote(path.removeprefix(begin))) for path in paths if path.startswith(begin)]


@contextmanager
def running(lab: ContainerLab, person: str, side: str, token: str) -> Iterator[None]:
    """Run a Firefox for the body."""
    lab.client.succeed(f"{person} {LAUNCHED[side]} 'http://{token}.leak.test:8000/?{token}'")
    try:
        yield
    finally:
        lab.client.succeed(f"systemctl stop {UNITS[side]}")


@pytest.fixture(scope="module")
def person(lab: ContainerLab) -> str:
    return f"{screen(lab, 7)} -E DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/33/bus"


@pytest.fixture(scope="module", params=LAUNCHED)
def visit(lab: ContainerLab, person: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    side, token, earlier = request.param, new_token(), len(lab.peer.records("dns"))
    with ExitStack() as stack:
        with watched(lab, token) as judgement:
            stack.enter_context(running(lab, person, side, token))
            until(lambda: told(lab, token, "visited"), "the page did not get so far", 60)
            until(lambda: own_accord(lab, earlier), "it did nothing of its own accord", 60)
        [candidates] = told(lab, token, "candidates")
        own = LAB.client if side == "free" else LAB.tunnel_client
        yield Visit(side, token, own, judgement(), candidates, own_accord(lab, earlier))


confined = pytest.mark.parametrize("visit", ["headless", "boxed"], indirect=True)
unconfined = pytest.mark.parametrize("visit", ["free"], indirect=True)


@confined
def test_a_page_and_what_it_does_of_its_own_accord_go_through_the_tunnel(lab: ContainerLab, visit: Visit) -> None:
    for service in ("dns", "web"):
        assert sources(lab, service, visit.token) <= set(LAB.tunnel_client)
    assert visit.unasked <= set(LAB.tunnel_client)
    assert not visit.judgement.void
    assert visit.judgement.leaks == ()
    assert visit.judgement.classes["wireguard"] > 50


@unconfined
def test_unconfined_both_are_seen_by_the_same_observer(visit: Visit) -> None:
    seen = {leak.kind for leak in visit.judgement.of(visit.token)}
    assert {"dns", "tcp"} <= seen or {"dns", "http"} <= seen, seen
    assert visit.unasked <= set(LAB.client)
    assert any(leak.kind == "dns" and leak.token is None for leak in visit.judgement.leaks)


def test_webrtc_tells_the_tunnels_addresses_alone(visit: Visit) -> None:
    assert addresses(visit.candidates), visit.candidates
    assert addresses(visit.candidates) <= set(visit.own)
    assert {"host"} <= kinds(visit.candidates)


def test_it_keeps_its_own_sandbox(lab: ContainerLab, visit: Visit) -> None:
    [browser] = lab.client.succeed("pgrep -o -x firefox-esr").split()
    pages = lab.client.succeed("pgrep -x 'Isolated Web Co'").split()
    assert pages
    for page in pages:
        status = {key: state(lab, pid) for key, pid in (("browser", browser), ("page", page))}
        assert status["page"]["Uid"].split() == ["33"] * 4
        assert status["page"]["CapEff"] == "0" * 16
        assert (status["page"]["NoNewPrivs"], status["page"]["Seccomp"]) == ("1", "2")
        # the page has filters of its own, besides those of the unit
        assert int(status["page"]["Seccomp_filters"]) > int(status["browser"]["Seccomp_filters"])
        script = "; ".join(
            f"readlink /proc/{pid}/ns/{kind}" for pid in (browser, page) for kind in ("user", "net", "ipc")
        )
        assert len(set(lab.client.succeed(script).split())) == 6
        # the page sees no file system
        assert lab.client.succeed(f"readlink /proc/{page}/root").strip() != "/"


def state(lab: ContainerLab, pid: str) -> dict[str, str]:
    """The status of a process (proc_pid_status(5))."""
    lines = lab.client.succeed(f"cat /proc/{pid}/status").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


@confined
def test_without_a_tunnel_pages_fail_and_nothing_leaks(lab: ContainerLab, visit: Visit) -> None:
    with watched(lab, visit.token) as judgement:
        lab.client.succeed(f"systemctl stop {TUNNEL_UNIT}")
        time.sleep(0.5)  # for requests that are on their way
        seen = len(told(lab, visit.token, "visited"))
        time.sleep(3)  # for what the page tries without a tunnel
        assert len(told(lab, visit.token, "visited")) == seen
    assert judgement().leaks == ()
    lab.client.succeed(f"systemctl start {TUNNEL_UNIT}")
    wait_for_tunnel(lab)
    # the same page goes on and reports its failures; requests that were held may arrive first
    *_, failed = told(lab, visit.token, "visited")[:seen]
    until(
        lambda: any(more > failed for more in told(lab, visit.token, "visited")[seen:]),
        "it did not go on, or nothing had failed",
        60,
    )


@unconfined
def test_a_real_window_hands_nothing_to_one_outside(lab: ContainerLab, person: str, visit: Visit) -> None:
    beside_one_outside(lab, person, OUTSIDE, UNITS[visit.side])
    assert shown(lab, person, "firefox") > COLOURS
    lab.client.succeed("systemctl stop nsguard-app-window")
