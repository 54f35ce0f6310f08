"""AmneziaWG, the same tunnel in a disguise; tested with its own programs if they are installed."""

import json
import shutil

import pytest

from box import NAME, PRIVATE, Box, spec

DISGUISE = "Jc = 4\nJmin = 40\nJmax = 70\nS1 = 15\nS2 = 79\nH1 = 1011\nH2 = 2022\nH3 = 3033-4000\nH4 = 4044\n"
FAR, PORT = "192.0.2.9", 51999
programs = pytest.mark.skipif(
    not (shutil.which("awg") and shutil.which("amneziawg-go")),
    reason="amneziawg-go and awg (amneziawg-tools) are not installed: AmneziaWG is NOT run",
)


def file(peer: str, disguise: str = DISGUISE) -> str:
    return (
        f"[Interface]\nPrivateKey = {PRIVATE}\nAddress = 10.66.0.2/32\n{disguise}"
        f"[Peer]\nPublicKey = {peer}\nEndpoint = {FAR}:{PORT}\nAllowedIPs = 0.0.0.0/0\n"
    )


def far_end(box: Box) -> str:
    """Start the other end on the box's host; return its public key."""
    own = box.out("awg", "genkey").strip()
    public = box.run("awg", "pubkey", stdin=own).stdout.strip()
    box.out("amneziawg-go", "far")
    box.out("ip", "address", "add", f"{FAR}/32", "dev", "lo")
    settings = f"[Interface]\nPrivateKey = {own}\nListenPort = {PORT}\n{DISGUISE}"
    client = box.run("awg", "pubkey", stdin=PRIVATE).stdout.strip()
    box.write("/run/far.conf", f"{settings}[Peer]\nPublicKey = {client}\nAllowedIPs = 10.66.0.2/32\n")
    box.out("awg", "setconf", "far", "/run/far.conf")
    for words in ("address add 10.66.0.1/24 dev far", "link set far up"):
        box.out("ip", *words.split())
    return public


@programs
def test_a_disguised_tunnel_carries_and_comes_and_goes(box: Box) -> None:
    (box.shim / "program").write_text("amneziawg-go\n")
    box.write_spec(spec(type="amneziawg"))
    peer = far_end(box)
    box.write("/run/tunnel.conf", file(peer))
    box.nsguard("netns", "up", NAME)
    done = box.nsguard("tunnel", "up", NAME)
    assert done.returncode == 0, done.stderr
    assert "nsguard: this kernel has no amneziawg; starting it in userspace" in done.stderr.splitlines()
    said = box.out("awg", "show", "nsg-1a2b3c4d")
    for line in ("jc: 4", "jmin: 40", "jmax: 70", "s1: 15", "s2: 79", "h1: 1011", "h3: 3033-4000", "h4: 4044"):
        assert f"  {line}\n" in said
    ping = ["ip", "netns", "exec", NAME, "ping", "-c", "1", "-W", "3", "10.66.0.1"]
    box.out(*ping)
    # Control: the far end does not understand plain WireGuard.
    box.write("/run/tunnel.conf", file(peer, disguise=""))
    box.nsguard("tunnel", "down", NAME)
    assert box.nsguard("tunnel", "up", NAME).returncode == 0
    assert box.run(*ping).returncode == 1
    box.write("/run/tunnel.conf", file(peer))
    assert box.nsguard("tunnel", "reload", NAME).returncode == 0
    box.out(*ping)
    found = json.loads(box.nsguard("status", NAME, "--json").stdout)["namespaces"][NAME]
    assert found["tunnel"]["state"] == "up"
    assert found["tunnel"]["peers"][0]["received"] > 0
    assert box.nsguard("tunnel", "down", NAME).returncode == 0
    assert box.run("pgrep", "-fc", "amneziawg-go -f").stdout.strip() == "0"


def test_a_disguise_in_a_plain_tunnel_is_refused(box: Box) -> None:
    box.write("/run/tunnel.conf", file("xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="))
    box.nsguard("netns", "up", NAME)
    done = box.nsguard("tunnel", "up", NAME)
    assert done.returncode == 2
    assert done.stderr == (
        'nsguard: /run/tunnel.conf:4: Jc is a setting of AmneziaWG; give the tunnel type = "amneziawg"\n'
    )


def test_kernel_link_and_tool_have_its_names(box: Box) -> None:
    box.kernel_wireguard()
    box.write_spec(spec(type="amneziawg"))
    box.nsguard("netns", "up", NAME)
    done = box.nsguard("tunnel", "up", NAME)
    assert done.returncode == 0, done.stderr
    assert "+ ip link add nsg-1a2b3c4d netns vpn type amneziawg" in done.stderr
    assert "+ ip netns exec vpn awg setconf wg0 /dev/stdin" in done.stderr


def test_a_silent_peer_is_asked_by_its_own_tool(box: Box) -> None:
    box.kernel_wireguard()
    box.write_spec(spec(type="amneziawg"))
    box.nsguard("netns", "up", NAME)
    assert box.nsguard("tunnel", "up", NAME).returncode == 0
    (box.shim / "age").write_text("1000\n")
    box.behave()  # this also removes the list of earlier calls
    done = box.nsguard("wait", NAME, "1")
    assert done.stderr == "nsguard: namespace vpn: no peer answers, after 1 s; see nsguard doctor vpn\n"
    tools = {call.split()[0] for call in box.calls() if " set wg0 peer " in call}
    assert tools == {"awg"}


@pytest.mark.parametrize("kernel", [True, False])
def test_implementation_is_as_asked_for(box: Box, *, kernel: bool) -> None:
    if kernel:
        box.kernel_wireguard()
    box.nsguard("netns", "up", NAME)
    for wanted in ("kernel", "userspace"):
        box.write_spec(spec(implementation=wanted))
        done = box.nsguard("tunnel", "up", NAME)
        if wanted == "kernel" and not kernel:
            assert done.returncode == 1
            what, mend = (
                "tunnel mullvad: this kernel has no wireguard",
                "load its module or set implementation to userspace",
            )
            assert done.stderr.splitlines()[-1] == f"nsguard: {what}; {mend}"
            assert box.traces_of_tunnel() == []
            continue
        assert done.returncode == 0, done.stderr
        assert json.loads(box.out("cat", "/run/nsguard/vpn/tunnel.json"))["implementation"] == wanted
