"""The documentation's snippets as systems: which boot together, what a reader fills in, and which cannot boot here."""

from __future__ import annotations

from pathlib import Path

from nsguard_harness.addresses import LAB

CHECKS = Path(__file__).parent
SNIPPETS = CHECKS.parent / "docs/snippets"
# Machine -> its snippets, and the settings that the test adds to them.
BOOTS: dict[str, tuple[tuple[str, ...], str]] = {
    "mullvad": (
        (
            *("first", "first-published", "published-port", "published-socket"),
            *("allowed-egress", "commands", "tunnel-ports", "port-forwarding", "app", "hosts"),
        ),
        # Brave is not here, and there is no compositor
        """
        taken = { transmission = 9091; web = 8080; torrents = 6881; qbittorrent = 8081; };
        nsguard.namespaces.vpn.portForwarding.clientUrl = "http://127.0.0.1:8081";
        nsguard.apps.brave.gui.wayland = lib.mkForce false;
        nsguard.apps.brave.package = pkgs.writeShellScriptBin "brave" ''
          exec >$HOME/found.new; id -un; ip -br link; mv $HOME/found.new $HOME/found
        '';
        """,
    ),
    "linked": (
        ("first", "host-link", "published-range"),
        """
        taken.web = 8080;
        systemd.services = lib.mapAttrs (name: ports: {
          nsguard.namespace = "vpn";
          wantedBy = [ "multi-user.target" ];
          environment.PYTHONPATH = "/usr/lib/nsguard-harness";
          serviceConfig = {
            ExecStart = "/usr/bin/python3 -m nsguard_harness.inside.echo %S/${name}/records ${ports}";
            DynamicUser = true;
            StateDirectory = name;
          };
        }) {
          game = "27015";
          # it listens beside the range, too
          calls = "16384 16483 16484";
        };
        """,
    ),
    "clients": (("first", "published-from"), ""),
    "provider": (
        ("media", "library", "timer", "socket", "backup"),
        # a program that prints what it is to read, in place of restic
        """
        services.restic.backups.photos.package = pkgs.runCommand "restic" { meta.mainProgram = "restic"; } ''
          mkdir -p $out/bin
          echo '#!/bin/sh' >$out/bin/restic
          echo 'xargs -I@ find @ -type f -exec cat {} \\; </run/restic-backups-photos/includes' >>$out/bin/restic
          chmod +x $out/bin/restic
        '';
        """,
    ),
    "torrent": (("torrent",), ""),
    "several": (("several",), ""),
    "wg-quick": (("wg-quick",), ""),
    "sops": (("sops",), "taken.bystander = 80;"),
    "agenix": (("agenix",), "taken.bystander = 80;"),
    "typed": (
        ("typed-tunnel", "generated-key"),
        f'networking.hosts."{LAB.endpoint.v4}" = [ "vpn.example.org" ];',
    ),
    "hops": (("hops",), ""),
}
# Snippets that are tested in another file.
ELSEWHERE = {"half-a-stack": "test_nixos_half_a_stack.py", "guard": "test_nixos_guards.py"}
# Snippets that cannot boot here -> the reason.
UNABLE = {
    "server": "it is no host of nsguard's but the other end, which NixOS makes by the kernel's WireGuard",
    "leak-test": "it needs virtual machines of nixpkgs' own packages; `checks.leaks` of the flake is one like it",
    "tests": "it needs virtual machines of nixpkgs' own packages; `nix flake check` of the template runs one",
}
# Placeholder that a reader fills in -> its value in the lab, whose web server has no certificate.
FILLED = {
    "192.168.1.5": LAB.client.v4,
    "192.168.1.0/24": LAB.lan.v4,
    "192.168.1.10": LAB.granted.v4,
    "198.51.100.23": LAB.endpoint.v4,
    "https://example.org": "http://example.org",
}


def text(snippet: str) -> str:
    """A snippet, filled in."""
    filled = (SNIPPETS / f"{snippet}.nix").read_text()
    for blank, value in FILLED.items():
        filled = filled.replace(blank, value)
    return filled


def module(boot: str, replaced: dict[str, str]) -> str:
    """The module of a machine. replaced: texts in its snippets -> their replacements."""
    snippets, beside = BOOTS[boot]
    imported = "\n".join(f"({text(snippet)})" for snippet in snippets)
    for old, new in replaced.items():
        imported = imported.replace(old, new)
    return f"{{ lib, pkgs, ... }}: {{\n imports = [ {CHECKS}/nixos/snippets.nix\n{imported} ];\n{beside} }}"
