"""The faults of docs/faults.md: what each is called there, and how those of more than one unit are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from awaited import until
from forwarded import FILE, FORWARD, recorded, switch
from nsguard_harness.addresses import LAB
from nsguard_harness.checkout import SCENARIOS
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import TUNNEL_CONFIGURATION as CONFIG
from nsguard_harness.target import wait_for_tunnel

SCENARIO = SCENARIOS / "faults.nix"
# a service of the host, at an address
DATABASE = "systemd-run -q --unit=database python3 -m http.server 5432 --bind {}"
TUNNEL = "nsguard-tunnel-vpn.service"
DROP_IN = "/run/systemd/system/app-user.service.d"
GRANTING, REFUSING = f"{LAB.forwarded_port}:4", f"{LAB.forwarded_port}:4:2"
MUTE = "table inet mute { chain input { type filter hook input priority 0; udp dport 5351 drop; }; }"

# Unit at fault → the fault in words, on the page.
UNITS = {
    "path-missing.service": "a path of `BindPaths=` is missing (226)",
    "path-hidden.service": "a path is hidden inside (226)",
    "follower.service": "the directory of another unit, let in by `bindPaths`, is missing (226)",
    "directory-hidden.service": "the working directory is hidden inside (200)",
    "program-missing.service": "the program is missing (203)",
    "program-hidden.service": "the program is hidden inside (203)",
    "user-missing.service": "the user does not exist (217)",
    "group-missing.service": "the group does not exist (216)",
    "secret-missing.service": "a credential is missing (243)",
    "call-forbidden.service": "a system call is forbidden (31/SYS)",
    "fails.service": "the program gives up",
    "crashes.service": "the program crashes",
    "late.service": "the program does not get ready",
    "loops.service": "the program ends and is restarted, over and over",
    "needy.service": "a unit that the service needs failed",
    "taken.socket": "another program inside has the socket's port",
    "stopped.service": "somebody stopped the service",
    "forgotten.service": "nothing starts the service",
}


@dataclass(frozen=True)
class Condition:
    """A fault of more than one unit. make, mend: what causes it and takes it back; seen: whether it is under way.

    forwarding: whether it is one of the forwarded port, which otherwise comes and goes with the tunnel in its own time.
    """

    fault: str
    make: Callable[[ContainerLab], object]
    mend: Callable[[ContainerLab], object]
    seen: Callable[[ContainerLab], bool] = lambda _: True
    forwarding: bool = False


def run(*commands: str) -> Callable[[ContainerLab], object]:
    return lambda lab: lab.client.succeed(*commands)


def holds(command: str) -> Callable[[ContainerLab], bool]:
    return lambda lab: lab.client.execute(command)[0] == 0


def configured(edit: str) -> Callable[[ContainerLab], object]:
    """The tunnel's file, changed by sed, and the tunnel reloaded."""
    return run(f"cp -p {CONFIG} /run/kept", f"sed -i '{edit}' {CONFIG}", f"systemctl reload {TUNNEL}")


def forwarded(lab: ContainerLab) -> bool:
    """Whether a port is open and the request for it says so."""
    return recorded(lab).get("state") == "open" and lab.client.path(FILE).exists()


def lost(*states: str) -> Callable[[ContainerLab], bool]:
    """Whether the request is in one of these states, and the port that was granted before has ended with its time."""
    return lambda lab: recorded(lab).get("state", "") in states and not lab.client.path(FILE).exists()


def gateway(lab: ContainerLab, old: str, new: str) -> None:
    lab.peer.stop("natpmp", old)
    lab.peer.start("natpmp", new)


def script_opens_a_port(lab: ContainerLab) -> None:
    switch(lab, SCENARIO, 'protocol = "script";')
    lab.client.succeed("nsguard forward open vpn 40900")
    until(partial(forwarded, lab))


def watcher_ends(lab: ContainerLab) -> None:
    script_opens_a_port(lab)
    # alone: a signal to all of the unit may reach the command that closes the port as well
    lab.client.succeed(f"systemctl kill --kill-whom=main -s KILL {FORWARD}")


def tunnel_restarts(lab: ContainerLab) -> None:
    script_opens_a_port(lab)
    lab.client.succeed(f"systemctl restart {TUNNEL}")
    wait_for_tunnel(lab)


def by_gateway_again(lab: ContainerLab) -> None:
    switch(lab, SCENARIO, "")


def peer_falls_silent(lab: ContainerLab) -> None:
    lab.peer.stop_wireguard()
    lab.client.succeed(f"systemctl restart {TUNNEL}", "! systemctl start waiting")


def peer_answers(lab: ContainerLab) -> None:
    lab.peer.start_wireguard()
    lab.client.wait_for_unit("waiting", 60)


AS_BEFORE = run(f"mv /run/kept {CONFIG}", f"systemctl reload {TUNNEL}")
ANOTHER = r"[Peer]\nPublicKey = TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=\n"
CONDITIONS = [
    Condition(
        "a published port leads to a service that does not run",
        run("systemctl stop web"),
        run("systemctl start web"),
    ),
    Condition(
        "a service of the host that `hostServices` names does not run",
        run("systemctl stop database"),
        run(DATABASE.format("127.0.0.1")),
    ),
    Condition(
        "such a service listens at another address alone",
        run("systemctl stop database", DATABASE.format("127.0.0.2")),
        run("systemctl stop database", DATABASE.format("127.0.0.1")),
        holds("ss -Hltn | grep -q 127.0.0.2:5432"),
    ),
    Condition(
        "a service listens at a port that is not published",
        run("systemctl start beside"),
        run("systemctl stop beside"),
        holds("ip netns exec vpn ss -Hltn | grep -q :9093"),
    ),
    Condition(
        "the gateway refuses a port",
        lambda lab: gateway(lab, GRANTING, REFUSING),
        lambda lab: gateway(lab, REFUSING, GRANTING),
        lost("refused"),
        forwarding=True,
    ),
    Condition(
        "the gateway is silent",
        lambda lab: lab.server.succeed(f"nft -f - <<< '{MUTE}'"),
        lambda lab: lab.server.succeed("nft delete table inet mute"),
        lost("silent"),
        forwarding=True,
    ),
    Condition(
        "the unit that watches a script's port ends unexpectedly, and the port closes with it",
        watcher_ends,
        by_gateway_again,
        # systemd starts the unit again
        lambda lab: lost("lost")(lab) and holds(f"systemctl is-active {FORWARD}")(lab),
        forwarding=True,
    ),
    Condition(
        "the tunnel was restarted, and the script has not opened its port again",
        tunnel_restarts,
        by_gateway_again,
        lost("", "open"),  # nothing asks any more, so the record may stay as it was
        forwarding=True,
    ),
    Condition(
        "no peer's `AllowedIPs` cover the resolver", configured("s|^AllowedIPs.*|AllowedIPs = 192.0.2.0/24|"), AS_BEFORE
    ),
    Condition("a peer has no `AllowedIPs`", configured(rf"s|^\[Peer\]|{ANOTHER}\n[Peer]|"), AS_BEFORE),
    Condition(
        "two peers have one range",
        configured(rf"s|^\[Peer\]|{ANOTHER}AllowedIPs = 0.0.0.0/0\n\n[Peer]|"),
        AS_BEFORE,
    ),
    Condition("no peer has an endpoint", configured("/^Endpoint/d"), AS_BEFORE),
    Condition(
        "a drop-in takes a protection away",
        run(
            f"mkdir {DROP_IN}",
            rf"printf '[Service]\nPrivateTmp=false\n' > {DROP_IN}/a.conf",
            "systemctl daemon-reload",
            "systemctl restart app-user",
        ),
        run(f"rm -r {DROP_IN}", "systemctl daemon-reload", "systemctl restart app-user"),
    ),
    Condition(
        "a package's file starts a service before what its tunnel waits for",
        run(
            f"mkdir {DROP_IN}",
            rf"printf '[Unit]\nBefore=network.target\n' > {DROP_IN}/a.conf",
            "systemctl daemon-reload",
        ),
        run(f"rm -r {DROP_IN}", "systemctl daemon-reload"),
    ),
    Condition(
        "the tunnel's file is not there yet",
        run(f"mv {CONFIG} /run/kept", f"! systemctl restart {TUNNEL}"),
        # as a manager of secrets does; nobody starts the tunnel
        run(f"mv /run/kept {CONFIG}"),
    ),
    Condition("the tunnel was stopped", run(f"systemctl stop {TUNNEL}"), run(f"systemctl start {TUNNEL}")),
    Condition(
        "no peer answers, and a service waits for one (`waitForHandshake`)",
        peer_falls_silent,
        peer_answers,
        holds("systemctl is-active nsguard-late-vpn@waiting"),
    ),
]
