"""A forwarded port: how it shows, by its keeper, file and rules; a program that answers at it; its settings."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from nsguard_harness import scenario
from nsguard_harness.lab.container import ContainerLab

FORWARD, HOOK = "nsguard-forward-vpn.service", "nsguard-forwarded-vpn.service"
FILE = "/run/nsguard/vpn/inside/forwarded"


def values(lab: ContainerLab) -> dict[str, str]:
    """The file of the forwarded port; empty where there is none."""
    text = lab.client.succeed(f"cat {FILE} 2>/dev/null || true")
    return dict(line.partition("=")[::2] for line in text.splitlines())


def recorded(lab: ContainerLab) -> dict[str, Any]:
    """The result of the request for a forwarded port, as its keeper has recorded it; empty where none is recorded.

    `nsguard status` says it as well, but takes long for each look of a wait.
    """
    try:
        return dict(json.loads(lab.client.path("/run/nsguard/vpn/forwarding.json").read_text()))
    except OSError:
        return {}


def open_ports(lab: ContainerLab) -> set[tuple[str, int]]:
    """The protocols and ports that the rules let in."""
    listing = json.loads(lab.client.succeed("ip netns exec vpn nft -j list set inet nsguard forwarded"))
    (ports,) = (entry["set"] for entry in listing["nftables"] if "set" in entry)
    # nft wraps an element that has a time.
    elements = [entry.get("elem", {"val": entry})["val"] for entry in ports.get("elem", [])]
    return {tuple(element["concat"]) for element in elements}


def switch(lab: ContainerLab, path: Path, settings: str) -> None:
    """Install a scenario with other settings in `portForwarding` of its namespace. settings: assignments in Nix."""
    with tempfile.TemporaryDirectory() as directory:
        changed = Path(directory, "changed.nix")
        changed.write_text(
            f"let it = import {path}; vpn = it.namespaces.vpn; in it // {{ namespaces.vpn = vpn // {{"
            f" portForwarding = vpn.portForwarding // {{ {settings} }}; }}; }}"
        )
        scenario.install(lab.client, scenario.render(changed))
    lab.client.succeed(f"systemctl reload nsguard-netns-vpn && systemctl restart {FORWARD}")


LISTEN = """
import socket, sys, threading
def serve(port):
    with socket.create_server(("", port)) as listener:
        while True:
            connection = listener.accept()[0]
            connection.sendall(b"inside")
            connection.close()
for port in sys.argv[2:]:
    threading.Thread(target=serve, args=(int(port),)).start()
"""
