"""The paths of the project's other folders in a checkout, from which the harness is run."""

from pathlib import Path

ROOT = Path(__file__).parents[3]
PLAN = ROOT / "modules/plan"
RUNTIME = ROOT / "pkgs/nsguard"
SCENARIOS = ROOT / "harness/scenarios"
GUARDS = ROOT / "harness/guards"
