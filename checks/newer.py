"""A newer tree of NixOS: one of March 2025 with the known later changes that touch nsguard.

usage: python3 checks/newer.py TREE DIRECTORY

TREE has nixpkgs' lib/ and nixos/ side by side; DIRECTORY is created, with hard links to all files that do not differ.
The changes are `fileSystems.<name>.fsType` without a default, `services.resolved.settings`, `systemd.settings.Manager`,
and a test framework that sets its own manager settings by these options. nixpkgs made these changes; the code for them
is written anew here.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

MANAGER = """
    settings.Manager = mkOption {
      default = { };
      type = types.attrsOf (types.oneOf [ types.bool types.int types.str ]);
      description = "Settings of the manager.";
    };
"""
RESOLVED = """
    services.resolved.settings = mkOption {
      default = { };
      description = "Settings of resolved.";
      type = types.submodule {
        freeformType = types.attrsOf (types.attrsOf types.anything);
        options.Resolve = {
          DNS = mkOption { type = types.listOf types.str; default = config.networking.nameservers; description = ""; };
          Domains = mkOption { type = types.listOf types.str; default = config.networking.search; description = ""; };
          LLMNR = mkOption { type = types.enum [ "true" "resolve" "false" ]; default = "true"; description = ""; };
        };
      };
    };
"""
RENAMED = {"fallbackDns": "FallbackDNS", "domains": "Domains", "llmnr": "LLMNR", "dnssec": "DNSSEC"}
RENAMED |= {"dnsovertls": "DNSOverTLS"}
# a Nix expression that renders one section of `settings`
SECTION = """concatStrings (mapAttrsToList (name: value:
      optionalString (value != null && value != [ ]) "${name}=${
        if isBool value then boolToString value else toString value
      }\\n") %s)"""
TESTING = "{ ShowStatus = false; DefaultTimeoutStartSec = 300; DefaultDeviceTimeoutSec = 300; }"


def replaced(text: str, old: str, new: str) -> str:
    """The text with one passage replaced. Raises ValueError unless the passage occurs exactly once."""
    if text.count(old) != 1:
        raise ValueError(f"newer: {text.count(old)} times in the tree, and not once:\n{old}")
    return text.replace(old, new)


def without_option(text: str, name: str, indent: str) -> str:
    """The text without the declaration of an option. Raises ValueError unless it is declared exactly once."""
    text, count = re.subn(
        rf"^{indent}{re.escape(name)} = mkOption \{{\n.*?^{indent}\}};\n", "", text, flags=re.M | re.S
    )
    if count != 1:
        raise ValueError(f"newer: {name} is declared {count} times in the tree, and not once")
    return text


def filesystems(text: str) -> str:
    return replaced(text, '        default = "auto";\n', "")


def resolved(text: str) -> str:
    for name in (*RENAMED, "extraConfig"):
        text = without_option(text, f"services.resolved.{name}", "    ")
    was, settings = '"services" "resolved"', '"services" "resolved" "settings" "Resolve"'
    moved = " ".join(
        f'(mkRenamedOptionModule [ {was} "{old}" ] [ {settings} "{new}" ])' for old, new in RENAMED.items()
    )
    gone = f'(mkRemovedOptionModule [ {was} "extraConfig" ] "Use `services.resolved.settings` instead.")'
    text = replaced(text, "\n  options = {\n", f"\n  imports = [ {gone} {moved} ];\n  options = {{\n{RESOLVED}")
    written = "${" + SECTION % "cfg.settings.Resolve" + "}"
    binding = f"  resolvedConf = ''\n    [Resolve]\n    {written}'';\n"
    text, count = re.subn(r"^  resolvedConf = ''\n.*?^  '';\n", lambda _: binding, text, flags=re.M | re.S)
    if count != 1:
        raise ValueError(f"newer: resolvedConf is bound {count} times")
    return text


def manager(text: str) -> str:
    return replaced(
        without_option(text, "extraConfig", "    "),
        "    sleep.extraConfig = mkOption {\n",
        f"{MANAGER}    sleep.extraConfig = mkOption {{\n",
    ).replace("        ${cfg.extraConfig}\n", "        ${" + SECTION % "cfg.settings.Manager" + "}\n")


def initrd(text: str) -> str:
    text = replaced(
        without_option(text, "extraConfig", "    "),
        "    managerEnvironment = mkOption {\n",
        f"{MANAGER}    managerEnvironment = mkOption {{\n",
    )
    written = "${" + SECTION % "cfg.settings.Manager" + "}\n"
    return replaced(text, "          ${cfg.extraConfig}\n", f"          {written}")


def instrumentation(text: str) -> str:
    text = replaced(text, "extraConfig = config.systemd.extraConfig;", f"settings.Manager = {TESTING};")
    passage = r"^    systemd\.extraConfig = ''\n.*?^    '';\n"
    text, count = re.subn(passage, f"    systemd.settings.Manager = {TESTING};\n", text, flags=re.M | re.S)
    if count != 1:
        raise ValueError(f"newer: the test framework sets systemd.extraConfig {count} times")
    return text


def virtual(text: str) -> str:
    return replaced(
        text,
        '          device = "/nix/.ro-store";\n',
        '          device = "/nix/.ro-store";\n          fsType = "none";\n',
    )


CHANGES: dict[str, Callable[[str], str]] = {
    "tasks/filesystems.nix": filesystems,
    "system/boot/resolved.nix": resolved,
    "system/boot/systemd.nix": manager,
    "system/boot/systemd/initrd.nix": initrd,
    "testing/test-instrumentation.nix": instrumentation,
    "virtualisation/qemu-vm.nix": virtual,
}


def lay(tree: Path, directory: Path) -> Path:
    """Make the newer tree and return its path. Raises ValueError if a change does not fit the older tree."""
    for part in ("lib", "nixos"):
        shutil.copytree(tree / part, directory / part, copy_function=link, symlinks=True)
    for name, change in CHANGES.items():
        path = directory / "nixos/modules" / name
        text = change(path.read_text())
        path.unlink()  # writing to a hard link would change the older tree
        path.write_text(text)
    return directory


def link(source: str, target: str) -> None:
    """Link a file, or copy it to another file system."""
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    lay(Path(sys.argv[1]), Path(sys.argv[2]))
