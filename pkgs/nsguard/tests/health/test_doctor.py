"""What the doctor says where it can look at nothing else."""

from box import NAME, Box, spec


def test_a_spec_that_cannot_be_read_is_the_only_finding(box: Box) -> None:
    box.write_spec(spec() | {"version": 7})
    done = box.nsguard("doctor", NAME)
    what = (
        "vpn: spec: /etc/nsguard/vpn/spec.json: version: not 1, the only one that this nsguard reads; "
        "regenerate it with nixos-rebuild switch\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, what, "")
    assert box.nsguard("doctor", "nowhere").returncode == 2
