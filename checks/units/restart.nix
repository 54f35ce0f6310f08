# Who restarts whom: the service starts and stops with its namespace, and keeps running while the tunnel comes and goes.
{
  script = ''
    client = lab.client
    units = {
        "netns": "nsguard-netns-vpn.service",
        "tunnel": "nsguard-tunnel-vpn.service",
        "refresh": "nsguard-refresh-vpn.timer",
        "app": "app.service",
    }
    reach = f"ip netns exec vpn ping -c 1 -W 1 {lab.addresses.tunnel_server.v4}"


    def lives():
        return {name: client.get_unit_property(unit, "InvocationID") for name, unit in units.items()}


    def begun_anew(*commands):
        """Which units have another life after it, all being up and the tunnel through."""
        before = lives()
        client.succeed(*commands, timeout=300)
        for unit in units.values():
            client.wait_for_unit(unit)
        client.wait_until_succeeds(reach)
        return {name for name, life in lives().items() if life != before[name]}


    process = f"/proc/$(systemctl show --value -p MainPID {units['app']})"


    def inside():
        return client.succeed(f"readlink {process}/ns/net")


    def marked():
        return "127.9.9.9" in client.succeed(f"nsenter --net={process}/ns/net ip -o address show dev lo")


    begun_anew("true")
    assert begun_anew(f"systemctl restart {units['app']}") == {"app"}
    assert begun_anew(f"systemctl restart {units['tunnel']}") == {"tunnel", "refresh"}
    assert begun_anew(f"systemctl reload {units['tunnel']}") == set()
    assert begun_anew(f"systemctl reload {units['netns']}") == set()

    # an address marks the old namespace, because the new one may get the same number
    client.succeed("ip -n vpn address add 127.9.9.9/32 dev lo")
    assert marked()
    assert begun_anew(f"systemctl restart {units['netns']}") == {"netns", "tunnel", "refresh", "app"}
    assert not marked(), "the service is in the namespace that is no more"
    assert inside() == client.succeed("ip netns exec vpn readlink /proc/self/ns/net")

    # without the tunnel the service keeps running and has no route
    before = lives()["app"]
    client.succeed(f"systemctl stop {units['tunnel']}", timeout=300)
    assert lives()["app"] == before
    assert client.succeed("ip -n vpn route show table all type unicast") == ""
    client.fail(reach)
    assert begun_anew(f"systemctl start {units['tunnel']}") == {"tunnel", "refresh"}

    # a killed service restarts by itself, in its namespace
    before = lives()["app"]
    client.succeed(f"systemctl kill --signal=KILL {units['app']}")
    client.wait_until_succeeds(
        f"test $(systemctl show --value -p InvocationID {units['app']}) != {before} && systemctl is-active {units['app']}"
    )
    assert inside() == client.succeed("ip netns exec vpn readlink /proc/self/ns/net")
  '';
}
