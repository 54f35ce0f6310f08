"""The systems that a lab's machines boot: Debian, and NixOS on a Debian tree."""

from __future__ import annotations

from pathlib import Path

from ..addresses import LAB
from ..checkout import RUNTIME
from . import peer
from .native import built
from .system import System

TUNNEL_CONFIGURATION = f"{peer.CONFIGURATION}/client.conf"
NSCD_RECORDS = f"{peer.STATE}/nscd.jsonl"
# there before any service is: profiles as on NixOS, and the home of Debian's www-data (passwd(5))
LAID = {f"{directory}/.keep": "" for directory in ("/nix/var/nix/profiles", "/var/www")}
# as NixOS has it: the directory comes and goes with the service, which is always restarted
NSCD = "RuntimeDirectory=nscd\nRestart=always\n"


def debian_client(tree: Path) -> System:
    """A Debian with resolved, D-Bus and the nscd stand-in, and with the runtime where the checkout has it."""
    units = {"nscd.service": peer.service("nscd", f"/run/nscd/socket {NSCD_RECORDS} {LAB.server.v4}", NSCD)}
    trees, links = dict(peer.TREES), peer.enabled(units)
    if RUNTIME.is_dir():
        trees |= {RUNTIME / part: f"/usr/lib/nsguard/{part}" for part in ("bin", "src")}
        trees[built(RUNTIME / "init", "nsguard-init")] = "/usr/bin/nsguard-init"
        links["/usr/bin/nsguard"] = "../lib/nsguard/bin/nsguard"
    files = {f"{peer.UNITS}/{unit}": text for unit, text in units.items()} | LAID
    return System(tree, trees=trees, files=files, links=links)


def debian_server(tree: Path, *, kernel: bool) -> System:
    """The server; kernel: whether the kernel has WireGuard."""
    units = peer.units(kernel)
    # resolved's stub would hold port 53, and nothing else on the server looks up names; nobody logs in there
    masked = ("systemd-resolved.service", "systemd-logind.service")
    links = peer.enabled(units) | {f"{peer.UNITS}/{unit}": "/dev/null" for unit in masked}
    return System(
        tree, trees=peer.TREES, files={f"{peer.UNITS}/{unit}": text for unit, text in units.items()}, links=links
    )


def nixos_client(closure: Path, tree: Path) -> System:
    """A NixOS by its closure, which brings services of its own; tree: what lies below, for programs of /usr."""
    return System(tree, init=f"{closure}/init", binds={Path("/nix/store"): "/nix/store"}, trees=peer.TREES)
