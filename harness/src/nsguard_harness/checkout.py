"""Where the project's other rooms lie in a checkout; the harness is run from one."""

from pathlib import Path

ROOT = Path(__file__).parents[3]
PLAN = ROOT / "modules/plan"
RUNTIME = ROOT / "pkgs/nsguard"
SCENARIOS = ROOT / "harness/scenarios"
GUARDS = ROOT / "harness/guards"
