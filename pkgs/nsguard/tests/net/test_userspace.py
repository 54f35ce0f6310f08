"""What wireguard-go gets."""

from box import NAME, PEER, PRIVATE, Box, spec


def test_wireguard_go_gets_keys_mark_and_port(box: Box) -> None:
    box.write_spec(spec(listenPort=51777))
    box.nsguard("netns", "up", NAME)
    assert box.nsguard("tunnel", "up", NAME).returncode == 0
    device = "nsg-1a2b3c4d"
    assert box.out("wg", "show", device, "private-key").strip() == PRIVATE
    assert box.out("wg", "show", device, "fwmark").strip() == "0x6e7abcde"
    assert box.out("wg", "show", device, "listen-port").strip() == "51777"
    assert box.out("wg", "show", device, "endpoints").split() == [PEER, "198.51.100.7:51820"]
    assert box.state()["implementation"] == "userspace"
