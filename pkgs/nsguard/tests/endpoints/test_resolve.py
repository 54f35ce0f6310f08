"""Looking up the names of endpoints."""

from box import NAME, Box, config


def test_names_are_looked_up_before_anything_changes(box: Box) -> None:
    box.write("/run/tunnel.conf", config(endpoint="nowhere.invalid:51820"))
    box.nsguard("netns", "up", NAME)
    box.behave()
    done = box.nsguard("tunnel", "up", NAME)
    assert done.returncode == 1
    assert done.stderr.startswith("nsguard: endpoint nowhere.invalid: ")
    assert done.stderr.count("\n") == 1
    assert not (box.shim / "calls").exists()
    box.write("/etc/hosts", "127.0.0.1 localhost\n192.0.2.1 vpn.example\n127.0.0.9 vpn.example\n", 0o644)
    box.write("/run/tunnel.conf", config(endpoint="vpn.example:51820"))
    assert box.nsguard("tunnel", "up", NAME).returncode == 0
    assert "192.0.2.1" in box.elements()[0]
    assert "127.0.0." not in box.elements()[0]


def test_a_name_that_leads_back_to_this_host_is_no_endpoint(box: Box) -> None:
    box.write("/etc/hosts", "127.0.0.1 localhost\n255.255.255.255 everybody.example\n", 0o644)
    box.nsguard("netns", "up", NAME)
    for name, address in (("localhost", "127.0.0.1"), ("everybody.example", "255.255.255.255")):
        box.write("/run/tunnel.conf", config(endpoint=f"{name}:51820"))
        box.behave()
        done = box.nsguard("tunnel", "up", NAME)
        assert done.returncode == 1
        assert done.stderr == (
            f"nsguard: endpoint {name}: no address that a peer can have, only {address}; "
            "check the host's resolver or give an address\n"
        )
        assert not (box.shim / "calls").exists()
