"""`make bench --peer`: a NixOS that another guard confines is booted and takes turns with nsguard's lab."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from closures import NIXOS, closure_of, needs_nixos
from nsguard_harness.bench import peers, starts
from nsguard_harness.bench.figures import OURS
from nsguard_harness.checkout import SCENARIOS
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.scenario import apply
from nsguard_harness.target import wait_for_tunnel

pytestmark = [pytest.mark.lab, needs_nixos]


def test_a_peer_takes_turns_with_nsguard() -> None:
    tree = Path(os.environ["NSGUARD_NIXOS_IMAGE"])
    closures = peers.parse([f"other={closure_of(f'{{ imports = [ {NIXOS}/peer.nix ]; }}')}"])
    with ContainerLab() as lab, peers.booted(closures, tree) as machines:
        starts.install(lab.client, apply(lab.client, SCENARIOS / "bench.nix"))
        wait_for_tunnel(lab)
        figures = peers.measure(lab.client, machines, 1)
        assert [figure.name for figure in figures] == [*peers.GOALS, peers.COMMAND_OF]
        assert [figure.goals for figure in figures] == [*({"other": goal} for goal in peers.GOALS.values()), {}]
        for figure in figures:
            for measured in (figure.samples, figure.processor):
                assert measured.keys() == {OURS, "other"}
                assert all(len(samples) == 1 and samples[0] > 0 for samples in measured.values())
        # the links of the last start are there, so the timed start was that of the peer's unit
        machines["other"].succeed("ip link show peer0", "ip -n peer link show peer1")
        machines["other"].succeed(peers.in_turn("other", machines["other"])[peers.DOWN_OF])
        machines["other"].fail("ip link show peer0")
        machines["other"].fail("test -e /run/netns/peer")
