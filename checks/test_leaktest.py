"""`nsguard.leaktest`: the option installs the package, whose wrapper has every program that `live` runs."""

from __future__ import annotations

import re
from pathlib import Path

from nix import NIXPKGS, evaluate, needs_nixpkgs
from nsguard_harness.live.host import PROGRAMS

ROOT = Path(__file__).parent.parent
# which package of nixpkgs has each
PACKAGES = {"tcpdump": "tcpdump", "nsenter": "util-linux", "setpriv": "util-linux"}
PACKAGES |= {"systemctl": "systemd", "systemd-run": "systemd"}


def test_the_package_has_the_programs_that_live_runs() -> None:
    text = (ROOT / "harness/package.nix").read_text()
    path = re.search(r"\btools = \[(.*?)\];", text, re.DOTALL)
    assert path is not None
    assert set(PACKAGES) == set(PROGRAMS)
    assert set(PACKAGES.values()) <= set(path[1].split())


@needs_nixpkgs
def test_the_option_installs_it_and_nothing_does_without() -> None:
    host = f"""
      let
        lib = import {NIXPKGS}/lib;
        installed = enable: (lib.evalModules {{
          modules = [
            {ROOT}/modules/leaktest.nix
            {{
              options.environment.systemPackages = lib.mkOption {{ type = with lib.types; listOf raw; default = [ ]; }};
              config._module.args.pkgs.callPackage = file: _: {{ type = "derivation"; name = toString file; }};
              config.nsguard.leaktest = {{ inherit enable; }};
            }}
          ];
        }}).config.environment.systemPackages;
      in
      map (enable: map (one: one.name) (installed enable)) [ true false ]
    """
    assert evaluate(host) == [[f"{ROOT}/harness/package.nix"], []]
