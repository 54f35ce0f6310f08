"""Rules on the host that a firewall has flushed."""

from box import LINK, NAME, Box, spec

CLIENTS, LINKED = (f"/etc/nsguard/{NAME}/{name}.nft" for name in ("clients", "host-link"))


def test_what_a_firewall_flushed_is_laid_again(any_box: Box) -> None:
    box = any_box
    box.write(CLIENTS, f"table inet nsguard_from-{NAME} {{\n}}\n")
    box.write(LINKED, f"table inet nsguard_link-{NAME} {{\n}}\n")
    box.write_spec(spec() | {"hostLink": LINK, "rulesets": spec()["rulesets"] | {"clients": CLIENTS}})
    assert box.nsguard("netns", "rules", NAME).returncode == 0
    assert box.traces() == []  # a namespace that is down stays down
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    before = _tables(box)
    assert set(before) == {"nsguard_pins", f"nsguard_from-{NAME}", f"nsguard_link-{NAME}"}
    box.out("nft", "flush", "ruleset")
    done = box.nsguard("netns", "rules", NAME)
    assert done.returncode == 0, done.stderr
    assert _tables(box) == before
    assert "link add" not in done.stderr
    box.nsguard("tunnel", "down", NAME)
    box.out("nft", "flush", "ruleset")
    assert box.nsguard("netns", "rules", NAME).returncode == 0
    assert "nsguard_pins" not in _tables(box)


def _tables(box: Box) -> dict[str, str]:
    names = [line.split()[-1] for line in box.out("nft", "list", "tables").splitlines()]
    return {name: box.out("nft", "list", "table", "inet", name) for name in names}
