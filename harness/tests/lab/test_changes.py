"""What a changed configuration does: which units restart or reload, and whether an open connection goes on.

Each row is a change of a specification, carried out as NixOS's switch-to-configuration would, in the lab.
"""

from __future__ import annotations

import copy
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from awaited import until
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.checkout import ROOT
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.peer import generate
from nsguard_harness.machine import looks
from nsguard_harness.scenario import Plan
from nsguard_harness.target import wait_for_tunnel

DOCUMENT = ROOT / "docs/tunnels.md"
KEY, PSK = "/etc/nsguard-lab/client.key", "/etc/nsguard-lab/client.psk"
NETNS, TUNNEL, APP = "nsguard-netns-vpn.service", "nsguard-tunnel-vpn.service", "reader.service"
TIMER = "nsguard-refresh-vpn.timer"
# Makes one connection after another, each until it ends or is silent for ten seconds. Writes the number of the
# connection and of the lines that came over it.
READER = f"""
import socket, time
number = 0
while True:
    number += 1
    try:
        with socket.create_connection(("{LAB.web.v4}", {LAB.web_port}), 10) as tcp:
            tcp.sendall(b"GET /stream HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            for lines, _ in enumerate(tcp.makefile("rb")):
                open("/var/lib/reader/count", "w").write(f"{{number}} {{lines}}\\n")
    except OSError:
        time.sleep(0.2)
"""
GOES_ON, ENDS, RESTARTED = "goes on", "ends", "ends with its service, which restarts"

Specification = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A row of the table: what changes, and what that does to units and to a connection.

    change: alters a specification; done: what happens to units; fate: what happens to an open connection; far: which
    part of the change the server must know.
    """

    what: str
    change: Callable[[Specification], object]
    done: str
    fate: str
    far: str = ""


def _tunnel(**options: Any) -> Callable[[Specification], object]:
    return lambda it: it["tunnels"]["lab"].update(options)


def _peer(**options: Any) -> Callable[[Specification], object]:
    return lambda it: it["tunnels"]["lab"]["peers"][0].update(options)


def _more_peers(it: Specification) -> None:
    it["tunnels"]["lab"]["peers"].append({"publicKey": OTHER, "allowedIPs": ["10.98.0.0/16"]})


def _renamed_tunnel(it: Specification) -> None:
    it["tunnels"]["other"] = it["tunnels"].pop("lab")
    it["namespaces"]["vpn"]["tunnel"] = "other"


def _renamed_namespace(it: Specification) -> None:
    it["namespaces"]["exit"] = it["namespaces"].pop("vpn")
    it["services"]["reader"]["namespace"] = "exit"


OTHER = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
BOTH = [f"{LAB.tunnel_client.v4}/32", f"{LAB.tunnel_client.v6}/128"]
WEB = {"listen": ["127.0.0.1:80"], "port": 80}
ENABLED, FORWARDED = {"enable": True}, f"reload {NETNS}, start nsguard-forward-vpn.service"
RELOAD = f"reload {TUNNEL}"
# The name of the unit that waits for key files contains a digest of their names.
SECRETS = "nsguard-secrets-vpn-….path"
OTHER_FILE = f"stop {SECRETS}, {RELOAD}, start {SECRETS}"
ROWS = [
    Row("another peer", _more_peers, RELOAD, GOES_ON),
    Row("the private key", _tunnel(privateKeyFile=f"{KEY}.new"), OTHER_FILE, GOES_ON, "key"),
    Row("a preshared key", _peer(presharedKeyFile=f"{PSK}.new"), OTHER_FILE, GOES_ON, "psk"),
    Row(
        "the private key, and the preshared key is gone",
        lambda it: (_tunnel(privateKeyFile=f"{KEY}.new")(it), _peer(presharedKeyFile=None)(it)),
        OTHER_FILE,
        GOES_ON,
        "key alone",
    ),
    Row("another address beside the others", _tunnel(ips=[*BOTH, "10.66.0.9/32"]), RELOAD, GOES_ON),
    Row("the address", _tunnel(ips=["10.66.0.9/32"]), RELOAD, ENDS, "address"),
    Row("the MTU", _tunnel(mtu=1300), RELOAD, GOES_ON),
    Row("resolvers", _tunnel(dns=[LAB.tunnel_server.v6]), RELOAD, GOES_ON),
    Row("the endpoint", _peer(endpoint=f"[{LAB.endpoint.v6}]:{LAB.endpoint_port}"), RELOAD, GOES_ON),
    Row("ranges, still with the other end in them", _peer(allowedIPs=["0.0.0.0/1", "128.0.0.0/1"]), RELOAD, GOES_ON),
    Row("ranges, without the other end", _peer(allowedIPs=["10.66.0.0/24"]), RELOAD, ENDS),
    Row("a keepalive", _peer(persistentKeepalive=25), RELOAD, GOES_ON),
    Row("the port", _tunnel(listenPort=51777), RELOAD, GOES_ON),
    Row("the kernel's WireGuard or a process", _tunnel(implementation="userspace"), RELOAD, GOES_ON),
    Row("the mark", _tunnel(fwMark="0x51820"), RELOAD, GOES_ON),
    Row("how often names are looked up", _peer(dynamicEndpointRefreshSeconds=7), f"{RELOAD}, restart {TIMER}", GOES_ON),
    Row("`dns.enforce`", lambda it: it["namespaces"]["vpn"].update(dns={"enforce": False}), f"reload {NETNS}", GOES_ON),
    Row(
        "`tunnelPorts`",
        lambda it: it["namespaces"]["vpn"].update(tunnelPorts={"tcp": [80]}),
        f"reload {NETNS}",
        GOES_ON,
    ),
    Row("a published port", lambda it: it["namespaces"]["vpn"].update(publish={"web": WEB}), "", GOES_ON),
    Row("port forwarding", lambda it: it["namespaces"]["vpn"].update(portForwarding=ENABLED), FORWARDED, GOES_ON),
    Row("the tunnel's name", _renamed_tunnel, RELOAD, GOES_ON),
    Row("the service's own settings", lambda it: _service(it, Nice=5), f"restart {APP}", RESTARTED),
    Row("the namespace's name", _renamed_namespace, "", RESTARTED),
]


def _service(it: Specification, **more: Any) -> None:
    it["services"]["reader"]["serviceConfig"].update(more)


def specification(public: str) -> Specification:
    peer = {
        "publicKey": public,
        "presharedKeyFile": PSK,
        "endpoint": f"{LAB.endpoint.v4}:{LAB.endpoint_port}",
        "allowedIPs": ["0.0.0.0/0", "::/0"],
    }
    tunnel = {"ips": BOTH, "privateKeyFile": KEY, "dns": [LAB.tunnel_server.v4], "peers": [peer]}
    service = {"ExecStart": "/usr/bin/python3 /opt/reader.py", "StateDirectory": "reader", "Restart": "always"}
    reader = {"namespace": "vpn", "serviceConfig": service, "wantedBy": ["multi-user.target"]}
    return {"tunnels": {"lab": tunnel}, "namespaces": {"vpn": {"tunnel": "lab"}}, "services": {"reader": reader}}


def rendered(directory: Path, specification: Specification) -> Plan:
    (directory / "specification.json").write_text(json.dumps(specification))
    (directory / "scenario.nix").write_text("builtins.fromJSON (builtins.readFile ./specification.json)\n")
    return scenario.render(directory / "scenario.nix")


def switch(before: Plan, after: Plan, active: Callable[[str], bool]) -> list[tuple[str, str]]:
    """What NixOS's switch-to-configuration does with active units, in its order.

    It reloads a unit if only its reload triggers changed, or if the unit asks for reloads; it restarts other units that
    changed. A change of the description alone does not count.
    """

    def compared(text: str, *ignored: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith(("Description=", *ignored))]

    done: list[tuple[str, str]] = [("stop", name) for name in before.units if name not in after.units and active(name)]
    for name, unit in after.units.items():
        old = before.units.get(name)
        if old is None:
            done += [("start", name)] if unit.wanted_by else []
        elif compared(old.text) != compared(unit.text) and active(name):
            triggers = "X-Reload-Triggers="
            alike = compared(old.text, triggers) == compared(unit.text, triggers)
            done.append(("reload" if alike or "X-ReloadIfChanged=true" in unit.text else "restart", name))
    return sorted(done, key=lambda it: (("stop", "reload", "restart", "start").index(it[0]), it[1]))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerLab]:
    with ContainerLab() as lab:
        lab.client.write_files({"/opt/reader.py": READER})
        own = lab.peer.secrets
        # as `wg genkey` and `wg genpsk` make them
        fresh = {f"{KEY}.new": FRESH.private, f"{PSK}.new": FRESH_PSK, KEY: own.client.private, PSK: own.preshared}
        lab.client.write_files({path: f"{text}\n" for path, text in fresh.items()}, mode=0o600)
        plan = rendered(tmp_path_factory.mktemp("base"), specification(own.server.public))
        scenario.install(lab.client, plan)
        scenario.start(lab.client, plan)
        wait_for_tunnel(lab)
        yield lab


FRESH, FRESH_PSK = generate(), generate().private


def tell(lab: ContainerLab, far: str, *, back: bool = False) -> None:
    """Tell the provider's end of the change, or with `back` of its undoing."""
    secrets = lab.peer.secrets
    old, new = secrets.client.public, FRESH.public
    both = ",".join([*LAB.tunnel_client])
    psk = "<(echo '{}')"
    match far:
        case "key" | "key alone":
            gone, come = (new, old) if back else (old, new)
            key = psk.format(secrets.preshared) if back or far == "key" else "/dev/null"
            peer = f"wg set wg0 peer {gone} remove peer {come} preshared-key {key} allowed-ips {both}"
            lab.server.succeed(peer)
        case "psk":
            key = psk.format(secrets.preshared if back else FRESH_PSK)
            lab.server.succeed(f"wg set wg0 peer {old} preshared-key {key}")
        case "address":
            # never undone: the old address stays routed, so that only the client can end the connection
            lab.server.succeed(
                f"wg set wg0 peer {old} allowed-ips {both},10.66.0.9/32; ip route replace 10.66.0.9 dev wg0"
            )


def carry_out(lab: ContainerLab, before: Plan, after: Plan) -> str:
    def active(name: str) -> bool:
        return "@." not in name and lab.client.get_unit_property(name, "ActiveState") == "active"

    done = switch(before, after, active)
    for verb, name in [it for it in done if it[0] == "stop"]:
        lab.client.succeed(f"systemctl {verb} {name}")
    scenario.install(lab.client, after)
    for verb, name in [it for it in done if it[0] != "stop"]:
        lab.client.succeed(f"systemctl {verb} {name}")
    text = ", ".join(f"{verb} {name}" for verb, name in done)
    return re.sub("(nsguard-secrets-vpn-)[0-9a-f]{6}", r"\1…", text)


def count(lab: ContainerLab) -> tuple[int, int]:
    """The number of the reader's connection, and of the lines that came over it."""
    path = lab.client.path("/var/lib/reader/count")
    words = until(lambda: len(words := path.read_text().split()) == 2 and words, "it is written for ever")
    return int(words[0]), int(words[1])


def fate(lab: ContainerLab, change: Callable[[], object]) -> str:
    """What happens to the reader's connection: more lines show that it goes on, and ten silent seconds end it."""
    pid = lab.client.get_unit_property(APP, "MainPID")
    lab.client.succeed("rm -f /var/lib/reader/count")
    lab.client.wait_for_file("/var/lib/reader/count", 30)
    number, _ = count(lab)
    change()
    start, (_, lines) = time.monotonic(), count(lab)
    for _ in looks():
        if time.monotonic() - start > 25:
            return ENDS
        if lab.client.get_unit_property(APP, "MainPID") != pid:
            return RESTARTED
        if not lab.client.path("/var/lib/reader/count").exists() or count(lab)[0] != number:
            return ENDS
        if count(lab)[1] > lines + 5:
            return GOES_ON
    raise AssertionError("a wait has no last look")


@pytest.mark.lab
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_each_change_does_what_the_table_says(lab: ContainerLab, tmp_path: Path, row: Row) -> None:
    base = specification(lab.peer.secrets.server.public)
    changed = copy.deepcopy(base)
    row.change(changed)
    before, after = (rendered(_made(tmp_path / name), it) for name, it in (("before", base), ("after", changed)))
    effects: list[str] = []

    def change() -> None:
        tell(lab, row.far)
        effects.append(carry_out(lab, before, after))

    try:
        assert fate(lab, change) == row.fate
        if row.done:
            assert effects == [row.done]
    finally:
        tell(lab, row.far, back=True)
        carry_out(lab, after, before)
        lab.client.succeed(f"systemctl start {TUNNEL} {APP}")
        wait_for_tunnel(lab)


def _made(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.lab
@pytest.mark.parametrize(
    "broken",
    ["privateKeyFile", "endpoint"],
)
def test_a_change_that_fails_leaves_the_tunnel_as_it_was(lab: ContainerLab, tmp_path: Path, broken: str) -> None:
    base = specification(lab.peer.secrets.server.public)
    changed = copy.deepcopy(base)
    if broken == "endpoint":
        lab.server.succeed("systemctl stop lab-dns")
        changed["tunnels"]["lab"]["peers"][0]["endpoint"] = "nobody.lab.test:51820"
    else:
        changed["tunnels"]["lab"][broken] = "/run/nothing"
    before, after = (rendered(_made(tmp_path / name), it) for name, it in (("before", base), ("after", changed)))

    def change() -> None:
        scenario.install(lab.client, after)
        lab.client.fail(f"systemctl reload {TUNNEL}")

    try:
        assert fate(lab, change) == GOES_ON
        assert lab.client.get_unit_property(TUNNEL, "ActiveState") == "active"
    finally:
        lab.server.succeed("systemctl start lab-dns")
        scenario.install(lab.client, before)
        lab.client.succeed(f"systemctl reload {TUNNEL}")
        wait_for_tunnel(lab)


def line(row: Row) -> str:
    return f"| {row.what} | {row.done or 'stop the old units, start the new'} | {row.fate} |"


def test_the_documentation_has_this_table() -> None:
    shown = [text for text in DOCUMENT.read_text().splitlines() if text.startswith("| ") and text.endswith(" |")]
    lines = [line(row) for row in ROWS]
    assert [text for text in shown if text in lines] == lines, "\n".join(lines)
