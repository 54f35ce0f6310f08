"""What nsguard adds to the evaluation of a host: `make bench-eval`. Printed, never asserted.

--json prints the share of values alone, {host: share}, for `make bench`.

The host is checks/cost.nix, evaluated by nixpkgs' module system with stand-ins for packages. Nix reports how many
values it evaluates, the same in each run, and how much memory it allocates; the time is the least processor time of
three runs. Packages cost nothing here, so a real host takes longer to evaluate, and nsguard's share is smaller.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nix import nixos_arguments
from rich.console import Console
from rich.table import Table

CHECKS = Path(__file__).parent
ROUNDS = 3
# Each block begins with the host that the others in the block are compared with.
HOSTS = {
    "a host without nsguard": {
        "": "{ nsguard = false; }",
        "the module alone": "{ }",
        "1 namespace": "{ namespaces = 1; }",
        "10 namespaces": "{ namespaces = 10; }",
        "100 namespaces": "{ namespaces = 100; }",
    },
    "a bare one": {
        "": "{ bare = true; nsguard = false; }",
        "10 namespaces": "{ bare = true; namespaces = 10; }",
    },
    "with 50 more services": {
        "": "{ nsguard = false; services = 50; }",
        "10 namespaces": "{ namespaces = 10; services = 50; }",
        "and the 50 confined": "{ namespaces = 10; services = 50; confined = true; }",
    },
}


@dataclass(frozen=True)
class Cost:
    """seconds: processor time, the least of all rounds; thunks: delayed values; bytes: memory that was allocated."""

    seconds: float
    thunks: int
    bytes: int


def cost(arguments: str, host: str, rounds: int = ROUNDS) -> Cost:
    """The cost of evaluating a host. Raises SystemExit with Nix's own message."""
    store = ["--option", "store", "dummy://"]
    expression = f"import {CHECKS}/cost.nix {arguments} {host}"
    costs = []
    for _ in range(rounds):
        done = subprocess.run(
            ["nix-instantiate", *store, "--eval", "--strict", "-E", expression],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "NIX_SHOW_STATS": "1"},
        )
        if done.returncode:
            sys.exit(done.stderr)
        statistics = json.loads(done.stderr[done.stderr.index("{") :])
        costs.append(Cost(statistics["cpuTime"], statistics["nrThunks"], statistics["gc"]["totalBytes"]))
    return min(costs, key=lambda cost: cost.seconds)


def shares() -> dict[str, float]:
    """Host → the share of values that nsguard adds to its evaluation."""
    by_host = {}
    with tempfile.TemporaryDirectory() as directory:
        arguments = nixos_arguments(Path(directory))
        for title, hosts in HOSTS.items():
            bare = cost(arguments, hosts[""], rounds=1)
            for name in [name for name in hosts if name]:
                by_host[f"{title}, {name}"] = cost(arguments, hosts[name], rounds=1).thunks / bare.thunks - 1
    return by_host


def main() -> None:
    if not os.environ.get("NSGUARD_NIXPKGS"):
        sys.exit("make bench-eval: set NSGUARD_NIXPKGS to a tree with nixpkgs' lib/ and nixos/ side by side")
    if sys.argv[1:] == ["--json"]:
        print(json.dumps(shares()))
        return
    table = Table(
        "host", "seconds", "thunks", "", "MB", "", title="What it takes to evaluate a host", title_justify="left"
    )
    for column in table.columns[1:]:
        column.justify = "right"
    with tempfile.TemporaryDirectory() as directory:
        arguments = nixos_arguments(Path(directory))
        for title, hosts in HOSTS.items():
            bare = cost(arguments, hosts[""])
            table.add_row(title, f"{bare.seconds:.2f}", f"{bare.thunks:,}", "", f"{bare.bytes / 1e6:.0f}", "")
            for name in [name for name in hosts if name]:
                with_nsguard = cost(arguments, hosts[name])
                more = f"{with_nsguard.thunks / bare.thunks - 1:+.1%}", f"{with_nsguard.bytes / bare.bytes - 1:+.1%}"
                table.add_row(
                    f"  {name}",
                    f"{with_nsguard.seconds:.2f}",
                    f"{with_nsguard.thunks:,}",
                    more[0],
                    f"{with_nsguard.bytes / 1e6:.0f}",
                    more[1],
                )
            table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
