"""What is attacked, by the names that the scenarios give it: a namespace and its units; and waiting for its tunnel."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .lab.base import Lab

NAMESPACE = "vpn"
NAMESPACE_UNIT = f"nsguard-netns-{NAMESPACE}.service"
TUNNEL_UNIT = f"nsguard-tunnel-{NAMESPACE}.service"
CONFINED_UNITS = "app-root.service app-user.service"
# as systemctl's patterns, of units that run: services, apps, the starters of commands, and those of modules/agents.nix
ATTACKING_UNITS = "'app-*.service' 'nsguard-app-*.service' 'nsguard-probe-*.service'"
UNCONFINED_UNITS = "free.service free-user.service"
# for a shell: runs a command in the network namespace `$name`, without the mount namespace that ip-netns(8) makes
IN_NAMESPACE = "nsenter --net=/run/netns/$name"
# links in `$name` that a tunnel may be, of the kernel's or of a program's, whatever a guard calls them
TUNNEL_LINKS = f"{IN_NAMESPACE} ip -d -o link show | grep -E ' (wireguard|amneziawg|tun) '"
DELETE_LINK = (
    f"name={NAMESPACE}; link=$({TUNNEL_LINKS} | sed -E 's/^[0-9]+: ([^:@]+).*/\\1/;q');"
    f" {IN_NAMESPACE} ip link delete dev $link"
)


def wait_for_tunnel(lab: Lab, timeout: float = 30) -> None:
    """Wait until the namespace reaches the tunnel's server; timeout: in seconds, by the lab's pace."""
    server = lab.addresses.tunnel_server.v4
    ping = f"name={NAMESPACE}; {IN_NAMESPACE} ping -c 1 -W 1 {server}"
    lab.client.wait_until_succeeds(ping, timeout * lab.pace)


def renew(lab: Lab) -> None:
    """Start everything anew that attacks, so that it begins with what the host has now."""
    lab.client.succeed(f"systemctl restart {ATTACKING_UNITS}")


def restore(lab: Lab) -> None:
    """Bring the tunnel and the services back to what they were, after their namespace was made anew."""
    lab.client.succeed(f"systemctl reset-failed; systemctl restart {TUNNEL_UNIT}; systemctl start {CONFINED_UNITS}")
    wait_for_tunnel(lab)
