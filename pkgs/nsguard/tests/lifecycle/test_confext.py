"""The files that a namespace's units see in /etc."""

import pytest

from box import NAME, Box, spec


@pytest.mark.parametrize(
    ("host", "lines"),
    [
        ("tower", "127.0.0.1 tower\n::1 tower\n"),
        (
            "tower.example.org",
            "".join(f"{a} {n}\n" for n in ("tower.example.org", "tower") for a in ("127.0.0.1", "::1")),
        ),
        ("localhost", ""),  # hosts has this name already
        ("nas", ""),  # an option gives this name another address
        ("NAS", ""),  # host names are case-insensitive (RFC 4343)
        ("10.0.0.1", ""),
        ("two words", ""),
    ],
)
def test_the_machine_has_its_own_name_inside(box: Box, host: str, lines: str) -> None:
    wanted = spec()
    wanted["etc"] = {"hosts": "127.0.0.1 localhost\n10.66.0.5 nas\n"}
    box.write_spec(wanted)
    up_on(box, host)
    assert box.out("cat", "/run/nsguard/vpn/confext/etc/hosts") == "127.0.0.1 localhost\n10.66.0.5 nas\n" + lines


def up_on(box: Box, host: str) -> None:
    """`nsguard netns up` on a machine of that name."""
    named = f"echo '{host}' > /proc/sys/kernel/hostname; exec \"$@\""
    done = box.run("unshare", "--uts", "sh", "-c", named, "sh", box.launcher, "netns", "up", NAME)
    assert done.returncode == 0, done.stderr


def test_another_host_name_is_laid_by_a_reload(box: Box) -> None:
    box.write_spec(spec() | {"etc": {"hosts": "127.0.0.1 localhost\n"}})
    for host in ("tower", "castle"):
        up_on(box, host)
        for tree in ("confext", "confext-accounts"):
            assert box.out("cat", f"/run/nsguard/vpn/{tree}/etc/hosts") == (
                f"127.0.0.1 localhost\n127.0.0.1 {host}\n::1 {host}\n"
            )


def test_the_files_of_a_unit_are_not_those_of_a_namespace(box: Box) -> None:
    wanted = spec()
    wanted["etc"] = {"passwd": "root::0:0::/:\n"}
    box.write_spec(wanted)
    done = box.nsguard("netns", "up", NAME)
    assert done.returncode == 2
    assert done.stderr == (
        "nsguard: /etc/nsguard/vpn/spec.json: etc: passwd is nsguard's own; regenerate it with nixos-rebuild switch\n"
    )
