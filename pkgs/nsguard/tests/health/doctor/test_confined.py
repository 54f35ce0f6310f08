"""Doctor's checks of what runs inside, by what they say."""

from nsguard.health.doctor.confined import _publish

PUBLISH = "nsguard.namespaces.vpn.publish"


def test_the_line_for_an_unpublished_port_takes_a_name_that_is_free() -> None:
    line = _publish("vpn", "prowlarr.service", [9696], set()).remedy
    assert line == f'to let the host reach it: {PUBLISH}.prowlarr = {{ listen = [ "127.0.0.1:9696" ]; port = 9696; }};'


def test_where_its_name_is_taken_both_ways_out_are_said() -> None:
    line = _publish("vpn", "prowlarr.service", [9696, 9697], {"prowlarr"}).remedy
    assert line == (
        f"if {PUBLISH}.prowlarr should lead there, set its port = 9696; else, to let the host reach it: "
        f'{PUBLISH}.prowlarr-9696 = {{ listen = [ "127.0.0.1:9696" ]; port = 9696; }};'
    )
