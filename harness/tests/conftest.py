"""What all tests share: their order, the reasons to skip some, and one lab for those that leave it as it was."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from hypothesis import HealthCheck, settings

from nsguard_harness.lab.container import ContainerLab
from waits import Waits
from watches import many_watches

# Workers get the files in this order. The longest begin first, so that no worker is busy long after the others.
# docs/performance.md has how long each is, and how much of that it waits.
LONGEST = (
    *("test_app_leaks", "test_hops", "test_tunnel", "test_leaks", "test_browser", "test_forwarding", "test_faults"),
    *("test_planted", "test_ways_out", "test_fifty", "test_doctor", "test_endpoints", "test_changes", "test_live"),
    *("test_firefox", "test_run_leaks", "test_exceptions", "test_service", "test_publish", "test_loosenings"),
    *("test_run", "test_doctor_services", "test_torrent_apps", "test_apps", "test_site", "test_newer_systemd"),
    *("test_mutants", "test_health"),
)
PROGRAMS = ("mmdebstrap", "systemd-nspawn", "nsenter", "setpriv", "tcpdump", "wg", "ip", "nft")

# A test may take long on a busy machine: that is no failure.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
# Where a package is built. What that tests are its declared inputs and the sandbox; `make test` tries all examples.
settings.register_profile("build", settings.get_profile("untimed"), max_examples=10)


def pytest_configure(config: pytest.Config) -> None:
    """Handle interrupts even in the background, where jobs, and all programs that tests start, would ignore them."""
    config.pluginmanager.register(Waits())
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.geteuid() == 0 and not hasattr(config, "workerinput"):  # once for all workers
        stack = ExitStack()
        config.add_cleanup(stack.close)
        with suppress(OSError):  # /proc/sys is read-only: fewer labs run side by side then
            stack.enter_context(many_watches())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the longest files to the front; skip lab tests that can't run here, with the reason."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    why = "lab tests need root" if os.geteuid() else f"lab tests need {', '.join(missing)}; `make deps` installs them"
    if os.geteuid() == 0 and not missing:
        return
    for item in items:
        if item.get_closest_marker("lab"):
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def lab() -> Iterator[ContainerLab]:
    """A running lab. A test leaves it as it was."""
    with ContainerLab() as lab:
        yield lab
