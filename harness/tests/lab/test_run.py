"""`nsguard run` in the lab: a command behaves as if its caller had started it, terminal and all."""

from __future__ import annotations

import re

import pytest

from labs import lab_of
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab
from people import Person

pytestmark = pytest.mark.lab

RUN = "nsguard run vpn --"

# A client with alice, who may run commands in the namespace, and bob, who may not.
lab = lab_of(scenario.RUN, connected=False, commands="usermod -aG games alice; useradd -m -s /bin/bash bob")


@pytest.fixture
def alice(lab: ContainerLab) -> Person:
    return Person(lab.client, "alice")


def test_a_command_runs_as_its_caller(alice: Person) -> None:
    directly, run = alice.out("id"), alice.out(*RUN.split(), "id")
    assert run == directly
    assert "games" in run
    assert alice.out(*RUN.split(), "sh", "-c", "umask 27; echo; umask").split() == ["0027"]
    assert alice.out("sh", "-c", f"umask 31; {RUN} sh -c umask").split() == ["0031"]
    for directory in ("/home/alice", "/", "/usr/share"):
        assert alice.out(*RUN.split(), "pwd", directory=directory) == f"{directory}\n"


def test_it_is_where_a_service_would_be(alice: Person) -> None:
    assert "wg0" in alice.out(*RUN.split(), "ip", "-br", "link")
    assert "eth0" not in alice.out(*RUN.split(), "ip", "-br", "link")
    assert alice.run(*RUN.split(), "nsguard-init", "--netns=vpn").status == 0
    assert alice.run("nsguard-init", "--netns=vpn").status == 255
    state = alice.out(*RUN.split(), "cat", "/proc/self/status")
    assert re.findall(r"(CapPrm|CapEff|CapAmb):\s+0{16}\n", state) == ["CapPrm", "CapEff", "CapAmb"]
    assert "NoNewPrivs:\t1\n" in state
    assert alice.out(*RUN.split(), "cat", "/etc/resolv.conf").startswith("nameserver 10.66.0.1\n")


@pytest.mark.parametrize("address", LAB.tunnel_server)
def test_ping_works_without_privileges(alice: Person, address: str) -> None:
    # without file capabilities, as NixOS installs it
    alice.out("sh", "-c", "cp $(command -v ping) /home/alice/ping")
    assert "1 received" in alice.out(*RUN.split(), "/home/alice/ping", "-c1", "-W5", address)


def test_commands_and_status_come_back_with_the_namespace(lab: ContainerLab, alice: Person) -> None:
    lab.client.succeed("systemctl stop 'nsguard*'")
    done = alice.run(*RUN.split(), "true")
    assert (done.status, done.errors) == (
        125,
        "nsguard: vpn: the namespace accepts no commands now, because its socket is down; "
        "as root: systemctl start nsguard-run-vpn.socket\n",
    )
    lab.client.succeed("systemctl start nsguard-netns-vpn")  # as the start of a confined service does
    alice.out(*RUN.split(), "true")
    alice.out("nsguard", "status", "vpn", "--no-lines")


def test_the_home_is_the_callers_and_other_homes_are_not(alice: Person) -> None:
    alice.out(*RUN.split(), "sh", "-c", "echo written inside > note", directory="/home/alice")
    assert alice.out("cat", "/home/alice/note") == "written inside\n"
    assert alice.run(*RUN.split(), "ls", "/home/bob").status == 2
    assert alice.run(*RUN.split(), "touch", "/usr/here").status == 1


def test_a_directory_that_is_another_one_inside_is_refused(alice: Person) -> None:
    done = alice.run(*RUN.split(), "pwd", directory="/tmp")
    assert (done.status, done.output) == (125, "")
    assert done.errors == "nsguard: vpn: '/tmp' is a different directory inside; change to another one first\n"
    done = alice.run(*RUN.split(), "pwd", directory="/run/systemd/system")
    assert "no such file or directory inside" in done.errors


@pytest.mark.parametrize(
    ("command", "status", "errors"),
    [
        ("exit 0", 0, ""),
        ("exit 1", 1, ""),
        ("exit 255", 255, ""),
        ("kill -TERM $$", 143, ""),
        ("kill -KILL $$", 137, ""),
        ("kill -SEGV $$", 139, ""),
        ("echo wrong >&2; exit 3", 3, "wrong\n"),
    ],
)
def test_the_status_is_the_commands(alice: Person, command: str, status: int, errors: str) -> None:
    done = alice.run("bash", "-c", f'{RUN} sh -c "$1"; exit $?', "-", command)
    assert (done.status, done.output) == (status, "")
    assert done.errors.endswith(errors)


def test_what_cannot_be_executed_says_so(alice: Person) -> None:
    done = alice.run(*RUN.split(), "no-such-command")
    assert (done.status, done.errors) == (127, "nsguard: vpn: 'no-such-command': command not found inside\n")
    done = alice.run(*RUN.split(), "/no/such/file")
    assert (done.status, done.errors) == (127, "nsguard: vpn: '/no/such/file': no such file inside\n")
    done = alice.run(*RUN.split(), "/etc/passwd")
    assert (done.status, done.errors) == (126, "nsguard: vpn: '/etc/passwd': permission denied\n")


def test_from_inside_there_is_no_way_on(alice: Person) -> None:
    done = alice.run(*RUN.split(), *RUN.split(), "true")
    assert (done.status, done.output) == (125, "")
    assert (
        done.errors
        == "nsguard: you are already inside a namespace; run the command directly, or leave this shell first\n"
    )


def test_arguments_arrive_byte_by_byte(alice: Person) -> None:
    odd = ["a\nb", "", "-n", "--", "ä'\"$(id)`\\", " "]
    assert alice.out(*RUN.split(), "printf", r"%s\0", *odd).split("\0")[:-1] == odd
    words = [*RUN.split(), "sh", "-c", "echo $# ${#1}", "-"]
    many = f"import os; os.execvp('nsguard', {words!r} + ['x' * 100_000] * 12)"
    assert alice.out("python3", "-c", many) == "12 100000\n"


def test_the_environment_tells_nothing_of_the_host(alice: Person) -> None:
    telling = {
        "SSH_CLIENT": "198.51.100.9 1 22",
        "SSH_AUTH_SOCK": "/tmp/agent",
        "http_proxy": "http://198.51.100.1:3128",
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1000/bus",
        "LD_PRELOAD": "",
        "PYTHONPATH": "/home/alice",
        "LC_TIME": "C",
        "EDITOR": "vi",
        "WORD": "given",
    }
    output = alice.out("nsguard", "run", "vpn", "-E", "WORD", "-E", "MORE=a=b", "-E", "ABSENT", "--", "env", **telling)
    variables = dict(line.split("=", 1) for line in output.splitlines())
    assert variables == {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/home/alice",
        "USER": "alice",
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "LC_TIME": "C",
        "EDITOR": "vi",
        "WORD": "given",
        "MORE": "a=b",
        "NSGUARD_NAMESPACE": "vpn",
    }


def test_a_gibibyte_through_a_pipe_arrives_whole(alice: Person) -> None:
    script = (
        "rm -f /home/alice/copy; mkfifo /home/alice/copy; sha256sum < /home/alice/copy > /home/alice/sent & "
        f"head -c 1G /dev/urandom | tee /home/alice/copy | {RUN} cat | sha256sum; wait; cat /home/alice/sent"
    )
    got, sent = alice.out("bash", "-c", script).splitlines()
    assert got == sent


def test_files_and_sockets_as_streams(alice: Person) -> None:
    script = f"{RUN} cat < /etc/passwd > /home/alice/out; cmp /home/alice/out /etc/passwd && echo same"
    assert alice.out("bash", "-c", script) == "same\n"
    assert alice.out("bash", "-c", f"{RUN} sh -c 'cat; echo wrong >&2; echo right' <&- 2>&-") == "right\n"
    # sshd and many supervisors start programs with sockets: data is copied across, and the socket stays outside
    program = f"""
import os, socket, subprocess
ours, theirs = socket.socketpair()
command = {RUN.split()!r} + ["sh", "-c", "readlink /proc/self/fd/0 /proc/self/fd/1; cat"]
child = subprocess.Popen(command, stdin=theirs, stdout=theirs)
theirs.close()
ours.sendall(b"x" * 300000)
ours.shutdown(socket.SHUT_WR)
data = b""
while part := ours.recv(65536):
    data += part
print(child.wait(), data.count(b"x"), data.count(b"pipe:["), data.count(b"socket:["))
"""
    assert alice.out("python3", "-c", program) == "0 300000 2 0\n"


def test_size_and_resize(alice: Person) -> None:
    with alice.shell() as shell:
        shell.type(f"{RUN} stty size")
        assert "30 100" in shell.prompt()
        shell.type(f"{RUN} bash -c 'trap \"stty size\" WINCH; echo ready; while :; do sleep 0.1; done'")
        shell.see("\nready")
        shell.terminal.setwinsize(40, 120)
        shell.see("40 120")
        shell.press("^C")
        shell.prompt()
        assert shell.status() == 130


def test_the_terminal_is_not_the_callers_own(alice: Person) -> None:
    """A terminal shared with the caller would outlive the command, and would be a way out."""
    with alice.shell() as shell:
        shell.type("stat -Lc '%d:%t:%T' /proc/self/fd/0")
        outer = shell.prompt().splitlines()[1].strip()
        shell.type(f"{RUN} stat -Lc '%d:%t:%T' /proc/self/fd/0")
        inner = shell.prompt().splitlines()[1].strip()
        assert re.fullmatch(r"\d+:88:[0-9a-f]+", inner)
        assert inner != outer


def test_a_terminal_has_its_name_inside_and_programs_open_more(alice: Person) -> None:
    """The terminals belong to the namespace; those of the host are not visible."""
    with alice.shell() as shell:
        shell.type(f"{RUN} sh -c 'echo own $(tty); test -w $(tty) && script -qec \"tty; ls /dev/pts\" /dev/null'")
        said = shell.prompt()
    own, more = re.findall(r"^(?:own )?/dev/pts/(\d+)\r?$", said, re.MULTILINE)
    assert re.findall(r"\b\d+\b|ptmx", said.split(f"/dev/pts/{more}")[-1]) == [own, more, "ptmx"]


def test_terminals_are_opened_by_those_who_may_run_commands(lab: ContainerLab, alice: Person) -> None:
    opened = ("sh", "-c", ": <>/run/nsguard/vpn/terminals/pts/ptmx")
    assert alice.run(*opened).status == 0
    refused = Person(lab.client, "bob").run(*opened)
    assert refused.status != 0
    assert "Permission denied" in refused.errors


@pytest.mark.parametrize(("key", "status"), [("^C", 130), ("^\\", 131)])
def test_keys_that_interrupt(alice: Person, key: str, status: int) -> None:
    with alice.shell() as shell:
        shell.type(f"{RUN} sh -c 'echo ready; sleep 1000'")
        shell.see("\nready")
        shell.press(key)
        shell.prompt()
        assert shell.status() == status


def test_a_script_ends_at_an_interrupted_command(alice: Person) -> None:
    with alice.shell() as shell:
        shell.type(f"bash -c 'for i in 1 2 3; do {RUN} sh -c \"echo ready; sleep 1000\"; echo next; done'")
        shell.see("\nready")
        shell.press("^C")
        assert "next" not in shell.prompt()


def test_stopped_and_in_front_again(alice: Person) -> None:
    with alice.shell() as shell:
        shell.type(f"{RUN} cat")
        shell.type("one")
        shell.see("one\r\none\r\n")
        shell.press("^Z")
        shell.see("Stopped")
        shell.prompt()
        shell.type("stty -a | grep -ow -e icanon -e -icanon")
        assert shell.prompt().split()[-1] == "icanon"
        shell.type("fg")
        shell.see("cat\r\n")
        shell.type("two")
        shell.see("two\r\ntwo\r\n")
        shell.press("^D")
        shell.prompt()
        assert shell.status() == 0


def test_in_the_background_it_stops_when_it_wants_to_read(alice: Person) -> None:
    with alice.shell() as shell:
        shell.type(f"{RUN} sh -c 'echo ready; sleep 1; echo later; read word; echo got $word'")
        shell.see("\nready")
        shell.press("^Z")
        shell.see("Stopped")
        shell.prompt()
        shell.type("bg")
        shell.see("later\r\n")
        shell.until("jobs", "Stopped")
        shell.type("fg")
        shell.see("sh -c.*\r\n")
        shell.type("this")
        shell.see("got this\r\n")
        shell.prompt()


def test_started_in_the_background(alice: Person) -> None:
    with alice.shell() as shell:
        shell.type(f"{RUN} sh -c 'echo first; echo second; read word; echo got $word' &")
        shell.see("first\r\nsecond\r\n")
        shell.until("jobs", "Stopped")
        shell.type("fg")
        shell.see("sh -c.*\r\n")
        shell.type("that")
        shell.see("got that\r\n")
        shell.prompt()


def test_in_a_pipeline_it_leaves_the_terminal_to_others_until_it_reads(alice: Person) -> None:
    with alice.shell() as shell:
        shell.type(f"{RUN} sh -c 'echo from inside; sleep 2' | (read line; read word </dev/tty; echo $line: $word)")
        shell.type("typed")
        shell.see("from inside: typed\r\n")
        shell.prompt()
        shell.type(f"{RUN} sh -c 'echo asks; read word </dev/tty; echo got $word' | cat")
        shell.see("\nasks\r\n")
        shell.type("typed")
        shell.see("got typed\r\n")
        shell.prompt()


def test_a_pager_and_an_editor(alice: Person) -> None:
    alice.out("sh", "-c", "seq 1000 > /home/alice/lines")
    with alice.shell() as shell:
        shell.type(f"seq 1000 | {RUN} less")
        shell.see("29\r\n")
        shell.press("G")
        shell.see("1000")
        shell.press("q")
        shell.prompt()
        shell.type(f"{RUN} vi /home/alice/lines")
        shell.see("1000L|1000 lines")
        # Ctrl-G shows that vi has read all keys before it, because ^Z discards unread keys (termios(3), NOFLSH)
        shell.press("G", "o", "added inside", "\x1b", "^G")
        shell.see("of 1001|1001 lines")
        shell.press("^Z")
        shell.see("Stopped")
        shell.prompt()
        shell.type("fg")
        shell.press(":wq\r")
        shell.prompt()
        assert shell.status() == 0
    assert alice.out("tail", "-n", "2", "/home/alice/lines") == "1000\nadded inside\n"


def test_a_shell_whose_prompt_tells(alice: Person) -> None:
    with alice.shell() as shell:
        shell.type("nsguard shell vpn")
        shell.see(r"\(vpn\) .*\$ ")
        shell.type("echo $NSGUARD_NAMESPACE in $PWD; ip -br link | cut -c-4")
        shell.see("vpn in /\r\n")
        shell.see("wg0")
        shell.see(r"\(vpn\) .*\$ ")
        shell.type("sleep 1000")
        shell.see("\n")
        shell.press("^Z")
        shell.see("Stopped")
        shell.see(r"\(vpn\) .*\$ ")
        shell.type("kill -9 %1; wait; echo over")
        shell.see("\nover\r\n|\rover\r\n")
        shell.see(r"\(vpn\) .*\$ ")
        shell.type("exit 5")
        shell.prompt()
        assert shell.status() == 5


def test_signals_to_the_client_reach_the_command(alice: Person) -> None:
    script = f"""
heed='trap "echo usr1" USR1; trap "echo term; exit 9" TERM; echo ready; while :; do sleep 0.05; done'
echo > /home/alice/heard
{RUN} bash -c "$heed" >> /home/alice/heard &
until grep -q ready /home/alice/heard; do sleep 0.05; done
kill -USR1 $!; until grep -q usr1 /home/alice/heard; do sleep 0.05; done
kill -TERM $!; wait $!; echo $?
"""
    assert alice.out("bash", "-c", script) == "9\n"
    assert alice.out("cat", "/home/alice/heard").split() == ["ready", "usr1", "term"]


def test_a_killed_client_takes_all_that_it_started_along(lab: ContainerLab, alice: Person) -> None:
    script = f"""
echo > /home/alice/heard
{RUN} sh -c 'setsid sleep 4242 & (trap "" HUP TERM INT; sleep 4243) & echo ready; sleep 4244' >> /home/alice/heard &
until grep -q ready /home/alice/heard; do sleep 0.05; done
pgrep -c -f 'sleep 424[234]$'; kill -KILL $!
"""
    assert int(alice.out("bash", "-c", script)) >= 3
    lab.client.wait_until_fails("pgrep -f '^sleep 424[234]$'", 10)


def test_a_start_that_takes_long_says_why_and_can_be_given_up(lab: ContainerLab, alice: Person) -> None:
    slow = "/run/systemd/system/nsguard-tunnel-vpn.service.d/slow.conf"
    lab.client.write_files({slow: "[Service]\nExecStartPre=/bin/sleep 10\n"})
    lab.client.succeed("systemctl daemon-reload; systemctl stop nsguard-tunnel-vpn; rm -f /home/alice/ran")
    try:
        with alice.shell() as shell:
            shell.type(f"{RUN} touch /home/alice/ran")
            shell.see("nsguard: vpn: waiting for the namespace and its tunnel\r\n")
            shell.press("^C")
            shell.prompt()
            assert shell.status() == 130
        lab.client.wait_for_unit("nsguard-tunnel-vpn", 30)
        lab.client.wait_until_fails("systemctl --no-legend list-units 'nsguard-run-vpn@*' | grep .", 20)
        lab.client.fail("test -e /home/alice/ran")
    finally:
        lab.client.succeed(f"rm {slow}; systemctl daemon-reload")


def test_what_a_command_leaves_ends_with_it(lab: ContainerLab, alice: Person) -> None:
    assert alice.out(*RUN.split(), "sh", "-c", "setsid sleep 4245 & echo left") == "left\n"
    lab.client.wait_until_fails("pgrep -f '^sleep 4245$'", 10)


def test_when_the_namespace_goes_so_do_its_commands(lab: ContainerLab, alice: Person) -> None:
    lab.client.succeed("rm -f /home/alice/heard")
    script = f"{RUN} sh -c 'echo ready; sleep 4246' > /home/alice/heard"
    lab.client.execute(f"exec {' '.join(alice.words('bash', '-c'))} {script!r}", check_output=False)
    lab.client.wait_until_succeeds("grep -q ready /home/alice/heard")
    lab.client.succeed("systemctl stop nsguard-netns-vpn")
    lab.client.wait_until_fails("pgrep -f '^sleep 4246$'", 10)
    # the next command brings the namespace up again, as a service would
    assert "wg0" in alice.out(*RUN.split(), "ip", "-br", "link")


def test_nothing_fails_and_nothing_stays(lab: ContainerLab) -> None:
    lab.client.wait_until_fails("systemctl --no-legend list-units 'nsguard-run-vpn@*' | grep .", 10)
    assert lab.client.succeed("systemctl --no-legend --failed") == ""
