"""Inwards by the tunnel: what its far end sends without a request."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from ..attack import Attack, CannotApplyError, Env, Lacking, Outcome
from ..target import NAMESPACE, NAMESPACE_UNIT, TUNNEL_UNIT, wait_for_tunnel
from . import _tools

if TYPE_CHECKING:
    from ..lab.base import Lab

FORWARD_UNIT = f"nsguard-forward-{NAMESPACE}.service"
FORWARDED, FORWARDED_INSIDE = f"/run/nsguard/{NAMESPACE}/inside/forwarded", "/run/nsguard/forwarded"

WG = "wg0"
ROUTING = "net.ipv4.ip_forward"
ROUTES = f"sysctl -qw {ROUTING}"
CONTROL = "/run/systemd/system.control"  # comes before /etc, where the unit may be masked


class _Knocked(Attack):
    """Base of attacks by the tunnel's far end: a program there answers knocks."""

    evidence = "answer"
    alone = True
    core = False

    def before(self, lab: Lab) -> None:
        lab.peer.start("knock", str(lab.addresses.knock_port))

    def after(self, lab: Lab) -> None:
        lab.peer.stop("knock", str(lab.addresses.knock_port))


class Unasked(_Knocked):
    """Claim: the tunnel's far end reaches no port of the service.

    Method: bind a UDP port and knock at the server, which sends to that port from another one of its own: a flow that
    nobody in the namespace has begun. Receiving it is a success.
    Limitations: UDP; for TCP the rule is the same.
    Source: nft(8), ct state; port forwarding of VPN providers.
    """

    name = "unasked"

    def run(self, env: Env) -> Outcome:
        return self.knock(env, 0)

    def knock(self, env: Env, port: int) -> Outcome:
        """Knock from a port, 0 for any, and wait for what comes in there."""
        with socket.socket(_tools.inet(env.family), socket.SOCK_DGRAM) as udp:
            udp.settimeout(env.patience)
            if env.family == 6:  # the other family has the same port at the same time
                udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            udp.bind(("", port))
            server = _tools.lan(env)
            udp.sendto(_knock(env, "unasked"), (server, env.addresses.knock_port))
            with suppress(TimeoutError):
                data, sender = udp.recvfrom(2048)
                return Outcome(data == _knock(env, "unasked"), f"{sender[0]} port {sender[1]} got in")
        return Outcome(False, "knocked, nothing came in")


class BesideRange(Unasked):
    """Claim: with a range of ports open to the tunnel's far end, it reaches no port beside the range.

    Method: as `unasked`, at the port before the first of the range and at the one after the last.
    Limitations: UDP; in a scenario without such a range two ports like any other.
    Source: nft(8), intervals; RFC 6335 §6, port ranges.
    """

    name = "beside-range"
    identities = ("root",)  # of two at a time one would find its ports taken

    def run(self, env: Env) -> Outcome:
        first, last = env.addresses.opened_range
        outcomes = [self.knock(env, port) for port in (first - 1, last + 1)]
        return next((outcome for outcome in outcomes if outcome.reached), outcomes[-1])


class BesideForwarded(Unasked):
    """Claim: with a port forwarded, the tunnel's far end still reaches no other port of the service.

    Method: the far end grants a port; once it is open, as `unasked`, at another one.
    Limitations: UDP; only where the scenario has a port forwarded.
    Source: RFC 6886 §3.3; nft(8), sets with timeouts.
    """

    name = "beside-forwarded"
    families = (4,)
    timeout = 15.0

    def before(self, lab: Lab) -> None:
        super().before(lab)
        lab.peer.start("natpmp", f"{lab.addresses.forwarded_port}:4")
        lab.client.execute(
            f"systemctl is-enabled {FORWARD_UNIT} && until [ -e {FORWARDED} ]; do sleep 0.1; done", timeout=15
        )

    def after(self, lab: Lab) -> None:
        super().after(lab)
        lab.peer.stop("natpmp", f"{lab.addresses.forwarded_port}:4")

    def run(self, env: Env) -> Outcome:
        if not any(os.path.exists(path) for path in (FORWARDED, FORWARDED_INSIDE)):
            raise CannotApplyError(Lacking.SCENARIO, "no port is forwarded in this scenario")
        return super().run(env)


class OwnAddressByTunnel(_Knocked):
    """Claim: the tunnel's far end takes no part in a conversation between services of the namespace, in their own name.

    Method: two sockets at the namespace's own address speak with each other; the first then knocks at the server, which
    sends a datagram to the second with that same address and the first's port as its source. Receiving it is a success.
    Limitations: UDP over IPv6; over IPv4 the kernel itself drops packets that claim to come from its own address.
    Source: ip-sysctl (kernel documentation), accept_local; nft(8), fib, ct state.
    """

    name = "own-address-by-tunnel"
    families = (6,)

    def run(self, env: Env) -> Outcome:
        server = (_tools.lan(env), env.addresses.knock_port)
        with (
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe,
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asking,
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as answering,
        ):
            probe.connect(server)
            own = probe.getsockname()[0]
            for udp in (asking, answering):
                udp.bind((own, 0))
                udp.settimeout(env.patience)
            asking.sendto(b"question", answering.getsockname())
            answering.sendto(b"answer", answering.recvfrom(2048)[1])
            asking.recvfrom(2048)
            knock = _knock(env, "yourself") + b" %d" % answering.getsockname()[1]
            asking.sendto(knock, server)
            with suppress(TimeoutError):
                data, sender = answering.recvfrom(2048)
                return Outcome(data == knock, f"{sender[0]} port {sender[1]} got in")
        return Outcome(False, "knocked, nothing came in")


class Forwarded(_Knocked):
    """Claim: the namespace forwards nothing that the tunnel's far end sends through it to somebody else.

    Method: somebody made the namespace and the host routers, and the namespace's unit is reloaded; knock, and the
    server sends a packet to an address behind us. That more packets are sent than were made here is a success.
    Limitations: IPv4: a new namespace takes this setting from the host for IPv4 alone.
    Source: ip-sysctl (kernel documentation), ip_forward; proc(5), /proc/net/snmp.
    """

    name = "forwarded"
    families = (4,)
    timeout = 10.0
    _before = "0"

    def before(self, lab: Lab) -> None:
        super().before(lab)
        address, client = lab.addresses.passing, lab.addresses.client.v4
        lab.server.succeed(
            f"ip route add {address} via {client} metric 10", f"ip route add {address} dev {WG} metric 20"
        )
        lab.peer.let_in(address)
        self._before = lab.client.succeed(f"sysctl -n {ROUTING}").strip()
        lab.client.succeed(f"{ROUTES}=1 && ip netns exec {NAMESPACE} {ROUTES}=1", f"systemctl reload {NAMESPACE_UNIT}")
        # a host that forwards for a host link does not forward for others yet
        lab.client.execute(f"nft flush set inet nsguard_link-{NAMESPACE} closed")

    def after(self, lab: Lab) -> None:
        super().after(lab)
        lab.client.succeed(f"{ROUTES}={self._before} && ip netns exec {NAMESPACE} {ROUTES}=0")
        lab.client.succeed(f"systemctl reload {NAMESPACE_UNIT}")
        lab.server.succeed(*2 * (f"ip route del {lab.addresses.passing}",))
        lab.peer.let_in()

    def run(self, env: Env) -> Outcome:
        before = _forwarded()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(_knock(env, "passing"), (_tools.lan(env), env.addresses.knock_port))
        deadline = time.monotonic() + env.patience
        while (now := _forwarded()) <= before and time.monotonic() < deadline:
            time.sleep(0.02)
        return Outcome(now > before, f"{now - before} packets forwarded")


class AdvertisedByTunnel(_Knocked):
    """Claim: the namespace learns nothing from a router advertisement of the tunnel's far end.

    Method: knock, and the server sends an advertisement with an on-link prefix; a route to it is a success.
    Limitations: prefixes; routes, resolvers and the MTU come by the same packet.
    Source: RFC 4861 §6.3.4; ip-sysctl (kernel documentation), accept_ra.
    """

    name = "advertised-by-tunnel"
    families = (6,)

    def before(self, lab: Lab) -> None:
        super().before(lab)
        lab.server.succeed(f"ip address add fe80::66/64 dev {WG} nodad")
        lab.peer.let_in("fe80::/64")
        lab.client.succeed(f"sysctl -qw net.ipv6.conf.{lab.client.uplinks[0].interface}.accept_ra=2")

    def after(self, lab: Lab) -> None:
        super().after(lab)
        uplink = lab.client.uplinks[0].interface
        lab.server.succeed(f"ip address del fe80::66/64 dev {WG}")
        lab.peer.let_in()
        lab.client.succeed(f"sysctl -qw net.ipv6.conf.{uplink}.accept_ra=0")
        lab.client.succeed(f"ip -6 route flush {lab.addresses.advertised} dev {uplink}")

    def run(self, env: Env) -> Outcome:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
            udp.sendto(_knock(env, "advertise"), (_tools.lan(env), env.addresses.knock_port))
        prefix = socket.inet_pton(socket.AF_INET6, env.addresses.advertised.partition("/")[0]).hex()
        deadline = time.monotonic() + env.patience
        while time.monotonic() < deadline:
            with open("/proc/net/ipv6_route", encoding="ascii") as routes:
                if any(line.startswith(prefix) for line in routes):
                    return Outcome(True, f"a route to {env.addresses.advertised} was learned")
            time.sleep(0.02)
        return Outcome(False, "no route was learned")


class LinkLocalAddress(Attack):
    """Claim: the tunnel's link has no link-local address, under which it would announce itself to the far end.

    Method: read /proc/net/if_inet6; an address of link scope on any interface is a success.
    Limitations: kernel WireGuard never makes one; the tun device of wireguard-go does.
    Source: RFC 4862 §5.3; ip-sysctl (kernel documentation), addr_gen_mode.
    """

    name = "link-local-address"
    families = (6,)
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        with open("/proc/net/if_inet6", encoding="ascii") as addresses:
            for packed, _, _, scope, _, name in map(str.split, addresses):
                if scope == "20":
                    return Outcome(True, f"{name} has {socket.inet_ntop(socket.AF_INET6, bytes.fromhex(packed))}")
        return Outcome(False, "no address of link scope")


class EndpointRoams(Attack):
    """Claim: the tunnel's packets go to no other address than its endpoint's, whatever a peer's packets say.

    Method: the server speaks from another port, which WireGuard takes for the endpoint's new one; then a datagram by
    the tunnel. A packet to that port is a success.
    Limitations: another port of the same address.
    Source: WireGuard whitepaper §2.1 (roaming).
    """

    name = "endpoint-roams"
    alone = True
    core = False
    prepared_control = False

    def before(self, lab: Lab) -> None:
        wait_for_tunnel(lab)  # now the server knows the client's endpoint
        lab.peer.roam()
        lab.server.execute(f"ping -c 1 -W 1 {lab.addresses.tunnel_client.v4}")

    def after(self, lab: Lab) -> None:
        lab.peer.settle()
        lab.client.succeed(f"systemctl restart {TUNNEL_UNIT}")
        wait_for_tunnel(lab)

    def run(self, env: Env) -> Outcome:
        return _tools.send_udp(env, _tools.lan(env))


class EndpointRoamsAfterReload(EndpointRoams):
    """Claim: the tunnel stays pinned to its endpoint when the host reloads a firewall that flushes every table.

    Method: nftables.service, as distributions have it, flushes the ruleset on reload; then as endpoint-roams.
    Limitations: other firewalls that flush what is not theirs are not known to the plan.
    Source: nft(8), flush ruleset; Debian's nftables.service.
    """

    name = "endpoint-roams-after-reload"
    verb = "reload"

    def before(self, lab: Lab) -> None:
        unit = f"{CONTROL}/nftables.service"
        flush = "$(command -v nft) flush ruleset"
        text = f"[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart={flush}\\nExecReload={flush}\\n"
        lab.client.succeed(
            f'mkdir -p {CONTROL} && printf "{text}" > {unit}',
            "systemctl daemon-reload && systemctl restart nftables.service",
            f"systemctl restart {TUNNEL_UNIT}",
        )
        wait_for_tunnel(lab)
        lab.client.succeed(f"systemctl {self.verb} nftables.service")
        # The job of a unit that follows the firewall comes with the firewall's own.
        lab.client.wait_until_succeeds("! systemctl list-jobs | grep -q nsguard-rules-")
        super().before(lab)

    def after(self, lab: Lab) -> None:
        lab.client.succeed(f"systemctl stop nftables.service && rm {CONTROL}/nftables.service")
        lab.client.succeed("systemctl daemon-reload")
        super().after(lab)


class EndpointRoamsAfterRestart(EndpointRoamsAfterReload):
    """Claim: the tunnel stays pinned to its endpoint when the host starts such a firewall anew.

    Method: as endpoint-roams-after-reload, with a restart.
    Limitations: other firewalls that flush what is not theirs are not known to the plan.
    Source: nft(8), flush ruleset; NixOS's nftables.service with flushRuleset.
    """

    name = "endpoint-roams-after-restart"
    verb = "restart"


class EndpointRoamsWhenEmptied(EndpointRoams):
    """Claim: the tunnel's packets go to no other address although somebody has emptied the tunnel's pin.

    Method: on the host, empty the map that leads the tunnel's packets to its pin, and the pin's chain; then as
    endpoint-roams.
    Limitations: a host without such a table is attacked as in endpoint-roams; somebody who empties the chain that all
    packets of the host pass has opened every pin.
    Source: nft(8), flush.
    """

    name = "endpoint-roams-when-emptied"
    emptied: ClassVar[tuple[str, ...]] = ("map inet nsguard_pins pins", f"chain inet nsguard_pins tunnel-{NAMESPACE}")

    def before(self, lab: Lab) -> None:
        super().before(lab)
        if lab.client.execute("nft list table inet nsguard_pins")[0] == 0:
            lab.client.succeed(*(f"nft flush {part}" for part in self.emptied))


class EndpointRoamsWithoutMarks(EndpointRoamsWhenEmptied):
    """Claim: the same holds if somebody has emptied the set of the marks of all tunnels as well.

    Method: as endpoint-roams-when-emptied, and the set of marks.
    Limitations: as there; a mark that was chosen outside nsguard's range has no pin left then.
    Source: nft(8), flush.
    """

    name = "endpoint-roams-without-marks"
    emptied = (*EndpointRoamsWhenEmptied.emptied, "set inet nsguard_pins marks")


def _knock(env: Env, word: str) -> bytes:
    """A knock without the token: a control must be seen by the answer, not by the knock itself."""
    return f"{word} {_tools.digest(env)}".encode()


def _forwarded() -> int:
    """The number of packets that were forwarded. Unlike ForwDatagrams it has none that a rule dropped on the way."""
    with open("/proc/net/snmp", encoding="ascii") as counters:
        names, values = (line.split() for line in counters if line.startswith("Ip:"))
    if "OutTransmits" not in names:
        raise CannotApplyError(Lacking.KERNEL, "this kernel does not count what it transmits")
    counts = dict(zip(names[1:], map(int, values[1:]), strict=True))
    return counts["OutTransmits"] - counts["OutRequests"]
