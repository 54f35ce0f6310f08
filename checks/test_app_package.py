"""What a person sees of an app on NixOS: the package's own script, run here with stand-ins for what Nix would build."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENTRY = "[Desktop Entry]\nName=Brave\nExec=/nix/store/x/bin/brave %U\nIcon=brave\nMimeType=text/html;\n"
# makeBinaryWrapper PROGRAM TARGET --add-flags FLAGS, as a script
WRAPPER = r"""#!/bin/bash
mkdir -p "$(dirname "$2")"
printf '#!/bin/bash\nexec %s %s "$@"\n' "$1" "$4" >"$2"
chmod +x "$2"
"""
PACKAGE = """\
import {file} {{
  lib = {{ escapeShellArg = text: "'${{text}}'"; optionalString = condition: text: if condition then text else ""; }};
  runCommand = _: _: text: text;
  makeBinaryWrapper = null;
  nsguard = null;
  name = "brave";
  package = "{package}";
  namespace = "vpn";
  launcher = [ "/bin/echo" "launch" "brave" ];
  desktopEntry = {entry};
  withEntries = true;
}}"""


@pytest.mark.parametrize("own", [False, True], ids=["package's entries", "entry of its own"])
def test_launcher_and_entries(tmp_path: Path, own: bool) -> None:
    package, out, tools = (tmp_path / name for name in ("package", "out", "tools"))
    for directory in (package / "share/applications", package / "share/icons", tools):
        directory.mkdir(parents=True)
    (package / "share/applications/brave-browser.desktop").write_text(ENTRY)
    (tools / "makeBinaryWrapper").write_text(WRAPPER)
    (tools / "nsguard").write_text(f'#!/bin/sh\nexec {ROOT}/pkgs/nsguard/bin/nsguard "$@"\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    (tmp_path / "entry").write_text("[Desktop Entry]\nName=Web (vpn)\n")
    file = ROOT / "pkgs/nsguard-app/package.nix"
    expression = PACKAGE.format(file=file, package=package, entry='"x"' if own else "null")
    nix = ["nix-instantiate", "--option", "store", "dummy://", "--eval", "--strict", "--json", "-E", expression]
    script = json.loads(subprocess.run(nix, check=True, capture_output=True, text=True).stdout)
    environment = {
        "out": str(out),
        "desktopEntryPath": str(tmp_path / "entry"),
        "PATH": f"{tools}:{os.environ['PATH']}",
    }
    subprocess.run(["bash", "-eu", "-c", script], check=True, env=environment)

    output = subprocess.run([out / "bin/brave", "a page"], check=True, capture_output=True, text=True).stdout
    assert shlex.split(output) == ["launch", "brave", "a", "page"]
    entries = {path.name: path.read_text() for path in (out / "share/applications").iterdir()}
    if own:
        assert entries == {"nsguard-brave.desktop": "[Desktop Entry]\nName=Web (vpn)\n"}
    else:
        changed = ENTRY.replace("Name=Brave", "Name=Brave (vpn)").replace("/nix/store/x/bin/brave", f"{out}/bin/brave")
        assert entries == {"nsguard-brave-brave-browser.desktop": changed}
        assert (out / "share/icons").resolve() == package / "share/icons"
