"""What `make bench-eval` counts: the same host, with nsguard and without."""

from __future__ import annotations

from pathlib import Path

import cost
from nix import needs_nixpkgs, nixos_arguments

pytestmark = needs_nixpkgs


def test_a_host_with_a_namespace_makes_more_values(tmp_path: Path) -> None:
    arguments = nixos_arguments(tmp_path)
    bare, with_one = (
        cost.cost(arguments, f"{{ bare = true; {host}; }}", rounds=1) for host in ("nsguard = false", "namespaces = 1")
    )
    assert 0 < bare.thunks < with_one.thunks
    assert bare.seconds > 0
    assert 0 < bare.bytes < with_one.bytes
