"""The tests of a module of the program are found by the module's name, or in the table here."""

from __future__ import annotations

import ast

import layers

PROGRAM = layers.ROOT / "pkgs/nsguard"
TESTS = PROGRAM / "tests"
BELOW = (TESTS, layers.ROOT / "harness/tests", layers.ROOT)

# Module without a test of its name → the tests that run it, below pkgs/nsguard/tests, harness/tests or the checkout.
THROUGH = {
    "apps": ["apps/test_launch.py"],
    "apps/wayland": ["apps/test_display.py"],
    "command": ["lifecycle/test_netns.py"],
    "endpoints/lookup": ["endpoints/test_resolve.py", "lab/test_endpoints.py"],
    "errors": ["system/test_process.py"],
    "forward/programs": ["forward/test_listen_port.py"],
    "health/doctor/homes": ["lab/test_doctor_services.py"],
    "health/doctor/inside": ["lab/test_doctor.py"],
    "health/doctor/rules": ["lab/test_doctor.py"],
    "health/doctor/sockets": ["lab/test_doctor_services.py"],
    "health/doctor/view": ["lab/test_doctor_services.py"],
    "health/host_services": ["health/test_status.py"],
    "health/judge": ["checks/test_judge.py"],
    "health/judge/commands": ["checks/test_judge.py"],
    "health/judge/exposed": ["checks/test_judge.py"],
    "health/judge/lacking": ["checks/test_judge.py"],
    "health/judge/paths": ["checks/test_judge.py"],
    "health/judge/text": ["checks/test_judge.py"],
    "health/judge/unit": ["checks/test_judge.py"],
    "health/members": ["lab/test_members.py"],
    "init/stream": ["init/test_main.py"],
    "lifecycle/late": ["lab/test_heals.py"],
    "lifecycle/teardown": ["lifecycle/test_netns.py", "lifecycle/test_tunnel.py"],
    "net/as_service": ["health/test_exit_address.py"],
    "net/links": ["lifecycle/test_tunnel_changes.py"],
    "net/listening": ["health/test_status.py"],
    "net/mtu": ["lifecycle/test_hops.py"],
    "net/wireguard": ["lifecycle/test_tunnel_changes.py"],
    "options": ["test_cli.py"],
    "paths": ["spec/test_spec.py"],
    "run/errors": ["lab/test_run_refusals.py"],
    "run/session": ["run/test_supervise.py"],
    "run/spawn": ["run/test_supervise.py"],
    "run/streams": ["lab/test_run.py"],
    "run/terminal": ["lab/test_run.py"],
    "spec/config": ["spec/test_wgquick.py"],
    "spec/field": ["spec/test_spec.py"],
    "spec/model": ["spec/test_wgquick.py"],
    "spec/ports": ["spec/test_spec.py"],
    "spec/values": ["spec/test_wgquick.py", "spec/test_spec.py"],
    "system/child": ["run/test_supervise.py"],
    "system/kernel": ["run/test_supervise.py"],
    "system/printable": ["health/test_summary.py"],
    "system/systemd": ["lifecycle/test_settle.py", "health/test_confined.py"],
    "system/unix": ["lab/test_members.py"],
    "verify": ["run/test_supervise.py"],
}
# Tests whose subject is no single module.
SUBJECTS = {
    "lifecycle/test_hops.py": "a tunnel through another, from its link to its MTU",
    "spec/test_providers.py": "files of providers",
}


def modules() -> set[str]:
    """Modules of the program that hold code, by their paths without a suffix; a package is its folder's name."""
    source = PROGRAM / "src/nsguard"
    named = set()
    for path in source.rglob("*.py"):
        holds_code = any(
            isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.walk(ast.parse(path.read_text()))
        )
        if holds_code and path.name != "__main__.py":
            name = path.relative_to(source).with_suffix("").as_posix()
            named.add(name.removesuffix("/__init__"))
    return named | {f"init/{path.stem}" for path in (PROGRAM / "init").glob("*.c")}


def files() -> set[str]:
    """Files with tests of the program, by their paths below its tests."""
    return {path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")}


def own(module: str, test: str) -> bool:
    """Whether a test belongs to a module by its name: `net/test_nft.py` or `net/test_nft_sets.py` of `net/nft`."""
    folder, _, name = module.rpartition("/")
    there, _, file = test.rpartition("/")
    stem = file.removesuffix(".py")
    return folder == there and (stem == f"test_{name}" or stem.startswith(f"test_{name}_"))


def test_every_module_has_a_test_of_its_name_or_a_row_here() -> None:
    tests = files()
    without = {module for module in modules() if not any(own(module, test) for test in tests)}
    assert without - THROUGH.keys() == set(), "add pkgs/nsguard/tests/FOLDER/test_MODULE.py, or a row to THROUGH"
    assert THROUGH.keys() - without == set(), "remove these rows: a test has the module's name, or the module is gone"


def test_every_test_is_named_after_a_module_of_its_folder() -> None:
    named = modules()
    strays = {test for test in files() if not any(own(module, test) for module in named)}
    assert strays == SUBJECTS.keys(), "name a test after a module of its folder, or add it to SUBJECTS"


def test_the_rows_name_tests_that_there_are() -> None:
    named = {test for tests_of_module in THROUGH.values() for test in tests_of_module}
    assert [test for test in sorted(named) if not any((folder / test).is_file() for folder in BELOW)] == []


def test_every_unit_test_of_the_harness_is_named_after_what_it_tests() -> None:
    """A module or a folder of the harness, or what the tests share."""
    harness = layers.ROOT / "harness"
    sources = [*(harness / "src/nsguard_harness").rglob("*"), *(harness / "tests/support").glob("*.py")]
    named = {path.stem for path in sources if path.suffix == ".py" or path.is_dir()}
    strays = {path.name for path in (harness / "tests/unit").glob("test_*.py")} - {f"test_{name}.py" for name in named}
    assert strays == set()
