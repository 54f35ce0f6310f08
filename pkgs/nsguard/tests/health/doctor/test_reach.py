"""The doctor's findings about peers that do not answer, or share a key."""

from types import SimpleNamespace
from typing import Any

import pytest

from nsguard import known
from nsguard.health.doctor import reach, rules
from nsguard.net import wireguard
from nsguard.system import process

KEY = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
AT = ("192.0.2.1", 51820)


def patient(*endpoints: object, configured: bool = True) -> Any:
    """A tunnel that is up, and whose peers do not answer. endpoints: those of its peers in its file."""
    peers = [SimpleNamespace(public_key=KEY, endpoint=it, allowed_ips=(), name=None) for it in endpoints]
    return SimpleNamespace(
        name="vpn",
        answered=False,
        tunnel=SimpleNamespace(endpoints=(), marks=(), outer=None, kind="wireguard"),
        config=SimpleNamespace(addresses=(), peers=peers, dns=()) if configured else None,
        spec=SimpleNamespace(host_ruleset="/nowhere"),
    )


@pytest.fixture(autouse=True)
def kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel in which WireGuard still has a peer's old endpoint, to which the rules let no packet go."""
    monkeypatch.setattr(wireguard, "show", lambda *_: [(KEY,)])
    monkeypatch.setattr(wireguard, "host_devices", lambda _: [])
    monkeypatch.setattr(known, "namespaces", lambda: {"vpn"})
    monkeypatch.setattr(rules, "_table", lambda _: [])
    monkeypatch.setattr(rules, "_others", lambda _: {})
    monkeypatch.setattr(rules, "_compare", lambda *_: iter(()))
    monkeypatch.setattr(rules, "wireguard_endpoints", lambda *_: {KEY: AT})


def test_a_file_without_an_endpoint_is_one_fault() -> None:
    no_endpoint = patient(None)
    fault, peer = reach.ranges(no_endpoint)
    assert fault.what == "no peer has an endpoint, so the tunnel cannot start a handshake"
    assert peer.what == f"peer {KEY} has no AllowedIPs, so nothing is sent to it"
    assert list(reach.handshake(no_endpoint)) == []
    assert list(rules.outside(no_endpoint)) == []


@pytest.mark.parametrize("it", [patient(AT), patient(AT, None), patient(configured=False)])
def test_a_peer_that_could_answer_is_missed(it: Any) -> None:
    (finding,) = reach.handshake(it)
    assert finding.what.startswith("no peer has answered for 3 minutes")


def test_a_peer_with_an_endpoint_has_moved_if_it_is_elsewhere() -> None:
    it = patient(AT)
    it.tunnel.endpoints = (("192.0.2.9", 51820),)
    (finding,) = rules.outside(it)
    assert finding == (
        f"peer {KEY} has moved to 192.0.2.1 port 51820, to which the rules let no packet go",
        "systemctl reload nsguard-tunnel-vpn",
        False,
    )


@pytest.mark.parametrize(
    ("it", "remedy"), [(patient(AT), ""), (patient(configured=False), "mend the files; then: ")], ids=["mended", "bad"]
)
def test_a_peer_has_not_moved_if_the_last_good_file_named_no_endpoint(it: Any, remedy: str) -> None:
    (finding,) = rules.outside(it)
    assert finding.what == (
        f"peer {KEY} was last at 192.0.2.1 port 51820, to which the rules let no packet go, because the files that "
        "the tunnel uses do not name it"
    )
    assert finding.remedy == f"{remedy}systemctl reload nsguard-tunnel-vpn"


TUNNEL = SimpleNamespace(complete=True, device="nsg-1a2b3c4d", implementation="userspace")


def shown(key: str, peer: str, field: str) -> list[list[str]]:
    """What `wg show` says of a link with this key and one peer."""
    return [[key] if field == "public-key" else [peer, "192.0.2.1:1"]]


@pytest.mark.parametrize(("key", "peer", "faults"), [("a", "p", 1), ("a", "q", 0), ("b", "p", 0)])
@pytest.mark.parametrize(
    "tunnel", [TUNNEL, SimpleNamespace(complete=True, device="wg-host", implementation="kernel")], ids=["go", "kernel"]
)
def test_a_link_of_the_host_with_the_same_key_at_the_same_peer_is_a_fault(
    tunnel: Any, key: str, peer: str, faults: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "State", lambda _: SimpleNamespace(tunnel=lambda: tunnel))
    monkeypatch.setattr(wireguard, "show", lambda _, __, field: shown("a", "p", field))
    links = {"wg-host": (key, peer)}
    if tunnel is TUNNEL:  # wg(8) lists the device of the tunnel's own wireguard-go as well
        links[tunnel.device] = ("a", "p")
    monkeypatch.setattr(wireguard, "host_devices", lambda _: list(links))
    monkeypatch.setattr(wireguard, "show_host", lambda _, link, field: shown(*links[link], field))
    answering: Any = SimpleNamespace(**(vars(patient(AT)) | {"answered": True}))
    findings = list(reach.handshake(answering))
    assert [finding.what.partition(",")[0] for finding in findings] == [
        "the host's link wg-host has the same key"
    ] * faults
    assert all("remove wg-host (networking.wg-quick, " in finding.remedy for finding in findings)


@pytest.mark.parametrize(("key", "peer", "faults"), [("a", "p", 1), ("a", "q", 0), ("b", "p", 0)])
def test_another_tunnel_with_the_same_key_at_the_same_peer_is_a_fault(
    key: str, peer: str, faults: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"vpn": ("a", "p"), "other": (key, peer)}
    monkeypatch.setattr(known, "namespaces", lambda: {"vpn", "other"})
    monkeypatch.setattr(reach, "State", lambda _: SimpleNamespace(tunnel=lambda: TUNNEL))
    monkeypatch.setattr(wireguard, "show", lambda name, _, field: shown(*keys[name], field))
    answering: Any = SimpleNamespace(**(vars(patient(AT)) | {"answered": True}))
    what = "the tunnel of namespace other has the same key, so the peer answers one of the two at a time"
    assert [finding.what for finding in reach.handshake(answering)] == [what] * faults


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tunnel that cannot be asked, because it is being made anew or wireguard-go has died."""

    def show(*_: object) -> list[list[str]]:
        raise process.CommandFailed(["wg", "show", "wg0", "public-key"], "failed (1)", "Protocol not supported")

    monkeypatch.setattr(wireguard, "show", show)


@pytest.mark.usefixtures("unasked")
def test_a_tunnel_that_is_made_anew_meanwhile_is_one_finding() -> None:
    (finding,) = reach.handshake(patient(AT))
    assert finding.what.startswith("the tunnel cannot be asked: ")
    assert finding.remedy.endswith("systemctl restart nsguard-tunnel-vpn")


@pytest.mark.usefixtures("unasked")
def test_a_tunnel_that_cannot_be_asked_any_more_is_no_fault_of_the_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "_ask", lambda *_: None)
    monkeypatch.setattr(reach, "_KEEPALIVE", 0.0)
    it: Any = SimpleNamespace(**(vars(patient(AT)) | {"answered": True}))
    it.tunnel.dns, it.spec.tunnel = ("10.64.0.1",), SimpleNamespace(name="vpn")
    (finding,) = reach.resolver(it)
    assert finding.what.startswith("the tunnel cannot be asked: ")
    assert finding.remedy.endswith("systemctl restart nsguard-tunnel-vpn")
