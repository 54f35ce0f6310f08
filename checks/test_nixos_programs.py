"""Debian's own programs in the units of nixpkgs' modules, confined on NixOS: each does its work, and nothing leaks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from awaited import until
from browsing import new_token, sources, watched
from closures import NIXOS, booted, closure, needs_nixos, with_programs
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.image import Recipe
from nsguard_harness.target import wait_for_tunnel

pytestmark = [pytest.mark.lab, needs_nixos]
PROGRAMS = Recipe(
    more=(
        *("gcc", "libc6-dev", "openssh-client"),
        *("nginx-light", "postgresql", "redis-server", "soju", "transmission-daemon", "unbound"),
    )
)
INSIDE = "ip netns exec vpn"
PATIENCE = 60  # seconds
SERVICES = ("nginx", "postgresql", "redis", "soju", "transmission", "unbound")


class WithSsh(ContainerLab):
    """A lab whose server has sshd."""

    far_end = Recipe(more=("openssh-server",))


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with booted(closure(NIXOS / "programs.nix"), WithSsh, with_programs(PROGRAMS)) as lab:
        wait_for_tunnel(lab)
        for service in SERVICES:
            lab.client.wait_for_unit(f"{service}.service")
        token = new_token()
        with watched(lab, token) as judgement:  # control: a request from outside is seen
            lab.client.succeed(f"curl -s http://{LAB.web.v4}/{token}")
        assert judgement().of(token)
        yield lab


@pytest.fixture(autouse=True)
def _nothing_leaks(lab: ContainerLab) -> Iterator[None]:
    with watched(lab, new_token()) as judgement:
        yield
    assert not judgement().void
    assert judgement().leaks == ()


def stays(lab: ContainerLab, service: str) -> None:
    """Restart a service, and see that its main process is in the namespace, once systemd knows that process."""
    lab.client.succeed(f"systemctl restart {service}", timeout=60)
    main = f"/proc/$(systemctl show -P MainPID {service})/ns/net"
    lab.client.wait_until_succeeds(f'test "$(stat -Lc %i {main})" = "$(stat -Lc %i /run/netns/vpn)"', PATIENCE)


def test_no_unit_was_left_out_of_the_boot(lab: ContainerLab) -> None:
    """By itself, unbound would start before units for which its tunnel waits."""
    assert "cycle" not in lab.client.succeed("journalctl -b -o cat _PID=1")
    assert lab.client.succeed("systemctl is-system-running").strip() == "running"
    assert lab.client.execute("nsguard doctor vpn")[0] == 0


def test_nginx_serves_a_page_and_passes_on_through_the_tunnel(lab: ContainerLab) -> None:
    stays(lab, "nginx")
    for prefix, port in ((INSIDE, 80), ("", 8080)):
        lab.client.wait_until_succeeds(f'test "$({prefix} curl -s http://127.0.0.1:{port}/)" = "a page"', PATIENCE)
        assert lab.client.succeed(f"{prefix} curl -s http://127.0.0.1:{port}/ip").strip() == LAB.tunnel_client.v4


def test_postgresql_keeps_its_tables(lab: ContainerLab) -> None:
    def sql(text: str) -> str:
        pid = lab.client.get_unit_property("postgresql.service", "MainPID")
        user = "setpriv --reuid postgres --regid postgres --clear-groups"
        psql = f'/usr/lib/postgresql/17/bin/psql -h /run/postgresql shop -qtAc "{text}"'
        return lab.client.succeed(f"nsenter -t {pid} -m {user} {psql}").strip()

    sql("create table films (name text); insert into films values ('one')")
    stays(lab, "postgresql")
    assert sql("select name from films") == "one"


def test_redis_keeps_its_keys(lab: ContainerLab) -> None:
    assert lab.client.succeed(f"{INSIDE} redis-cli set film one").strip() == "OK"
    stays(lab, "redis")
    assert lab.client.succeed(f"{INSIDE} redis-cli get film").strip() == "one"


def test_soju_answers_and_keeps_its_database_as_a_made_user(lab: ContainerLab) -> None:
    stays(lab, "soju")
    ask = f"printf 'CAP LS 302\\r\\n' | {INSIDE} socat -t 5 - TCP:127.0.0.1:6667"
    lab.client.wait_until_succeeds(f"{ask} | grep -q 'CAP [*] LS .*soju.im/bouncer-networks'", PATIENCE)
    assert lab.client.succeed("stat -c %U /var/lib/private/soju/soju.db").strip() == "soju"
    assert 61184 <= int(lab.client.succeed("stat -c %u /var/lib/private/soju/soju.db")) <= 65519


def test_transmission_asks_its_tracker_through_the_tunnel(lab: ContainerLab) -> None:
    stays(lab, "transmission")
    token = new_token()
    url = f"{INSIDE} curl -s http://127.0.0.1:9091/transmission/rpc"
    lab.client.wait_until_succeeds(f"{url} | grep -q 409", PATIENCE)
    session = lab.client.succeed(f"{url} -D - -o /dev/null | tr -d '\\r' | grep -i ^x-transmission-session-id:").strip()
    link = f"magnet:?xt=urn:btih:{40 * 'a'}&tr=http://{LAB.web.v4}/{token}/announce"
    add = f'{{"method": "torrent-add", "arguments": {{"filename": "{link}"}}}}'
    assert '"success"' in lab.client.succeed(f"{url} -H '{session}' -d '{add}'")
    asked = until(lambda: sources(lab, "web", f"/{token}/announce"), "the tracker was not asked")
    assert asked == {LAB.tunnel_client.v4}


def test_unbound_asks_the_tunnels_resolver(lab: ContainerLab) -> None:
    stays(lab, "unbound")
    name = f"{new_token()}.leak.test"
    answer = f"{INSIDE} dig +short -p 5335 @127.0.0.1 {name}"
    lab.client.wait_until_succeeds(f"{answer} | grep -q {LAB.answer_tunnel.v4}", PATIENCE)
    assert sources(lab, "dns", name) <= set(LAB.tunnel_client)


def test_a_command_compiles_and_logs_in_elsewhere(lab: ContainerLab) -> None:
    """The far end's sshd sees the tunnel's address."""
    lab.client.write_files({"/home/alice/one.c": '#include <stdio.h>\nint main(void) { puts("compiled"); }\n'})
    become = "setpriv --reuid alice --regid users --init-groups"
    by = f"cd /home/alice; HOME=/home/alice PATH=/run/current-system/sw/bin:/usr/bin {become} nsguard run vpn --"
    lab.client.succeed(f"{by} gcc -o one one.c")
    assert lab.client.succeed(f"{by} ./one") == "compiled\n"
    lab.client.succeed(f"{by} ssh-keygen -q -t ed25519 -N '' -f /home/alice/key")
    lab.server.write_files({"/root/.ssh/authorized_keys": lab.client.succeed("cat /home/alice/key.pub")}, 0o600)
    ssh = f"ssh -i key -o BatchMode=yes -o StrictHostKeyChecking=accept-new root@{LAB.web.v4}"
    told = lab.client.succeed(f"{by} {ssh} 'echo $SSH_CONNECTION'", timeout=60).split()
    assert told[0] == LAB.tunnel_client.v4
