"""The doctor's findings about units on a machine without systemd."""

from box import NAME, Box


def test_the_doctor_knows_what_is_down_where_there_are_no_units(box: Box) -> None:
    box.kernel_wireguard()
    done = box.nsguard("doctor")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "vpn: units: netns vpn is down; nsguard netns up vpn",
        "vpn: units: tunnel vpn is down; nsguard tunnel up vpn",
    ]
    box.nsguard("netns", "up", NAME)
    assert box.nsguard("doctor").stdout == "vpn: units: tunnel vpn is down; nsguard tunnel up vpn\n"
