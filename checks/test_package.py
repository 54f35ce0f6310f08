"""The two packages: what their files declare, and their phases, run here as Nix would run them.

The install phase is the package's own. The check phase runs in a sandbox like Nix's, as an ordinary user, without
network and /usr/bin, with the declared inputs alone: by this Python, and by that of Debian sid, the next one to come.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from builder import Builder, interpreter, lay_out_python
from nix import evaluate
from nsguard_harness.lab.image import Recipe, image
from nsguard_harness.lab.native import built

ROOT = Path(__file__).parent.parent
PACKAGES = {"nsguard": ROOT / "pkgs/nsguard", "nsguard-harness": ROOT / "harness"}
# Python packages that a package needs besides those in its pyproject.toml.
HOOKS = ("pytestCheckHook", "setuptools", "hypothesis")
OF_DEBIAN = (
    *("gcc", "libc6-dev", "make"),
    *(f"python3-{name}" for name in ("hypothesis", "pexpect", "pyroute2", "pytest", "rich", "scapy")),
)
# What nixpkgs' stdenv gives to phases (its manual, "Functions provided by stdenv").
STDENV = r"""
runHook() { if [ -n "${!1-}" ]; then eval "${!1}"; fi; }
patchShebangs() {
    while [ "${1#--}" != "$1" ]; do shift; done
    find "$@" -type f -perm -100 -exec sed -i "1s|^#!/usr/bin/python3|#!$python|" {} +
}
substituteInPlace() {
    [ "$2" = --replace-fail ] && [ $# = 4 ] || return 1
    $python - "$1" "$3" "$4" <<'END'
import sys
from pathlib import Path
path, old, new = Path(sys.argv[1]), *sys.argv[2:]
text = path.read_text()
assert old in text, f"{path} has no {old}"
path.write_text(text.replace(old, new))
END
}
"""
TELLING = """\
import os
from nsguard.system import process
print(process.ask("ip", "told"), os.environ["PATH"])
"""


def project(name: str) -> dict[str, Any]:
    """The table `project` of a package's pyproject.toml. The version of both is in the runtime's."""
    runtime, own = (
        tomllib.loads((PACKAGES[package] / "pyproject.toml").read_text())["project"] for package in ("nsguard", name)
    )
    return {"version": runtime["version"], **own}


def names(requirements: list[str]) -> list[str]:
    return [re.split(r"[^\w-]", requirement)[0] for requirement in requirements]


def attributes(name: str, **arguments: Any) -> dict[str, Any]:
    """What a package's file gives to mkDerivation (checks/eval/package.nix)."""
    python = [*names(project(name)["dependencies"]), *HOOKS]
    given = {"python": python, **arguments}
    written = " ".join(f"{key} = builtins.fromJSON {json.dumps(json.dumps(value))};" for key, value in given.items())
    expression = f"import {ROOT}/checks/eval/package.nix {{ file = {PACKAGES[name]}/package.nix; {written} }}"
    return dict(evaluate(expression))


@pytest.mark.parametrize("name", PACKAGES)
def test_the_package_is_what_pyproject_says(name: str) -> None:
    package, written = attributes(name), project(name)
    assert package["version"] == written["version"]
    assert package["pname"] == written["name"]
    assert sorted(package.get("dependencies", [])) == sorted(names(written["dependencies"]))
    build = tomllib.loads((PACKAGES[name] / "pyproject.toml").read_text())["build-system"]
    if package.get("pyproject"):
        assert package["build-system"] == names(build["requires"])


@pytest.mark.lab
@pytest.mark.parametrize("suite", ["", "sid"], ids=["this Python", "the next Python"])
@pytest.mark.parametrize("name", PACKAGES)
def test_the_check_phase_in_a_sandbox(name: str, suite: str, tmp_path: Path) -> None:
    # Another Python needs its own packages, because some are compiled. A Debian has all of them.
    tree = image(Recipe(suite, OF_DEBIAN)) if suite else Path("/")
    python, seen = interpreter(tree)
    package = attributes(name, interpreter=python)
    builder = Builder(tmp_path / "root", tree, seen)
    source_root = package.get("sourceRoot", "source")
    unpack(name, package["src"], builder.build / "source", source_root.count("/"))
    checked_by = set(package["nativeCheckInputs"])
    modules = [*package.get("dependencies", []), *({"hypothesis"} & checked_by), "pytest"]
    lay_out_python([] if suite else modules, builder.root / "declared/python")
    register(name, builder.root / "declared/python")
    declared = checked_by.union(package.get("nativeBuildInputs", [])) - {*HOOKS, "python3"}
    stdenv = ["stdenv", *(["compiler"] if package["hasCompiler"] else [])]
    environment = {
        "PATH": builder.offer([*stdenv, *sorted(declared)]),
        "HOME": "/homeless-shelter",
        "TMPDIR": "/build",
        "NIX_BUILD_TOP": "/build",
        "SOURCE_DATE_EPOCH": "315532800",
        "PYTHONPATH": f"/build/{source_root}/src:/declared/python",
        "python": python,
        **package.get("env", {}),
        **{key: package[key] for key in ("postPatch", "buildPhase", "preCheck") if key in package},
    }
    marks = [f"-m 'not ({' or '.join(package['disabledTestMarks'])})'"] if "disabledTestMarks" in package else []
    flags = " ".join([*marks, *package.get("pytestFlags", [])])
    # The shell stays, as in Nix's sandbox: it is process 1, and waits for processes whose parent has ended.
    phases = "\n".join(f"runHook {phase}" for phase in ("postPatch", "buildPhase", "preCheck"))
    script = f"{STDENV}\n{PROBE}\ncd {source_root}\n{phases}\n$python -m pytest {flags}\n:"
    done = builder.run(script, environment)
    assert done.stdout.split()[:3] == ["no-/usr/bin", "no-network", "no-root"], done.stdout[:300] + done.stderr
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert int(re.findall(r"(\d+) passed", done.stdout)[-1]) > 100


def register(name: str, directory: Path) -> None:
    """Write the metadata of an installed package, with its entry points."""
    written = project(name)
    info = directory / f"{name.replace('-', '_')}-{written['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {written['version']}\n")
    points = {"console_scripts": written["scripts"], **written.get("entry-points", {})}
    lines = [line for group, of in points.items() for line in (f"[{group}]", *(f"{k} = {v}" for k, v in of.items()))]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


# Shows that the sandbox isolates: the check phase would pass without it as well.
PROBE = """
ls /usr/bin >/dev/null 2>&1 || echo no-/usr/bin
(exec 3<>/dev/udp/192.0.2.1/9) 2>/dev/null || echo no-network
[ "$(id -u)" = 0 ] || echo no-root
"""


def unpack(name: str, sources: list[str], target: Path, depth: int) -> None:
    """Lay out the source of a package: what its fileset names, below the directory `depth` above the package's own."""
    top = [PACKAGES[name], *PACKAGES[name].parents][depth]
    for source in map(Path, sources):
        to = target / source.relative_to(top)
        to.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            left_out = shutil.ignore_patterns("__pycache__", ".*_cache", ".hypothesis", "*.egg-info")
            shutil.copytree(source, to, ignore=left_out, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy(source, to)


def test_it_has_its_tools_and_leaves_the_path_to_those_it_runs_for_others(tmp_path: Path) -> None:
    out, tools = tmp_path / "out", tmp_path / "tools/bin"
    tools.mkdir(parents=True)
    (tools / "ip").write_text('#!/bin/sh\necho "ip was $1"\n')
    (tools / "ip").chmod(0o755)
    package = attributes("nsguard", interpreter=sys.executable, paths={"iproute2": str(tools.parent)})
    source = tmp_path / "source"
    unpack("nsguard", package["src"], source, 0)
    environment = {
        "out": str(out),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "python": sys.executable,
    }
    phases = "\n".join(package[phase] for phase in ("postPatch", "installPhase", "postFixup"))
    script = f"{STDENV}\n{phases}"
    subprocess.run(["bash", "-euc", script], check=True, env=environment, cwd=source)

    own = {"PATH": "/bin"}
    # as versionCheckHook asks
    assert package["nativeInstallCheckInputs"] == ["versionCheckHook"]
    version = subprocess.run([out / "bin/nsguard", "--version"], check=True, env=own, capture_output=True, text=True)
    assert project("nsguard")["version"] in version.stdout
    command = [out / "bin/nsguard-init", "/usr/bin/env", "sh", "-c", "echo $PATH"]
    assert subprocess.run(command, check=True, env=own, capture_output=True, text=True).stdout == "/bin\n"
    code = f"import sys; sys.path.insert(0, '{out}/lib/nsguard/src')\n{TELLING}"
    told = subprocess.run([sys.executable, "-IS", "-c", code], check=True, env=own, capture_output=True, text=True)
    assert told.stdout.split("\n")[0] == "ip was told"
    others = (f"/{name}/bin" for name in ("nftables", "systemd", "wireguard-tools"))
    assert told.stdout.split()[-1] == ":".join(["/amneziawg-tools/bin", str(tools), *others, "/bin"])


def test_the_harness_brings_what_it_would_have_to_compile(tmp_path: Path) -> None:
    """A host of NixOS has no compiler, and the lab's Debian none of the libraries of Nix."""
    package = attributes("nsguard-harness", interpreter=sys.executable)
    unpack("nsguard-harness", package["src"], tmp_path / "source", package["sourceRoot"].count("/"))
    environment = {"out": str(tmp_path / "out"), "PATH": os.environ["PATH"]}
    command = ["bash", "-euc", f"{STDENV}\n{package['postInstall']}"]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path / package["sourceRoot"])
    program = built(tmp_path / "out/lib/pkgs/nsguard/init", "nsguard-init")
    assert program.parent == tmp_path / "out/lib/pkgs/nsguard/init"
    # ELF(5): only a program that needs the dynamic loader has a segment that names it
    assert "INTERP" not in subprocess.run(["readelf", "-l", program], check=True, capture_output=True, text=True).stdout
    assert (
        "INTERP" in subprocess.run(["readelf", "-l", sys.executable], check=True, capture_output=True, text=True).stdout
    )
    environment = {"PATH": "/nowhere"}
    done = subprocess.run([program, "/bin/sh", "-c", "echo run"], env=environment, capture_output=True, text=True)
    assert done.stdout == "run\n", done.stderr


def test_the_version_stands_once_and_its_changes_are_dated() -> None:
    version = tomllib.loads((ROOT / "pkgs/nsguard/pyproject.toml").read_text())["project"]["version"]
    releases = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert releases[0] == "Unreleased"
    assert re.fullmatch(rf"{re.escape(version)} - \d{{4}}-\d\d-\d\d", releases[1])
    for path in ("pkgs/nsguard/package.nix", "harness/package.nix", "harness/pyproject.toml"):
        assert version not in (ROOT / path).read_text(), path
