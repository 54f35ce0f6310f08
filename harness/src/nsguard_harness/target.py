"""What is attacked, by the names that the scenarios give it: a namespace and its units; and waiting for its tunnel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .lab.base import Lab

NAMESPACE = "vpn"
NAMESPACE_UNIT = f"nsguard-netns-{NAMESPACE}.service"
TUNNEL_UNIT = f"nsguard-tunnel-{NAMESPACE}.service"
# services by identity, the confined one and the one for the controls: of a scenario, and of modules/agents.nix
SERVICES = (
    {"root": ("app-root", "free"), "user": ("app-user", "free-user")},
    {who: (f"nsguard-probe-{who}", f"nsguard-control-{who}") for who in ("root", "user")},
)
CONFINED, UNCONFINED = (
    [f"{pair[which]}.service" for services in SERVICES for pair in services.values()] for which in (0, 1)
)


def installed(units: Iterable[str]) -> str:
    """For a shell: those of some units that the machine has."""
    return f'$(systemctl list-unit-files --plain --no-legend {" ".join(units)} | cut -f1 -d" ")'


CONFINED_UNITS, UNCONFINED_UNITS = installed(CONFINED), installed(UNCONFINED)
# as systemctl's patterns, of units that run: services, apps, the starters of commands, and those of modules/agents.nix
ATTACKING_UNITS = "'app-*.service' 'nsguard-app-*.service' 'nsguard-probe-*.service'"
# for a shell: runs a command in the network namespace `$name`, without the mount namespace that ip-netns(8) makes
IN_NAMESPACE = "nsenter --net=/run/netns/$name"
# kinds of links that a tunnel may be, of the kernel's or of a program's, whatever a guard calls them; for patterns
TUNNEL_KINDS = "wireguard|amneziawg|tun"
DELETE_LINK = (
    f"name={NAMESPACE}; link=$({IN_NAMESPACE} ip -d -o link show | grep -E ' ({TUNNEL_KINDS}) '"
    " | sed -E 's/^[0-9]+: ([^:@]+).*/\\1/;q');"
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
    """Bring the tunnel and the services back to what they were, after their namespace was made anew.

    A tunnel that is up stays as it is: a restart would give it another port, and nobody looked at the one before.
    """
    lab.client.succeed(f"systemctl reset-failed; systemctl start {TUNNEL_UNIT} {CONFINED_UNITS}")
    wait_for_tunnel(lab)
