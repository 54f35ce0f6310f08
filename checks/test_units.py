"""The checks of checks/units on NixOS, in containers: what `nix flake check` runs in virtual machines."""

from __future__ import annotations

from pathlib import Path

import pytest
from closures import closure_of, connected, needs_nixos
from nix import NIXPKGS, evaluate

pytestmark = [pytest.mark.lab, needs_nixos]
CHECKS = Path(__file__).parent


@pytest.mark.parametrize("name", sorted(path.stem for path in (CHECKS / "units").glob("*.nix")))
def test_units(name: str) -> None:
    check = f'(import {CHECKS}/units.nix {{ lib = import {NIXPKGS}/lib; }})."{name}"'
    script = evaluate(f"{check}.script")
    with connected(closure_of(f"{{ imports = [ {CHECKS}/nixos/stand-in.nix ] ++ {check}.modules; }}")) as lab:
        exec(compile(script, f"{name}.nix", "exec"), {"lab": lab})
