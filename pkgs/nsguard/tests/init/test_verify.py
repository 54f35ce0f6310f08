"""nsguard-init runs the command only in the namespace of its unit."""

import pytest

from box import NAME, Box
from in_front import run


def test_it_runs_nothing_outside_of_the_namespace(box: Box, init: str) -> None:
    def verify(*enter: str) -> tuple[int, str, str]:
        done = run(box, *enter, init, f"--netns={NAME}", "echo", "ran")
        return done.returncode, done.stdout, done.stderr

    status, said, error = verify()
    assert (status, said) == (255, "")
    assert error == (
        "nsguard: vpn: cannot tell where this process is: No such file or directory; is nsguard-netns-vpn.service up?\n"
    )
    box.nsguard("netns", "up", NAME)
    assert verify() == (
        255,
        "",
        "nsguard: vpn: this process is in the host's network namespace; its unit needs NetworkNamespacePath=\n",
    )
    assert verify("ip", "netns", "exec", NAME) == (0, "ran\n", "")
    status, said, error = verify("unshare", "--net")
    assert (status, said) == (255, "")
    assert error.endswith("; restart it after nsguard-netns-vpn.service\n")
    # As in a confined unit, which sees only inside/ of the state directory.
    bound = ("unshare", "--mount", "sh", "-c", 'mount --bind /run/nsguard/vpn/inside /run/nsguard && exec "$@"', "sh")
    assert verify(*bound, "ip", "netns", "exec", NAME) == (0, "ran\n", "")
    assert verify(*bound)[0] == 255
    # without a command, as a unit runs the check before commands that the plan does not know
    assert run(box, "ip", "netns", "exec", NAME, init, f"--netns={NAME}").returncode == 0
    assert run(box, init, f"--netns={NAME}").returncode == 255


@pytest.mark.parametrize(
    "text",
    [
        *("", "namespace", "namespace x\nhost 1\n", "host 1\n", "namespace 1\nhost 1\nmore 2\n", "namespace 1 host"),
        "x" * 1000,
    ],
)
def test_a_broken_identity_is_a_no(box: Box, init: str, text: str) -> None:
    box.nsguard("netns", "up", NAME)
    box.write("/run/nsguard/vpn/inside/identity", text)
    done = run(box, "ip", "netns", "exec", NAME, init, f"--netns={NAME}", "echo", "ran")
    assert (done.returncode, done.stdout) == (255, "")
    assert done.stderr == (
        "nsguard: vpn: cannot tell where this process is: the identity file is malformed; "
        "reload nsguard-netns-vpn.service\n"
    )


@pytest.mark.parametrize("name", ["", "../vpn", "a/b", "x" * 33, "-x", "vpn\n"])
def test_odd_names_are_no_namespace(box: Box, init: str, name: str) -> None:
    done = run(box, init, f"--netns={name}", "echo", "ran")
    assert (done.returncode, done.stdout) == (255, "")
    assert done.stderr == (
        "nsguard: cannot tell where this process is: its unit names no namespace; "
        "regenerate it with nixos-rebuild switch\n"
    )
