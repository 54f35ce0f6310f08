"""The documentation's snippets, booted on NixOS: each does what its page promises. A test has its snippet's name."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

import pytest
import snippets
from closures import booted, closure_of, needs_nixos
from far_ends import ANOTHER, FAR_ENDS, GRANTED, TYPED, configuration
from nsguard_harness import inspection
from nsguard_harness.addresses import LAB
from nsguard_harness.inside import records
from nsguard_harness.lab import peer
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.hops import ENTRY, Hops
from nsguard_harness.machine import Completed, Machine

pytestmark = [pytest.mark.lab, needs_nixos]
KEY = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="  # of the peer in snippets


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[ContainerLab]:
    boot, keys = request.param, peer.generate()
    closure = closure_of(snippets.module(boot, {KEY: keys.public}))
    with booted(closure, Hops if boot == "hops" else ContainerLab) as lab:
        FAR_ENDS.get(boot, lambda *_: None)(lab, keys)
        yield lab


def on(boot: str) -> pytest.MarkDecorator:
    """The machine of a test; tests of one machine share it."""
    return pytest.mark.parametrize("lab", [boot], indirect=True)


FETCH = """
import sys, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode(), end="")
except OSError as error:
    sys.exit(str(getattr(error, "fp", None) and error.read().decode() or error))
"""


def page(machine: Machine, url: str) -> Completed:
    """Fetch a page: its content or, for an error, the error's text."""
    return machine.run(f"python3 -c {shlex.quote(FETCH)} {url}")


def answers(machine: Machine, url: str) -> bool:
    """Whether a service's page answers; false if the connection is refused or dropped."""
    done = page(machine, url)
    assert done.status == 0 or re.search("refused|timed out", done.errors), done.errors
    return done.status == 0 and "peer" in json.loads(done.output)


def inside(machine: Machine, command: str, namespace: str = "vpn") -> str:
    return machine.succeed(f"ip netns exec {namespace} {command}")


def serves(machine: Machine, port: int, namespace: str = "vpn") -> None:
    """Wait until somebody listens inside."""
    machine.wait_until_succeeds(f"ip netns exec {namespace} ss -Hltn | grep -q :{port}")


def is_confined(machine: Machine, service: str, port: int, namespace: str = "vpn") -> None:
    """The service's program runs and listens in the namespace, which holds a tunnel and nothing else."""
    machine.wait_for_unit(f"{service}.service")
    serves(machine, port, namespace)
    pid = machine.get_unit_property(f"{service}.service", "MainPID")
    own, named = machine.succeed(f"stat -Lc %i /proc/{pid}/ns/net /run/netns/{namespace}").split()
    assert own == named
    assert inspection.namespace(machine, namespace).links <= {"lo", "wg0", "host0"}


def leaves_by(machine: Machine, address: str, namespace: str = "vpn") -> None:
    """The world sees the namespace at this address."""
    ask = f"ip netns exec {namespace} curl -s -m 5 http://{LAB.web.v4}/ip"
    machine.wait_until_succeeds(f"test $({ask}) = {address}")


def by(machine: Machine, user: str, command: str) -> Completed:
    return machine.run(
        f"cd /; PATH=/run/current-system/sw/bin exec setpriv --reuid {user} --regid users --init-groups {command}"
    )


def reached_by_tunnel(lab: ContainerLab, port: int) -> bool:
    return lab.server.run(f"test $(timeout 2 cat </dev/tcp/{LAB.tunnel_client.v4}/{port}) = open").status == 0


@on("linked")
def test_first(lab: ContainerLab) -> None:
    """The service has one way out, and its web page refuses connections until it is published."""
    is_confined(lab.client, "prowlarr", 9696)
    leaves_by(lab.client, LAB.tunnel_client.v4)
    assert not answers(lab.client, "http://127.0.0.1:9696")
    assert "peer" in inside(lab.client, "curl -s http://127.0.0.1:9696")


@on("linked")
def test_host_link(lab: ContainerLab) -> None:
    """UDP from the LAN arrives, and the service of a web page sees its client's address."""
    is_confined(lab.client, "game", 27015)
    is_confined(lab.client, "web", 8080)
    ask = f"""'[[["udp", "{LAB.client.v4}", 27015]], [[null, null]]]'"""
    said = lab.server.succeed(f"PYTHONPATH={peer.LIBRARY} python3 -m nsguard_harness.inside.ask {ask}")
    assert json.loads(said) == [["udp", LAB.client.v4, 27015]]
    seen = json.loads(page(lab.server, f"http://{LAB.client.v4}:8080").output)["peer"]
    assert seen in (LAB.server.v4, LAB.endpoint.v4)
    assert json.loads(page(lab.client, "http://127.0.0.1:8080").output) == {"peer": "127.0.0.1"}


@on("linked")
def test_published_range(lab: ContainerLab) -> None:
    """UDP from the LAN is answered at the first and the last port of the range, not beyond; no other network is."""
    is_confined(lab.client, "calls", 16384)

    def answered(source: str) -> list[int]:
        asked = [[["udp", LAB.client.v4, port] for port in (16384, 16483, 16484)], [[[source, ""], None]]]
        ask = f"python3 -m nsguard_harness.inside.ask {shlex.quote(json.dumps(asked))}"
        return [port for _, _, port in json.loads(lab.server.succeed(f"PYTHONPATH={peer.LIBRARY} {ask}"))]

    assert answered(LAB.server.v4) == [16384, 16483]
    assert answered(LAB.endpoint.v4) == []


@on("mullvad")
def test_first_published(lab: ContainerLab) -> None:
    """The port answers on this host, and not on the LAN, at whose address nothing listens."""
    serves(lab.client, 9696)
    assert answers(lab.client, "http://127.0.0.1:9696")
    assert not answers(lab.client, f"http://{LAB.client.v4}:9696")


@on("clients")
def test_the_commands_of_the_quickstart(lab: ContainerLab) -> None:
    """They find nothing wrong. While the tunnel is stopped the service has no way out, and it is not restarted."""
    quickstart = (snippets.SNIPPETS.parent / "quickstart.md").read_text()
    blocks = re.findall(r"^```\n((?:# .+\n)+)```$", quickstart, re.MULTILINE)
    (switch, *look), (stop, start) = ([line.removeprefix("# ") for line in block.splitlines()] for block in blocks)
    assert switch == "nixos-rebuild switch"
    leaves_by(lab.client, LAB.tunnel_client.v4)
    main_pid = lab.client.get_unit_property("prowlarr.service", "MainPID")
    outputs = [lab.client.succeed(re.sub("https://.*", f"http://{LAB.web.v4}/ip", command)) for command in look]
    assert "prowlarr" in outputs[0] and "9696" in outputs[0]
    assert LAB.tunnel_client.v4 in outputs[1]
    assert "healthy" in outputs[2]

    lab.client.succeed(stop)
    assert inspection.namespace(lab.client, "vpn").links == {"lo"}
    lab.client.fail(f"ip netns exec vpn curl -s -m 2 http://{LAB.web.v4}/ip")
    lab.client.succeed(start)
    leaves_by(lab.client, LAB.tunnel_client.v4)
    assert lab.client.get_unit_property("prowlarr.service", "MainPID") == main_pid


@on("mullvad")
def test_published_port(lab: ContainerLab) -> None:
    """The port answers on loopback over both families, and from the LAN through the firewall."""
    serves(lab.client, 9091)
    for host in ("127.0.0.1", "[::1]", LAB.client.v4):
        assert answers(lab.client, f"http://{host}:9091")
    assert answers(lab.server, f"http://{LAB.client.v4}:9091")


@on("clients")
def test_published_from(lab: ContainerLab) -> None:
    """The port answers this host and its own network, through the firewall, and no other network."""
    serves(lab.client, 9696)
    assert answers(lab.client, "http://127.0.0.1:9696")
    lab.server.wait_until_succeeds(connect_from(LAB.server.v4))
    lab.server.fail(connect_from(LAB.endpoint.v4))
    # control: without the rules, the other network is let in too
    lab.client.succeed("nft delete table inet nsguard_from-vpn")
    lab.server.succeed(connect_from(LAB.endpoint.v4))
    lab.client.succeed("systemctl reload nsguard-netns-vpn")
    lab.server.fail(connect_from(LAB.endpoint.v4))


def connect_from(address: str) -> str:
    """A command that connects to the published port by one of the machine's own addresses."""
    connect = f"socket.create_connection(('{LAB.client.v4}', 9696), 5, ('{address}', 0))"
    return f'python3 -c "import socket; {connect}"'


@on("mullvad")
def test_published_socket(lab: ContainerLab) -> None:
    """nginx may connect, because it is in the socket's group, and nobody else may."""
    serves(lab.client, 8080)
    assert answers(lab.client, "http://127.0.0.1:80")
    socket = "curl -s --unix-socket /run/vpn-web.sock http://x/"
    assert lab.client.succeed("stat -c '%G %a' /run/vpn-web.sock").strip() == "nginx 660"
    assert by(lab.client, "bob", socket).status == 7


@on("mullvad")
def test_allowed_egress(lab: ContainerLab) -> None:
    """The service reaches one port of the other host, which sees this host's address, and none of its other ports."""
    serve = "import http.server; http.server.test(http.server.SimpleHTTPRequestHandler, port=445)"
    lab.server.succeed(f'systemd-run -q --unit=nas --collect -p WorkingDirectory=/run python3 -c "{serve}"')
    lab.client.wait_until_succeeds(f"ip netns exec vpn curl -s -m 2 http://{LAB.granted.v4}:445/")
    lab.client.fail(f"ip netns exec vpn curl -s -m 2 http://{LAB.granted.v4}:{LAB.web_port}/")
    assert LAB.client.v4 in lab.server.succeed("journalctl -o cat -u nas")


@on("mullvad")
def test_commands(lab: ContainerLab) -> None:
    """The listed user may run commands, and no other user."""
    command = f"nsguard run vpn -- sh -c 'id -un; curl -s http://{LAB.web.v4}/ip'"
    leaves_by(lab.client, LAB.tunnel_client.v4)
    assert by(lab.client, "alice", command).output.split() == ["alice", LAB.tunnel_client.v4]
    assert by(lab.client, "bob", command).status == 125


@on("mullvad")
def test_tunnel_ports(lab: ContainerLab) -> None:
    """A listener at that port is reached from the tunnel's far end; another port is not."""
    leaves_by(lab.client, LAB.tunnel_client.v4)
    serves(lab.client, 6881)
    assert answers(lab.server, f"http://{LAB.tunnel_client.v4}:6881")
    assert not answers(lab.server, f"http://{LAB.tunnel_client.v4}:8080")


@on("mullvad")
def test_port_forwarding(lab: ContainerLab) -> None:
    """qBittorrent gets the port that the provider gives, and the world reaches it there."""
    lab.client.wait_until_succeeds(f"grep -q NSGUARD_PORT={GRANTED} /run/nsguard/vpn/inside/forwarded")
    serves(lab.client, GRANTED)
    assert reached_by_tunnel(lab, GRANTED)


@on("mullvad")
def test_hosts(lab: ContainerLab) -> None:
    """A service inside knows the name; the host does not."""
    serves(lab.client, 8080)
    lines = inside(lab.client, "curl -s http://127.0.0.1:8080/etc/hosts").splitlines()
    assert ["10.66.0.5", "nas.example.org"] in [line.split() for line in lines]
    assert "nas.example.org" not in lab.client.succeed("cat /etc/hosts")


@on("mullvad")
def test_app(lab: ContainerLab) -> None:
    """The launcher in alice's PATH starts the app confined, as alice, in a home of its own."""
    done = by(lab.client, "alice", "brave")
    assert (done.status, done.errors) == (0, "")
    found = "/var/lib/nsguard-app-brave/found"
    lab.client.wait_for_file(found)
    assert lab.client.succeed(f"cat {found}").split()[0] == "alice"
    assert set(re.findall(r"^(\w+)\s+[A-Z]", lab.client.succeed(f"sed 1d {found}"), re.MULTILINE)) == {"lo", "wg0"}
    assert by(lab.client, "bob", "brave").status == 1


@on("provider")
def test_media(lab: ContainerLab) -> None:
    """Two services of one namespace reach each other at 127.0.0.1."""
    for name, port in (("prowlarr", 9696), ("transmission", 9091)):
        is_confined(lab.client, name, port)
        assert "peer" in inside(lab.client, f"curl -s http://127.0.0.1:{port}")


@on("provider")
def test_library(lab: ContainerLab) -> None:
    """The LAN reaches the page. The service sees the directory in a home, and nothing else of that home."""
    is_confined(lab.client, "jellyfin", 8096)
    lab.client.succeed("echo song >/home/alice/Music/song; echo letter >/home/alice/letter; chmod 755 /home/alice")
    at = f"http://{LAB.client.v4}:8096"
    assert answers(lab.server, at)
    assert page(lab.server, f"{at}/home/alice/Music/song").output == "song\n"
    assert "No such file" in page(lab.server, f"{at}/home/alice/letter").errors


@on("provider")
def test_timer(lab: ContainerLab) -> None:
    """The job, started by its timer, has fetched its page through the tunnel."""
    leaves_by(lab.client, LAB.tunnel_client.v4)
    assert lab.client.get_unit_property("feeds.timer", "ActiveState") == "active"
    soon = "[Timer]\nOnCalendar=\nOnActiveSec=0\n"
    lab.client.write_files({"/run/systemd/system/feeds.timer.d/soon.conf": soon})
    lab.client.succeed("systemctl daemon-reload; systemctl restart feeds.timer")
    lab.client.wait_for_file("/var/lib/feeds/feed.xml")
    assert "/feed.xml" in lab.client.succeed("cat /var/lib/feeds/feed.xml")
    asked = [it for it in records.parse(lab.server.read(f"{peer.STATE}/web.jsonl")) if it["path"] == "/feed.xml"]
    assert {it["source"] for it in asked} <= set(LAB.tunnel_client)


@on("provider")
def test_backup(lab: ContainerLab) -> None:
    """The job reads a person's private file in the granted directory, and one outside homes."""
    for photos in ("/home/alice/Photos", "/srv/photos"):
        lab.client.succeed(f"install -d -m 700 -o alice {photos}; echo one of {photos} >{photos}/one")
        lab.client.succeed(f"chown alice {photos}/one; chmod 600 {photos}/one")
    lab.client.succeed("systemctl start restic-backups-photos")
    said = lab.client.succeed("journalctl -b --no-pager -o cat -u restic-backups-photos")
    assert {"one of /home/alice/Photos", "one of /srv/photos"} <= set(said.split("\n")), said


@on("provider")
def test_socket(lab: ContainerLab) -> None:
    """Clients on this host get hostnamed's answer, which the service gets by the granted part of the system bus."""
    said = lab.client.succeed("timeout 20 cat </dev/tcp/127.0.0.1/79")
    assert said == 's "nixos"\n'


@on("torrent")
def test_torrent(lab: ContainerLab) -> None:
    """Transmission gets the forwarded port, again after a restart; only its own user and group see its downloads."""
    is_confined(lab.client, "transmission", 9091)
    serves(lab.client, GRANTED)
    assert reached_by_tunnel(lab, GRANTED)
    heard = f"journalctl -o cat -u nsguard-forward-vpn | grep -q 'a program inside listens on port {GRANTED}'"
    lab.client.wait_until_succeeds(heard)
    lab.client.succeed("systemctl restart transmission")
    serves(lab.client, GRANTED)
    assert reached_by_tunnel(lab, GRANTED)
    inside(lab.client, "curl -s -f -T /etc/os-release http://127.0.0.1:9091/srv/torrents/film")
    assert lab.client.succeed("stat -c '%U %G %a' /srv/torrents").strip() == "transmission transmission 770"
    assert lab.client.succeed("stat -c %U /srv/torrents/film").strip() == "transmission"
    assert by(lab.client, "bob", "ls /srv/torrents").status != 0


@on("several")
def test_several(lab: ContainerLab) -> None:
    """Each service has a namespace of its own, and the world sees each at its own address."""
    for service, port, namespace, address in (
        ("transmission", 9091, "torrents", LAB.tunnel_client.v4),
        ("prowlarr", 9696, "search", ANOTHER),
    ):
        is_confined(lab.client, service, port, namespace)
        leaves_by(lab.client, address, namespace)


@on("wg-quick")
def test_wg_quick(lab: ContainerLab) -> None:
    """The service has the tunnel; the host stays as it is."""
    is_confined(lab.client, "transmission", 9091)
    leaves_by(lab.client, LAB.tunnel_client.v4)
    assert page(lab.client, f"http://{LAB.web.v4}/ip").output.strip() == LAB.client.v4


def taken_up(lab: ContainerLab) -> None:
    """A reload applies a changed tunnel file, while the service keeps running."""
    is_confined(lab.client, "bystander", 80)
    leaves_by(lab.client, LAB.tunnel_client.v4)
    before = lab.client.get_unit_property("bystander.service", "MainPID")
    lab.client.write_files({"/etc/nsguard-lab/client.conf": configuration(lab, peer.generate(), ANOTHER)}, 0o600)
    lab.client.succeed("systemctl reload nsguard-tunnel-vpn.service")
    leaves_by(lab.client, ANOTHER)
    assert lab.client.get_unit_property("bystander.service", "MainPID") == before


@on("sops")
def test_sops(lab: ContainerLab) -> None:
    """The unit that the snippet names in `reloadUnits` is the one whose reload works."""
    assert 'reloadUnits = [ "nsguard-tunnel-vpn.service" ];' in snippets.text("sops")
    taken_up(lab)


@on("agenix")
def test_agenix(lab: ContainerLab) -> None:
    """The reload of the tunnel's unit, as the page names it, works."""
    taken_up(lab)


@on("typed")
def test_typed_tunnel(lab: ContainerLab) -> None:
    """The addresses and the resolver are those that were typed, and the peer answers."""
    leaves_by(lab.client, TYPED["mullvad"])
    found = {address for _, address in inspection.namespace(lab.client, "vpn").addresses}
    assert {"10.66.113.7/32", "fc00:bbbb:bbbb:bb01::3:7106/128"} <= found
    assert "nameserver 10.64.0.1" in lab.client.succeed("cat /run/nsguard/vpn/inside/resolv.conf")


@on("typed")
def test_generated_key(lab: ContainerLab) -> None:
    """The key exists, only root can read it, and a server that knows its public half answers at a name's address."""
    assert lab.client.succeed("stat -c '%U %a' /var/lib/nsguard-keys/home").strip() == "root 600"
    leaves_by(lab.client, TYPED["home"], "home")


@on("hops")
def test_hops(lab: ContainerLab) -> None:
    """The second tunnel goes through the first, and the world sees the second's address."""
    leaves_by(lab.client, LAB.tunnel_client.v4)
    found = {address for _, address in inspection.namespace(lab.client, "entry").addresses}
    assert f"{ENTRY.client.v4}/32" in found


@pytest.mark.parametrize("lab", snippets.BOOTS, indirect=True)
def test_nothing_failed_and_the_doctor_finds_nothing_wrong(lab: ContainerLab) -> None:
    assert lab.client.succeed("systemctl --failed --no-legend --plain") == ""
    status, said = lab.client.execute("nsguard doctor")
    assert status == 0, said


@pytest.mark.parametrize("snippet", snippets.UNABLE)
def test_what_cannot_boot_here(snippet: str) -> None:
    pytest.skip(f"docs/snippets/{snippet}.nix is NOT booted: {snippets.UNABLE[snippet]}")
