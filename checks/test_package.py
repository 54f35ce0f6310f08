"""The package of the runtime: its own install phase, run here with a stand-in for what nixpkgs' stdenv has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# substituteInPlace FILE --replace-fail OLD NEW (nixpkgs' manual, "Functions provided by stdenv")
SUBSTITUTE = r"""
runHook() { :; }
substituteInPlace() {
    [ "$2" = --replace-fail ] && [ $# = 4 ] || return 1
    python3 - "$1" "$3" "$4" <<'END'
import sys
from pathlib import Path
path, old, new = Path(sys.argv[1]), *sys.argv[2:]
text = path.read_text()
assert old in text, f"{path} has no {old}"
path.write_text(text.replace(old, new))
END
}
"""
PACKAGE = """\
(import {file} {{
  lib = {{
    fileset = {{ toSource = _: null; unions = _: null; }};
    makeBinPath = builtins.concatStringsSep ":";
    licenses.mit = null;
    platforms.linux = null;
  }};
  stdenvNoCC.mkDerivation = it: it;
  python3 = {{ interpreter = "{python}"; pkgs = {{ hypothesis = null; pytest = null; }}; }};
  amneziawg-tools = "/tools/awg";
  iproute2 = "{tools}";
  nftables = "/tools/nft";
  systemd = "/tools/systemd";
  wireguard-tools = "/tools/wg";
}}).installPhase"""
TELLING = """\
import os
from nsguard import process
print(process.ask("ip", "told"), os.environ["PATH"])
"""


def test_it_has_its_tools_and_leaves_the_path_to_those_it_runs_for_others(tmp_path: Path) -> None:
    out, tools = tmp_path / "out", tmp_path / "tools"
    tools.mkdir()
    (tools / "ip").write_text('#!/bin/sh\necho "ip was $1"\n')
    (tools / "ip").chmod(0o755)
    expression = PACKAGE.format(file=ROOT / "pkgs/nsguard/package.nix", python=sys.executable, tools=tools)
    nix = ["nix-instantiate", "--option", "store", "dummy://", "--eval", "--strict", "--json", "-E", expression]
    phase = json.loads(subprocess.run(nix, check=True, capture_output=True, text=True).stdout)
    environment = {"out": str(out), "PATH": os.environ["PATH"]}
    script = SUBSTITUTE + phase
    subprocess.run(["bash", "-euc", script], check=True, env=environment, cwd=ROOT / "pkgs/nsguard")

    own = {"PATH": "/bin"}
    command = [out / "bin/nsguard", "journal", "/usr/bin/env", "sh", "-c", f"echo $PATH >{tmp_path}/path"]
    subprocess.run(command, check=True, env=own)
    assert (tmp_path / "path").read_text() == "/bin\n"
    code = f"import sys; sys.path.insert(0, '{out}/lib/nsguard/src')\n{TELLING}"
    told = subprocess.run([sys.executable, "-IS", "-c", code], check=True, env=own, capture_output=True, text=True)
    assert told.stdout.split("\n")[0] == "ip was told"
    assert told.stdout.split()[-1] == f"/tools/awg:{tools}:/tools/nft:/tools/systemd:/tools/wg:/bin"
