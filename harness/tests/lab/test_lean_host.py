"""Confined services create only what their units declare on the host, and start where nothing can be created."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nsguard_harness import scenario
from nsguard_harness.checkout import SCENARIOS
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import debian_client
from nsguard_harness.lab.image import APPS, image

pytestmark = pytest.mark.lab

UNITS = "app-root.service app-user.service nsguard-app-plain.service nsguard-app-boxed.service"
STATE = {"/var/lib/nsguard-app-plain", "/var/lib/nsguard-app-boxed"}
# directories that disappear with the machine, or with the service (systemd.exec(5), PrivateTmp=)
TRANSIENT = "/(proc|sys|dev|run|tmp|var/tmp)"
# As on an image or an appliance, all but /var is read-only. This is also systemd's root (pivot_root(2)).
READ_ONLY = (
    "mount --make-rprivate /; mkdir /run/root; mount --rbind / /run/root",
    "mount -o remount,bind,ro /run/root; mount --bind /var /run/root/var; cd /run/root; pivot_root . mnt",
    "umount --lazy /mnt; mount --make-rshared /",
)


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with ContainerLab(debian_client(image(APPS))) as lab:
        for path in ("/net", "/nix/var/nix/daemon-socket", "/var/lib/incus", "/var/lib/sss", "/var/lib/dhcpcd"):
            lab.client.fail(f"test -e {path}")
        yield lab


def directories(lab: ContainerLab) -> set[str]:
    paths = lab.client.succeed(f"find / -regextype posix-extended -regex '{TRANSIENT}' -prune -o -type d -print")
    return set(paths.splitlines())


def test_nothing_is_made_on_the_host(lab: ContainerLab) -> None:
    plans = [scenario.render(SCENARIOS / f"{name}.nix") for name in ("demo", "apps")]
    for plan in plans:
        scenario.install(lab.client, plan)
    before = directories(lab)
    for plan in plans:
        scenario.start(lab.client, plan)
    lab.client.succeed(f"systemctl is-active {UNITS}")
    assert directories(lab) - before == STATE


def test_services_and_apps_start_on_a_read_only_system(lab: ContainerLab) -> None:
    lab.client.succeed("; ".join(READ_ONLY))
    lab.client.fail("mkdir /net", "mkdir /nix/var/nix/daemon-socket")
    lab.client.succeed(f"systemctl restart {UNITS}", f"systemctl is-active {UNITS}")
