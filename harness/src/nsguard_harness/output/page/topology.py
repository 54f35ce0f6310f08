"""Where a run took place, in SVG: a machine with a namespace, the tunnel out of it, and where the capture stands.

Once for a screen, the two sides beside each other, and once for a phone, one above the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...addresses import Addresses
from .drawing import WIDTH, box, svg, text

NARROW = 360


@dataclass(frozen=True)
class Labels:
    """The texts of the picture. captured: where the capture is; outside: whether that is outside the machine.

    own: the machine's parts that are not confined; end, network: lines of the far side's two boxes, the first its name.
    """

    machine: str
    address: str
    namespace: str
    app: str
    inner: str
    own: str
    uplink: str
    captured: tuple[str, ...]
    outside: bool
    far: str
    far_address: str
    end: tuple[str, ...]
    network: tuple[str, ...]
    name: str


def laboratory(addresses: Addresses) -> Labels:
    """The lab: two machines, and a capture between them."""
    return Labels(
        machine="client",
        address=addresses.client.v4,
        namespace="network namespace",
        app="service",
        inner=addresses.tunnel_client.v4,
        own="resolver, D-Bus, nscd, systemd, processes",
        uplink="eth0",
        captured=("captured here,", "outside the client"),
        outside=True,
        far="server",
        far_address=addresses.server.v4,
        end=(
            "end of the tunnel",
            f"{addresses.endpoint.v4}:{addresses.endpoint_port}",
            f"inside: {addresses.tunnel_server.v4}, its resolver",
            f"beyond: web and echo, {addresses.web.v4}",
        ),
        network=("the uplink's network", "gateway, host, the uplink's resolver"),
        name="The lab",
    )


def wide(labels: Labels, *, leaked: bool) -> str:
    """The two sides beside each other."""
    edge = 450 if labels.outside else 480
    tap = 575 if labels.outside else 455
    leak = f'<path class="leak-path" d="M335 205 V262 H{tap - 9} M{tap + 9} 262 H700"/>' if leaked else ""
    captured = [
        text(tap, 290 + 15 * line, words, small=True, middle=True) for line, words in enumerate(labels.captured)
    ]
    parts = [
        box(20, 20, edge - 20, 300, labels.machine, labels.address),
        box(700, 20, 280, 300, labels.far, labels.far_address),
        *_inside(labels, 45, 75, 300),
        *_beside(labels, 45, 225, 300),
        '<path class="wire" d="M345 262 H700"/>',
        leak,
        '<path class="tunnel" d="M330 150 H715"/>',
        text(590, 135, "tunnel", middle=True),
        f'<circle class="tap" cx="{tap}" cy="262" r="9"/>',
        *captured,
        text(415, 250, labels.uplink, middle=True),
        *_far(labels, 715, 75, 250),
    ]
    return svg(WIDTH, 340, _label(labels, leaked=leaked), parts)


def narrow(labels: Labels, *, leaked: bool) -> str:
    """One above the other: the machine, the tunnel and the uplink downwards, and the far side."""
    tap = 380 if labels.outside else 340
    down = "V415 H20 V645 H30"
    leak = f'<path class="leak-path" d="M60 180 V{tap - 9} M60 {tap + 9} V418 H24 V648 H30"/>' if leaked else ""
    captured = [text(75, tap - 1 + 15 * line, words, small=True) for line, words in enumerate(labels.captured)]
    parts = [
        box(10, 20, 340, 300 if labels.outside else 360, labels.machine, labels.address),
        *_inside(labels, 30, 75, 300),
        *_beside(labels, 30, 225, 300, indent=45),  # right of the line that a leak takes
        box(10, 440, 340, 250, labels.far, labels.far_address),
        *_far(labels, 30, 485, 300, gap=10),
        f'<path class="wire" d="M50 300 {down}"/>',
        leak,
        '<path class="tunnel" d="M315 150 H340 V525 H330"/>',
        text(328, 425, "tunnel", end=True),
        f'<circle class="tap" cx="50" cy="{tap}" r="9"/>',
        *captured,
        text(75, 316, labels.uplink, small=True),
    ]
    return svg(NARROW, 710, _label(labels, leaked=leaked), parts)


def _label(labels: Labels, *, leaked: bool) -> str:
    return f"{labels.name}: {'and something got past it' if leaked else 'nothing got past it'}"


def _inside(labels: Labels, x: int, y: int, width: int) -> list[str]:
    """The namespace, with what runs in it and the tunnel's link."""
    app, link = x + 15, x + 180
    return [
        f'<rect class="inner" x="{x}" y="{y}" width="{width}" height="130" rx="8"/>',
        text(x + 15, y + 23, labels.namespace),
        f'<rect class="box" x="{app}" y="{y + 45}" width="110" height="60" rx="6"/>',
        text(app + 55, y + 80, labels.app, middle=True),
        f'<rect class="box" x="{link}" y="{y + 45}" width="105" height="60" rx="6"/>',
        text(link + 52, y + 72, "wg0", middle=True),
        text(link + 52, y + 91, labels.inner, small=True, middle=True),
        f'<path class="wire" d="M{app + 110} {y + 75} H{link}"/>',
    ]


def _beside(labels: Labels, x: int, y: int, width: int, indent: int = 15) -> list[str]:
    """The part of the machine that is not confined."""
    return [
        f'<rect class="inner" x="{x}" y="{y}" width="{width}" height="75" rx="8"/>',
        text(x + indent, y + 25, "the host's own"),
        text(x + indent, y + 48, labels.own, small=True),
    ]


def _far(labels: Labels, x: int, y: int, width: int, gap: int = 20) -> list[str]:
    """The end of the tunnel, and below it the network that the uplink is in."""
    below = y + 130 + gap
    first, *more = labels.end
    parts = [f'<rect class="inner" x="{x}" y="{y}" width="{width}" height="{130 - gap + 10}" rx="8"/>']
    parts += [
        text(x + 15, y + 23, first),
        *(text(x + 15, y + 45 + 22 * i, line, small=True) for i, line in enumerate(more)),
    ]
    first, *more = labels.network
    parts.append(f'<rect class="inner" x="{x}" y="{below}" width="{width}" height="55" rx="8"/>')
    parts += [text(x + 15, below + 22, first), *(text(x + 15, below + 42, line, small=True) for line in more)]
    return parts
