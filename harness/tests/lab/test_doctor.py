"""`nsguard doctor`: each fault of a namespace or its tunnel, made alone, has a line of its own."""

from __future__ import annotations

import re

import pytest

from broken import Break, break_, check
from labs import lab_of
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import TUNNEL_CONFIGURATION

pytestmark = pytest.mark.lab

CONFIG = TUNNEL_CONFIGURATION
TUNNEL, NETNS = "nsguard-tunnel-vpn.service", "nsguard-netns-vpn.service"
INSIDE = "ip netns exec vpn"
STATE = "/run/nsguard/vpn"
STORED = "/nix/store/lab.conf"
RELOAD = f"systemctl reload {NETNS} {TUNNEL}"
WALL = "/etc/systemd/journald.conf.d/nsguard.conf"
CLOCK = "/var/lib/systemd/timesync/clock"


def sethostname(name: str) -> str:
    """A command that sets the host name. The lab's image has no hostname(1)."""
    return f"python3 -c 'import socket, sys; socket.sethostname(sys.argv[1])' \"{name}\""


BREAKS = [
    break_(
        "key-mode",
        f"chmod 0644 {CONFIG}",
        f"chmod 0600 {CONFIG}",
        rf"keys: {CONFIG}: mode 0644 lets users other than root read the key; chmod 0600 {CONFIG}",
    ),
    break_(
        "key-owner",
        f"chown 33 {CONFIG}",
        f"chown 0 {CONFIG}",
        rf"keys: {CONFIG}: belongs to user 33, who may change the tunnel; chown root {CONFIG}",
    ),
    break_(
        "key-directory",
        "chmod 0777 /etc/nsguard-lab",
        "chmod 0755 /etc/nsguard-lab",
        rf"keys: /etc/nsguard-lab: mode 0777 lets others replace {CONFIG}; chmod go-w /etc/nsguard-lab",
    ),
    break_(
        "key-gone",
        f"mv {CONFIG} /run/away",
        f"mv /run/away {CONFIG}",
        rf"keys: {CONFIG}: no such file or directory; put it in place",
    ),
    break_(
        "key-in-store",
        f"mv {CONFIG} /run/away; mkdir -p /nix/store; cp /run/away {STORED}; ln -s {STORED} {CONFIG}",
        f"mv -f /run/away {CONFIG}; rm {STORED}",
        rf"keys: {CONFIG}: leads into the Nix store, where every user can read the key; remove it from the "
        r"configuration, get another key, and put its file below /run/secrets",
    ),
    break_(
        "clock",
        f"mkdir -p /var/lib/systemd/timesync && touch -d '+1 day' {CLOCK}",
        f"rm {CLOCK}",
        r"clock: this machine's clock says [-\d]+ [:\d]+ UTC, but /var/lib/systemd/timesync/clock was written "
        r"later; peers refuse handshakes from the past; set the clock, or have it set: "
        r"timedatectl set-ntp true",
    ),
    *(
        break_(
            f"journal-{name}",
            f"mv {WALL} /run/kept && {then}",
            f"mv /run/kept {WALL} && rm -f {WALL}.conf",
            rf"journal: {re.escape(path)} has the journal show emergencies at all terminals, also those that confined "
            r"services log; set ForwardToWall=no there; then: systemctl restart systemd-journald",
        )
        for name, then, path in (
            ("by-default", "true", "/etc/systemd/journald.conf"),
            ("by-a-later-file", f"cp /run/kept {WALL} && echo 'ForwardToWall = on' > {WALL}.conf", f"{WALL}.conf"),
        )
    ),
    break_(
        "unit-down",
        f"systemctl stop {TUNNEL}",
        f"systemctl start {TUNNEL}",
        rf"units: {TUNNEL} is inactive; systemctl restart {TUNNEL}",
    ),
    break_(
        "path-down",
        "systemctl stop 'nsguard-secrets-vpn-*.path'",
        f"systemctl start {NETNS}",  # it wants the path unit
        r"units: (nsguard-secrets-vpn-[0-9a-f]{6}\.path) is inactive; systemctl restart \1",
    ),
    break_(
        "unit-fails",
        f"mv {CONFIG} /run/away; systemctl restart {TUNNEL} || true",
        f"mv /run/away {CONFIG}; systemctl restart {TUNNEL}",
        rf"units: {TUNNEL} is failed: {CONFIG}: no such file or directory; make it a file that root can "
        rf"read; then: systemctl restart {TUNNEL}",
    ),
    break_(
        "change-refused",
        f"cp -p {CONFIG} /run/kept && sed -i 's|^Endpoint.*|Endpoint = {LAB.endpoint.v4}|' {CONFIG} && ! {RELOAD}",
        f"mv /run/kept {CONFIG} && {RELOAD}",
        rf"units: the tunnel goes on as it was, because its last change was refused: {CONFIG}:\d+: Endpoint: "
        rf"'{re.escape(LAB.endpoint.v4)}' is not an endpoint; write host:port or \[IPv6 address\]:port; then: "
        r"systemctl reload nsguard-tunnel-vpn",
    ),
    break_(
        "unit-file-changed",
        f"echo >> /etc/systemd/system/{TUNNEL}; touch -d '+1 hour' /etc/systemd/system/{TUNNEL}",
        f"touch /etc/systemd/system/{TUNNEL}; systemctl daemon-reload",
        rf"units: {TUNNEL} has changed on disk; systemctl daemon-reload",
    ),
    break_(
        "key-swapped",
        f"systemctl restart {TUNNEL} && nsguard wait vpn 30 && cp -p {CONFIG} /run/kept && "
        f'sed -i "s|^PrivateKey.*|PrivateKey = $(wg genkey)|" {CONFIG} && systemctl reload {TUNNEL}',
        f"mv /run/kept {CONFIG} && systemctl restart {TUNNEL}",
        r"resolver: no peer answers any more \([^)]*\); check that the endpoint is right, that UDP reaches it, that "
        r"the peer has our public key \(\S+\), and that the clock is right \(.* UTC\)",
    ),
    break_(
        "key-of-the-hosts-own-link",
        "ip link add twin type wireguard 2>/dev/null || wireguard-go twin >/dev/null 2>&1; "
        f"grep -vE '^(Address|DNS|MTU) ' {CONFIG} | wg setconf twin /dev/stdin",
        "ip link del twin",
        r"handshake: the host's link twin has the same key, so the peer answers one of the two at a time, and what "
        r"uses twin is not confined; remove twin \(networking\.wg-quick, networking\.wireguard or systemd\.network may "
        r"make it\), or get a file with another key",
    ),
    break_(
        "link-gone",
        "ip -n vpn link del wg0",
        f"systemctl restart {TUNNEL}",
        rf"units: {TUNNEL} is active, but its tunnel no longer exists; systemctl restart {TUNNEL}",
    ),
    break_(
        "rule-added",
        f"{INSIDE} nft insert rule inet nsguard input accept",
        RELOAD,
        r"rules: in the namespace, chain input has \d+ rules, which differ from the \d+ intended; systemctl reload "
        r"nsguard-netns-vpn",
    ),
    break_(
        "policy",
        f"{INSIDE} nft 'add chain inet nsguard output {{ policy accept; }}'",
        RELOAD,
        r"rules: in the namespace, chain output has policy accept instead of drop; systemctl reload nsguard-netns-vpn",
    ),
    break_(
        "elements",
        f"{INSIDE} nft 'add element inet nsguard address4 {{ 10.9.9.9 }}'",
        RELOAD,
        r"rules: in the namespace, set address4 holds (10\.9\.9\.9, 10\.66\.0\.2|10\.66\.0\.2, 10\.9\.9\.9) instead of "
        r"10\.66\.0\.2; systemctl reload nsguard-netns-vpn",
    ),
    break_(
        "rules-gone",
        f"{INSIDE} nft flush ruleset",
        RELOAD,
        r"rules: in the namespace, table nsguard is gone; systemctl reload nsguard-netns-vpn",
    ),
    break_(
        "foreign-table",
        f"{INSIDE} nft add table ip other",
        f"{INSIDE} nft delete table ip other",
        r"rules: in the namespace, table ip other is not nsguard's and may redirect packets; ip netns exec vpn nft "
        r"delete table ip other",
    ),
    break_(
        "pin-emptied",
        "nft flush chain inet nsguard_pins tunnel-vpn",
        RELOAD,
        r"pin: on the host, chain tunnel-vpn has 0 rules, which differ from the 4 intended; systemctl reload "
        r"nsguard-tunnel-vpn",
    ),
    break_(
        "pins-opened",
        "nft add rule inet nsguard_pins counted accept",
        RELOAD,
        r"pin: on the host, chain counted has 1 rules, which differ from the 0 intended; systemctl reload "
        r"nsguard-tunnel-vpn",
    ),
    break_(
        "pin-unreached",
        "nft flush map inet nsguard_pins pins",
        RELOAD,
        r"pin: on the host, map pins holds nothing instead of \[\d+, \{\"jump\": \{\"target\": \"tunnel-vpn\"\}\}\]; "
        r"systemctl reload nsguard-tunnel-vpn",
    ),
    break_(
        "marks-emptied",
        "nft flush set inet nsguard_pins marks",
        RELOAD,
        r"pin: on the host, set marks holds nothing instead of \d+; systemctl reload nsguard-tunnel-vpn",
    ),
    break_(
        "pin-widened",
        "nft 'add element inet nsguard_pins endpoint4-vpn { 203.0.113.9 . 53 }'",
        RELOAD,
        r"pin: on the host, set endpoint4-vpn holds .*203\.0\.113\.9.* instead of .*203\.0\.113\.51.*; systemctl "
        r"reload nsguard-tunnel-vpn",
    ),
    *(
        break_(
            name,
            f"{INSIDE} sysctl -qw {key}=1",
            "systemctl reload nsguard-netns-vpn",
            rf"sysctls: in the namespace, {key} is 1 instead of 0; systemctl reload nsguard-netns-vpn",
        )
        for name, key in (
            ("sysctl-localnet", "net.ipv4.conf.all.route_localnet"),
            ("sysctl-nonlocal", "net.ipv6.ip_nonlocal_bind"),
            ("sysctl-of-a-link", "net.ipv6.conf.wg0.accept_ra"),
        )
    ),
    break_(
        "sysctl",
        f"{INSIDE} sysctl -qw net.ipv4.ip_forward=1",
        RELOAD,
        r"sysctls: in the namespace, net\.ipv4\.ip_forward is 1 instead of 0; systemctl reload nsguard-netns-vpn",
    ),
    break_(
        "ipv6-off",
        f"{INSIDE} sysctl -qw net.ipv6.conf.all.disable_ipv6=1; systemctl restart {TUNNEL} || true",
        f"systemctl reload nsguard-netns-vpn; systemctl restart {TUNNEL}",
        rf"units: {TUNNEL} is failed: .*IPv6 is disabled on this device: in the namespace, "
        r"net\.ipv6\.conf\.all\.disable_ipv6 is 1 instead of 0; systemctl reload nsguard-netns-vpn; "
        rf"then: systemctl restart {TUNNEL}",
        *(
            rf"sysctls: in the namespace, net\.ipv6\.conf\.{of}\.disable_ipv6 is 1 instead of 0; "
            r"systemctl reload nsguard-netns-vpn"
            for of in ("all", "default")
        ),
    ),
    break_(
        "second-link",
        "ip link add leak0 type veth peer name leak1 netns vpn",
        "ip link del leak0",
        r"links: link leak1 is another way out; ip -n vpn link del leak1",
    ),
    break_(
        "route-gone",
        "ip -n vpn route del default",
        RELOAD,
        r"links: wg0 has the routes ::/0 instead of 0\.0\.0\.0/0, ::/0; systemctl reload nsguard-tunnel-vpn",
    ),
    break_(
        "exception-added",
        "ip -n vpn address add 192.168.1.10/32 dev lo",
        "ip -n vpn address del 192.168.1.10/32 dev lo",
        r"links: lo has additional addresses 192\.168\.1\.10/32 instead of none; systemctl reload nsguard-netns-vpn",
    ),
    break_(
        "address-added",
        "ip -n vpn address add 10.66.0.7/32 dev wg0",
        RELOAD,
        r"links: wg0 has the addresses 10\.66\.0\.2/32, 10\.66\.0\.7/32, fd66::2/128 instead of 10\.66\.0\.2/32, "
        r"fd66::2/128; systemctl reload nsguard-tunnel-vpn",
    ),
    break_(
        "resolv-conf",
        f"echo 'nameserver 192.0.2.1' > {STATE}/inside/resolv.conf",
        RELOAD,
        rf"files: {STATE}/inside/resolv\.conf is changed or missing, and services look up names with it; systemctl "
        rf"reload nsguard-tunnel-vpn",
    ),
    break_(
        "nsswitch",
        f"echo 'hosts: resolve dns' > {STATE}/confext/etc/nsswitch.conf",
        RELOAD,
        rf"files: {STATE}/confext/etc/nsswitch\.conf is changed or missing, and services look up names with it; "
        rf"systemctl reload nsguard-netns-vpn",
    ),
    break_(
        "host-name",
        f"uname -n >/run/named && {sethostname('castle')}",
        f"{sethostname('$(cat /run/named)')} && {RELOAD}",
        *(
            rf"files: {STATE}/{tree}/etc/hosts is changed or missing, and services look up names with it; "
            rf"systemctl reload nsguard-netns-vpn"
            for tree in ("confext", "confext-accounts")
        ),
    ),
    break_(
        "terminals",
        f"umount -l {STATE}/terminals/pts",
        "systemctl reload nsguard-netns-vpn",
        rf"files: {STATE}/terminals/pts is not mounted, and without it no service starts; "
        rf"systemctl reload nsguard-netns-vpn",
    ),
    break_(
        "resolver-outside",
        f"cp -p {CONFIG} /run/kept && sed -i 's|^AllowedIPs.*|AllowedIPs = 192.0.2.0/24|' {CONFIG} && {RELOAD}",
        f"mv /run/kept {CONFIG} && {RELOAD}",
        *(
            rf"ranges: no peer's AllowedIPs cover {re.escape(address)}, so this resolver gets no queries; "
            rf"add {re.escape(address)}/{bits} to the AllowedIPs of a peer, or name another resolver"
            for address, bits in zip(LAB.tunnel_server, (32, 128), strict=True)
        ),
    ),
    break_(
        "resolver-silent",
        "systemctl stop lab-dns",
        "systemctl start lab-dns",
        *(
            rf"resolver: resolver {re.escape(address)} does not answer; name another in nsguard\.tunnels\.lab\.dns, "
            r"or fix that one"
            for address in LAB.tunnel_server
        ),
        on="server",
    ),
    break_(
        "resolver-none",
        f"cp -p {CONFIG} /run/kept && sed -i '/^DNS/d' {CONFIG} && {RELOAD}",
        f"mv /run/kept {CONFIG} && {RELOAD}",
        r"note: resolver: the tunnel has no resolver, so no names are looked up inside; set nsguard\.tunnels\.lab\.dns",
        r"healthy",
        status=0,
    ),
    break_(
        "mtu",
        "nft -f - <<< 'table inet narrow { chain input { type filter hook input priority 0;\n"
        f"udp dport {LAB.endpoint_port} udp length > 1340 drop\n}}\n}}'",
        "nft delete table inet narrow",
        r"mtu: packets of 1420 bytes \(the link's MTU\) do not get through the tunnel, but packets of 1\d\d\d bytes "
        r"do; set nsguard\.tunnels\.lab\.mtu = 1\d\d\d",
        on="server",
    ),
]

lab = lab_of(scenario.DEMO)


@pytest.mark.parametrize("broken", BREAKS, ids=lambda fault: fault.name)
def test_what_is_broken_alone_has_its_line(lab: ContainerLab, broken: Break) -> None:
    check(lab, broken)
