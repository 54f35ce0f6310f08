"""`nsguard status`, as text and as JSON."""

import json
import time

import pytest

from box import NAME, PEER, PRIVATE, Box, config, peer, spec
from reported import WEB, namespaces


def test_status_through_a_life(any_box: Box) -> None:
    box = any_box
    assert box.nsguard("status").stdout == "vpn\n  namespace  down\n  tunnel     down\n"
    assert box.nsguard("status").returncode == 1
    box.nsguard("netns", "up", NAME)
    assert box.nsguard("status", NAME).stdout == "vpn\n  tunnel     down\n  namespace  up\n"
    assert box.nsguard("status", NAME).returncode == 1
    box.nsguard("tunnel", "up", NAME)
    box.behave()
    done = box.nsguard("status", NAME)
    kind = "kernel" if box.kernel else "userspace"
    assert done.returncode == 0
    assert done.stdout == "\n".join(
        [
            "vpn",
            "  namespace  up",
            f"  tunnel     up (mullvad, {kind})",
            "  addresses  10.66.0.2/32, fd66::2/128",
            "  dns        10.66.0.1, fd66::1",
            "  peer       198.51.100.7:51820",
            f"  handshake  {'1 min ago' if kind == 'kernel' else 'none yet'}",
            f"  traffic    {'5 B received, 2.0 KiB sent' if kind == 'kernel' else '0 B received, 0 B sent'}",
            "",
        ]
    )
    assert all("private-key" not in call and "dump" not in call for call in box.calls())
    assert PRIVATE not in done.stdout + done.stderr


def test_status_as_json(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    box.out("sh", "-c", f"ip netns exec {NAME} sleep infinity >/dev/null 2>&1 </dev/null & echo")
    found = namespaces(box)
    while not any(each["name"] == "sleep" for app in found[NAME]["apps"] for each in app["processes"]):
        found = namespaces(box)
    assert set(found[NAME]) == {
        *("state", "tunnel", "units", "apps", "forwarded", "portForwarding", "published", "hostLink", "tunnelPorts"),
        *("hostServices", "error"),
    }
    assert found[NAME]["units"] == []  # there is no systemd in a box
    assert found[NAME]["portForwarding"] is None
    assert found[NAME]["state"] == "up"
    assert found[NAME]["error"] is None
    assert found[NAME]["tunnel"] == {
        "state": "up",
        "name": "mullvad",
        "implementation": "userspace",
        "addresses": ["10.66.0.2/32", "fd66::2/128"],
        "dns": ["10.66.0.1", "fd66::1"],
        "peers": [
            {
                "name": None,
                "publicKey": PEER,
                "endpoint": "198.51.100.7:51820",
                "latestHandshakeAge": None,
                "received": 0,
                "sent": 0,
            }
        ],
    }


def test_ports_that_are_published_or_open_in_the_tunnel(box: Box) -> None:
    web = {
        "name": "web",
        "unit": "nsguard-publish-vpn@web-1a2b3c.socket",
        "listen": ["127.0.0.1:80", "[::1]:80"],
        "from": [],
    }
    opened = {"tcp": [22, {"from": 6881, "to": 6889}], "udp": [53]}
    box.write_spec(spec() | {"published": [web | {"port": 8080}], "tunnelPorts": opened})
    box.nsguard("netns", "up", NAME)
    found = namespaces(box)[NAME]
    inside = {"answered": False, "expected": "a service in the namespace", "elsewhere": []}
    assert found["published"] == [web | {"port": 8080, "state": "down"} | inside]
    assert found["tunnelPorts"] == opened
    said = box.nsguard("status").stdout
    assert "  published       web: 127.0.0.1:80, [::1]:80 to port 8080 (down)\n" in said
    assert "  open in tunnel  tcp 22, 6881-6889; udp 53\n" in said


def test_services_of_the_host_that_those_inside_reach(box: Box) -> None:
    sonarr = {"name": "sonarr", "unit": "nsguard-host-vpn@sonarr-1a2b3c.socket", "listenPort": 18989}
    sonarr |= {"address": "127.0.0.1", "port": 8989}
    box.write_spec(spec() | {"hostServices": [sonarr]})
    box.nsguard("netns", "up", NAME)
    assert namespaces(box)[NAME]["hostServices"] == [sonarr | {"state": "down", "answered": False, "elsewhere": []}]
    said = box.nsguard("status").stdout
    assert "  host service  sonarr: 127.0.0.1:18989 inside to 127.0.0.1:8989 (down)\n" in said
    # a service that listens inside, or at another address of the host, does not answer there
    for where, address in (("ip netns exec vpn", "127.0.0.1"), ("", "127.0.0.2")):
        listen = f"import socket, time; s = socket.create_server(('{address}', 8989)); time.sleep(99)"
        box.out("sh", "-c", f'{where} python3 -c "{listen}" >/dev/null 2>&1 </dev/null &')
        box.out("sh", "-c", f"until {where} ss -Hltn | grep -q {address}:8989; do :; done")
    (found,) = namespaces(box)[NAME]["hostServices"]
    assert (found["answered"], found["elsewhere"]) == (False, ["127.0.0.2"])


def test_a_peer_is_called_by_the_name_of_its_option(box: Box) -> None:
    box.write("/run/key", PRIVATE)
    typed = {"configFile": None, "ips": ["10.66.0.2/32"], "privateKeyFile": "/run/key"}
    box.write_spec(spec(**typed, peers=[peer(name="se-sto\x1b[31m")]))
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    (found,) = namespaces(box)[NAME]["tunnel"]["peers"]
    assert (found["name"], found["publicKey"]) == ("se-sto\x1b[31m", PEER)
    assert "  peer       se-sto\\x1b[31m, 198.51.100.7:51820\n" in box.nsguard("status").stdout


def test_the_last_error_is_kept_until_it_works(any_box: Box) -> None:
    box = any_box
    box.nsguard("netns", "up", NAME)
    box.write("/run/tunnel.conf", "[Interface]\n")
    said = box.nsguard("tunnel", "up", NAME).stderr.strip().removeprefix("nsguard: ")
    assert said
    error = namespaces(box)[NAME]["error"]
    assert (error["command"], error["what"]) == ("tunnel up vpn", said)
    assert abs(error["at"] - time.time()) < 30
    assert f"  error      tunnel up vpn: {said} (" in box.nsguard("status").stdout
    box.write("/run/tunnel.conf", config())
    assert box.nsguard("tunnel", "up", NAME).returncode == 0
    assert namespaces(box)[NAME]["error"] is None
    box.write("/run/tunnel.conf", "[Interface]\n")
    assert box.nsguard("tunnel", "reload", NAME).returncode == 2
    box.nsguard("netns", "down", NAME)
    assert box.traces() == []


def test_a_published_port_is_answered_by_whoever_listens_where_the_proxy_asks(box: Box) -> None:
    web = {"name": "web", "unit": "nsguard-publish-vpn@web-1a2b3c.socket", "listen": ["127.0.0.1:80"]}
    box.write_spec(spec() | {"published": [web | {"port": 8080, "from": None}]})
    box.nsguard("netns", "up", NAME)
    box.write("/run/web.py", WEB.replace("127.0.0.1", "127.0.0.2"))
    box.out("sh", "-c", f"ip netns exec {NAME} python3 /run/web.py >/dev/null 2>&1 </dev/null &")
    while not (port := namespaces(box)[NAME]["published"][0])["elsewhere"]:
        pass
    assert (port["answered"], port["elsewhere"]) == (False, ["127.0.0.2"])
    box.write("/run/web.py", WEB)
    box.out("sh", "-c", f"ip netns exec {NAME} python3 /run/web.py >/dev/null 2>&1 </dev/null &")
    while not (port := namespaces(box)[NAME]["published"][0])["answered"]:
        pass
    assert (port["expected"], port["elsewhere"]) == (None, [])


def test_an_unknown_namespace_is_bad_input(box: Box) -> None:
    done = box.nsguard("status", "nowhere")
    assert (done.returncode, done.stderr) == (2, "nsguard: nowhere: no such namespace; the only one is vpn\n")


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_a_host_without_namespaces_is_told_so(box: Box, command: str) -> None:
    box.out("rm", "-r", f"/etc/nsguard/{NAME}")
    done = box.nsguard(command)
    assert (done.returncode, done.stdout) == (0, "nsguard: no namespace is configured, and none is up\n")
    assert json.loads(box.nsguard(command, "--json").stdout)["namespaces"] == {}


def test_watching_goes_on_until_interrupted(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    for end in ("timeout --preserve-status -s INT 5 {}", "{} | head -n 2"):
        done = box.run("bash", "-o", "pipefail", "-c", end.format(f"{box.launcher} status --json --watch"))
        assert (done.returncode, done.stderr) == (0, "")
        documents = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(documents) >= 2
        assert all(each["namespaces"][NAME]["state"] == "up" for each in documents)


def test_a_half_made_state_is_named(box: Box) -> None:
    box.misbehave("kill-after", 1)
    box.nsguard("netns", "up", NAME)
    assert "namespace  half-made" in box.nsguard("status").stdout
    box.behave()
    box.nsguard("netns", "up", NAME)
    box.misbehave("kill-after", 2)
    box.nsguard("tunnel", "up", NAME)
    box.behave()
    assert "tunnel     half-made" in box.nsguard("status").stdout


def test_the_name_of_a_process_draws_nothing_on_the_terminal(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    box.write("/run/artist.py", "import time\nopen('/proc/self/comm', 'w').write('\\x1b[2J')\ntime.sleep(300)\n")
    box.out("sh", "-c", f"ip netns exec {NAME} python3 /run/artist.py >/dev/null 2>&1 </dev/null &")
    while "2J" not in (shown := box.nsguard("status", NAME).stdout):
        pass
    assert "\x1b" not in shown
    assert r"\x1b[2J" in shown
