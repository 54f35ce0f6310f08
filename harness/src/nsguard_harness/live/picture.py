"""What a page says and shows of a run on a user's own host, in place of the lab."""

from __future__ import annotations

from ..output.page import Setting
from ..output.page.pictures import WIDTH, box, text
from .run import Live


def setting(live: Live, leaked: bool) -> Setting:
    """This host, its namespace and its uplinks."""
    return Setting(
        topology(live, leaked),
        "Every uplink of this host, by a capture on the host itself. Only frames that carry a token, speak of an "
        "address that an attack was given or the tunnel has, or leave from the tunnel's port are judged: the rest is "
        "the host's own business.",
        "First every attack runs confined as the service is; then it is shown that each would have been seen, mostly "
        "by its token in a datagram that the first router throws away.",
        "on the uplinks",
    )


def topology(live: Live, leaked: bool) -> str:
    """The host, the tunnel out of its namespace, and where the captures stand."""
    way_out = "and something got past it" if leaked else "nothing got past it"
    leak = '<path class="leak-path" d="M335 205 V262 H446 M464 262 H700"/>' if leaked else ""
    names = ", ".join(link.name for link in live.links[:2]) + (" …" if len(live.links) > 2 else "")
    end = next((f"{address} port {port}" for address, port in sorted(live.tunnel.endpoints, key=str)), "")
    inner = " ".join(sorted(map(str, live.tunnel.addresses), key=len)[:1])
    return f"""<svg viewBox="0 0 {WIDTH} 340" role="img" aria-label="This host: {way_out}">
{box(20, 20, 460, 300, "this host", "")}
{box(700, 20, 280, 300, "outside", "")}
<rect class="inner" x="45" y="75" width="300" height="130" rx="8"/>
{text(60, 98, f"namespace {live.namespace}")}
<rect class="box" x="60" y="120" width="110" height="60" rx="6"/>{text(115, 155, "probe", middle=True)}
<rect class="box" x="225" y="120" width="105" height="60" rx="6"/>
{text(277, 147, "wg0", middle=True)}{text(277, 166, inner, small=True, middle=True)}
<path class="wire" d="M170 150 H225"/>
<rect class="inner" x="45" y="225" width="300" height="75" rx="8"/>
{text(60, 250, "the host's own")}
{text(60, 273, "resolver, D-Bus, systemd, other processes", small=True)}
<path class="wire" d="M464 262 H700"/>
{leak}
<path class="tunnel" d="M330 150 H715"/>
{text(590, 135, "tunnel", middle=True)}
<circle class="tap" cx="455" cy="262" r="9"/>
{text(455, 290, "captured here", small=True, middle=True)}
{text(415, 250, names, middle=True)}
<path class="wire" d="M345 262 H446"/>
<rect class="inner" x="715" y="75" width="250" height="130" rx="8"/>
{text(730, 98, "end of the tunnel")}{text(730, 120, end, small=True)}
<rect class="inner" x="715" y="225" width="250" height="75" rx="8"/>
{text(730, 250, "the uplink's network")}
{text(730, 273, "where controls die at the first hop", small=True)}
</svg>"""
