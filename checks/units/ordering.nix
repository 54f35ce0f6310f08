# When the machine starts: first the namespace, then the tunnel, then the service. When it stops: the other way round.
{
  script = ''
    client = lab.client
    netns, tunnel, app = "nsguard-netns-vpn.service", "nsguard-tunnel-vpn.service", "app.service"


    def at(unit, moment):
        return int(client.get_unit_property(unit, f"{moment}TimestampMonotonic"))


    def in_order(*moments):
        times = [at(*moment) for moment in moments]
        assert all(times), (moments, times)
        assert times == sorted(times), (moments, times)


    client.reboot()
    for unit in (netns, tunnel, app):
        client.wait_for_unit(unit)
    in_order((netns, "ActiveEnter"), (tunnel, "InactiveExit"), (tunnel, "ActiveEnter"), (app, "InactiveExit"))

    # requested in the wrong order
    client.succeed(f"systemctl stop {netns} {tunnel} {app}", timeout=300)
    in_order((app, "InactiveEnter"), (tunnel, "ActiveExit"), (tunnel, "InactiveEnter"), (netns, "ActiveExit"))
    client.fail("test -e /run/netns/vpn")

    # a service's start starts the namespace as well
    client.succeed(f"systemctl start {app}", timeout=300)
    in_order((netns, "ActiveEnter"), (app, "InactiveExit"))
    inside = client.succeed(f"readlink /proc/$(systemctl show --value -p MainPID {app})/ns/net")
    assert inside == client.succeed("ip netns exec vpn readlink /proc/self/ns/net")
  '';
}
