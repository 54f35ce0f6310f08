# The machine starts while the tunnel's endpoint is down: the service runs without a way out until the endpoint is up.
{
  modules = [ ({ pkgs, ... }: { environment.systemPackages = [ pkgs.curl ]; }) ];

  script = ''
    client = lab.client
    reach = f"ip netns exec vpn ping -c 1 -W 1 {lab.addresses.tunnel_server.v4}"
    beyond = f"ip netns exec vpn curl -s -m 3 http://{lab.addresses.web.v4}/"

    client.wait_until_succeeds(f"{beyond} -o /dev/null")
    lab.peer.stop_wireguard()
    try:
        client.reboot()
        for unit in ("nsguard-netns-vpn.service", "nsguard-tunnel-vpn.service", "app.service"):
            client.wait_for_unit(unit)
        client.fail(reach)
        client.fail(beyond)
        # the host itself still reaches the network
        client.succeed(f"curl -s -m 20 -o /dev/null http://{lab.addresses.web.v4}/")
        life = client.get_unit_property("app.service", "InvocationID")
    finally:
        lab.peer.start_wireguard()
    client.wait_until_succeeds(reach)
    client.succeed(f"{beyond} -o /dev/null")
    assert client.get_unit_property("app.service", "InvocationID") == life
  '';
}
