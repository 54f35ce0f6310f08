"""What the tests of browsers share: a lab that has them, who said what to whom, and what is on a screen."""

from __future__ import annotations

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

from awaited import until
from labs import image_or_skip
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.checkout import SCENARIOS
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import debian_client
from nsguard_harness.lab.image import APPS
from nsguard_harness.run.world import Observed
from nsguard_harness.target import wait_for_tunnel
from nsguard_harness.verdict.judge import Judgement, judge, merged
from nsguard_harness.verdict.tokens import Tokens

# A STUN server: it answers with the address that the request came from (RFC 8489 §7.3, §14.2).
STUN = r"""
import socket, struct
with socket.socket(type=socket.SOCK_DGRAM) as udp:
    udp.bind(("203.0.113.80", 3478))
    while True:
        data, peer = udp.recvfrom(2048)
        if data[:2] == b"\0\1":
            address = int.from_bytes(socket.inet_aton(peer[0])) ^ 0x2112A442
            mapped = struct.pack("!HHBBHI", 0x20, 8, 0, 1, peer[1] ^ 0x2112, address)
            udp.sendto(struct.pack("!HH", 0x101, len(mapped)) + data[4:20] + mapped, peer)
"""
# A promise of all candidates.
CANDIDATES = """
new Promise(resolve => {
    const found = [], peer = new RTCPeerConnection({iceServers: [{urls: "stun:203.0.113.80:3478"}]});
    peer.onicecandidate = event => event.candidate ? found.push(event.candidate.candidate) : resolve(found);
    peer.createDataChannel("x");
    peer.createOffer().then(offer => peer.setLocalDescription(offer));
    setTimeout(() => resolve(found), 15000);
})
"""
TAIL_SECONDS = 2.0
COLOURS = 20  # more than an empty screen or a window without content has
# The person who has all apps. The browser outside has a home of its own.
HOME = "/srv/outside"
PERSON = f"systemd-run -q --collect --uid=www-data --gid=www-data -E HOME={HOME}"


@contextmanager
def browsers(name: str) -> Iterator[ContainerLab]:
    """A lab with browsers and a STUN server, its client as a scenario has it."""
    with ContainerLab(debian_client(image_or_skip(APPS, "browsers"))) as lab:
        lab.server.write_files({"/opt/nsguard-test/stun.py": STUN})
        lab.server.succeed("systemd-run -q --unit=lab-stun python3 /opt/nsguard-test/stun.py")
        lab.client.succeed(f"install -d -o www-data {HOME}; install -d -m 1777 /tmp/.X11-unix")
        scenario.apply(lab.client, SCENARIOS / f"{name}.nix")
        wait_for_tunnel(lab)
        yield lab


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


def sources(lab: ContainerLab, service: str, word: str) -> set[str]:
    """The addresses from which a service got a request with `word` in it."""
    return {record["source"] for record in lab.peer.records(service) if word in json.dumps(record)}


def own_accord(lab: ContainerLab, seen: int) -> set[str]:
    """The addresses that have looked up names that no test uses, after the first `seen` look-ups."""
    return {record["source"] for record in lab.peer.records("dns")[seen:] if "leak.test" not in record.get("name", "")}


def addresses(candidates: list[str]) -> set[str]:
    """Every address in a list of candidates, their related ones too (RFC 8839 §5.1)."""
    words = {word for candidate in candidates for word in re.split(r"\s+", candidate)}
    addresses_seen = set()
    for word in words:
        try:
            addresses_seen.add(str(ip_address(word)))
        except ValueError:
            continue
    return addresses_seen - {"0.0.0.0", "::"}


def kinds(candidates: list[str]) -> set[str]:
    """The types of candidates."""
    return {kind for candidate in candidates for kind in re.findall(r"typ (\w+)", candidate)}


def screen(lab: ContainerLab, number: int) -> str:
    """Start an X server; returns the words that run a command as the person in front of it."""
    # without it the server resets when its last client leaves, and refuses clients meanwhile
    xvfb = f"Xvfb :{number} -noreset -nolisten tcp -screen 0 1280x800x24"
    lab.client.succeed(f"systemd-run -q --unit=lab-xvfb{number} --uid=www-data {xvfb}")
    lab.client.wait_for_file(f"/tmp/.X11-unix/X{number}", 20)
    return f"{PERSON} -E DISPLAY=:{number}"


def shown(lab: ContainerLab, person: str, name: str) -> int:
    """How many colours a screen has, once it has more than an empty one and stays as it is, or after 30 seconds.

    NSGUARD_SCREENSHOT names a directory where the picture is kept, to look at.
    """
    picture, colours, deadline = f"{HOME}/{name}.png", 0, time.monotonic() + 30
    content, before = b"", b"none yet"
    while (colours <= COLOURS or content != before) and time.monotonic() < deadline:
        time.sleep(1)
        lab.client.succeed(f"{person} --wait scrot -z -o {picture}", timeout=30)
        content, before = lab.client.path(picture).read_bytes(), content
        colours = len(set(pixels(content)))
    if keep := os.environ.get("NSGUARD_SCREENSHOT"):
        (Path(keep) / f"{name}.png").write_bytes(content)
    return colours


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


def beside_one_outside(lab: ContainerLab, person: str, outside: str, unit: str) -> None:
    """Assert that an app `window` and the same browser outside hand each other no page; both go on.

    outside: the command that has started the one outside; unit: the unit that it runs in. Guards often miss this: a
    second instance finds the first, hands it the address, and ends.
    """
    token = new_token()

    def seen(name: str) -> set[str]:
        return set(until(lambda: sources(lab, "web", f"{token}-{name}"), f"{name} was not loaded", 60))

    # the control: outside, the page is handed to the running browser, which loads it; the exit status tells nothing
    lab.client.execute(f"{person} --wait {outside} http://{LAB.web.v4}/{token}-second", timeout=60)
    assert seen("second") <= set(LAB.client)

    with watched(lab, f"{token}-app") as judgement:
        lab.client.succeed(f"{person} --unit=launched window http://{LAB.web.v4}/{token}-app1")
        assert seen("app1") <= set(LAB.tunnel_client)
        # the next launch joins the app, not the browser outside
        lab.client.succeed(f"{person} --wait window http://{LAB.web.v4}/{token}-app2", timeout=60)
        assert seen("app2") <= set(LAB.tunnel_client)
    assert [leak for leak in judgement().leaks if leak.token] == []

    states = lab.client.succeed(f"systemctl show -P ActiveState nsguard-app-window {unit}").split()
    assert states == ["active", "active"]
