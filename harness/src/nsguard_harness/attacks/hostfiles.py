"""The host's own files: about its network, programs that it will run, and the sockets of its daemons."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ..attack import Attack, Env, Outcome
from ..target import renew
from . import _tools

if TYPE_CHECKING:
    from ..lab.base import Lab

# what the host runs by itself when a file appears there, where root may write on any system
RUN_BY_THE_HOST = ("/etc/cron.d", "/etc/systemd/system", "/var/spool/cron", "/var/lib/systemd", "/usr/local/bin")
NODES = ("net/tun", "ppp", "vhost-net", "vhost-vsock", "vsock", "ttyUSB0", "cdc-wdm0")
HOST_ONLY = "printer.leak.test"  # a name that the host has in its own file


class _Edited(Attack):
    """Base of attacks that need a changed file on the host: it is changed before the service starts."""

    alone = True
    core = False
    file: ClassVar[str]

    def before(self, lab: Lab) -> None:
        saved = f"/run/nsguard-leaktest-{os.path.basename(self.file)}"
        lab.client.succeed(
            f"cp -a --remove-destination {self.file} {saved}",
            f"{self.edit(lab)} < {saved} > {self.file}.new && mv -fT {self.file}.new {self.file}",
        )
        renew(lab)

    def after(self, lab: Lab) -> None:
        lab.client.succeed(f"mv -fT /run/nsguard-leaktest-{os.path.basename(self.file)} {self.file}")

    def edit(self, lab: Lab) -> str:
        """A shell command that filters the old file into the new one."""
        raise NotImplementedError


class HostsOfHost(_Edited):
    """Claim: the host's own table of names and addresses can't be read by the service.

    Method: the host's /etc/hosts gets a name on the uplink's network; finding it in the file is a success.
    Limitations: by getaddrinfo the control would be answered by nscd.
    Source: hosts(5).
    """

    name = "hosts-of-host"
    evidence = "answer"
    file = "/etc/hosts"

    def edit(self, lab: Lab) -> str:
        return f"sed '$a {lab.addresses.server.v4} {HOST_ONLY}\\n{lab.addresses.server.v6} {HOST_ONLY}'"

    def run(self, env: Env) -> Outcome:
        line = f"{_tools.lan(env)} {HOST_ONLY}"
        shown = line in Path(self.file).read_text().splitlines()
        return Outcome(shown, f"{self.file} {'has' if shown else 'does not have'} the line {line}")


class NsswitchOfHost(_Edited):
    """Claim: a look-up goes to the tunnel's resolver whatever modules the host's nsswitch.conf names.

    Method: the host's file names resolved alone, without dns; then `getent`, which must come out of the tunnel.
    Limitations: modules that the lab does not have; asked directly, their sockets are other attacks.
    Source: nsswitch.conf(5).
    """

    name = "nsswitch-of-host"
    tunnelled = True
    file = "/etc/nsswitch.conf"

    def edit(self, lab: Lab) -> str:
        return "sed 's/^hosts:.*/hosts: files resolve/'"

    def run(self, env: Env) -> Outcome:
        status, output = _tools.run(["getent", f"ahostsv{env.family}", _tools.name(env)], env.timeout - 0.5)
        return Outcome(status == 0, output or f"getent ended with {status}")


class OtherResolver(Attack):
    """Claim: no other resolver than the tunnel's answers, whatever server is asked.

    Method: ask the uplink's resolver by its address; the answer that only it gives, by whatever way, is a success.
    Limitations: port 53; DNS over TLS and HTTPS are encrypted to their server and pass for what they are.
    Source: leaks of names to an Internet provider's resolver through the tunnel; nft(8), dnat.
    """

    name = "other-resolver"
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        name = f"{_tools.digest(env)}.{_tools.DOMAIN}"
        outcome = _tools.ask(env, _tools.lan(env), name, env.addresses.dns_port)
        return Outcome(outcome.said.endswith(env.addresses.answer_uplink.of(env.family)), outcome.said)


class FilesOfHost(Attack):
    """Claim: root in the service writes no file that the host will run.

    Method: make a file in each directory that cron, systemd or a shell's PATH looks into; one made is a success, and
    is removed.
    Limitations: directories that a service is given to write (StateDirectory=, ReadWritePaths=) are its own affair.
    Source: cron(8), systemd.unit(5), file-hierarchy(7).
    """

    name = "files-of-host"
    families = (0,)
    evidence = "answer"
    identities = ("root",)

    def run(self, env: Env) -> Outcome:
        def touch(directory: str) -> None:
            path = Path(directory, env.token)
            path.touch()
            path.unlink()

        return _first_of(RUN_BY_THE_HOST, touch, "made a file in {}")


class DeviceNodes(Attack):
    """Claim: no device that leads to a network is there for the service.

    Method: open tun, ppp, vhost, vsock and modem nodes; one opened is a success.
    Limitations: what the machine does not have can't be opened; the lab's machines have tun.
    Source: tun (kernel documentation); systemd.exec(5), PrivateDevices=.
    """

    name = "device-nodes"
    families = (0,)
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        return _first_of(NODES, lambda node: os.close(os.open(f"/dev/{node}", os.O_RDWR)), "opened /dev/{}")


def _first_of(names: Iterable[str], attempt: Callable[[str], None], success: str) -> Outcome:
    """Reached with the first name whose attempt raises no OSError; `success` is the report, {} the name."""
    reports = []
    for name in names:
        try:
            attempt(name)
        except OSError as error:
            reports.append(f"{name}: {error.strerror}")
        else:
            return Outcome(True, success.format(name))
    return Outcome(False, ", ".join(reports))


class _Served(Attack):
    """A socket of a daemon on the host that works for its clients: a stand-in there sends on what it receives."""

    families = (0,)
    path: ClassVar[str]

    def before(self, lab: Lab) -> None:
        lab.peer.start("served", self.path, lab.client)

    def after(self, lab: Lab) -> None:
        lab.peer.stop("served", self.path, lab.client)

    def run(self, env: Env) -> Outcome:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
            stream.settimeout(env.patience)
            stream.connect(self.path)
            stream.sendall(_tools.payload(env))
            return Outcome(True, f"{self.path}: {stream.recv(100).decode(errors='replace')}")


class SocketInTmp(_Served):
    """Claim: a server's socket in /tmp, as tmux, X11 and browsers have it, is not there for the service.

    Method: a stand-in listens in /tmp, open to everybody, and sends what it is given to the uplink's network.
    Limitations: the programs themselves are not run.
    Source: tmux(1), X(7); systemd.exec(5), PrivateTmp=.
    """

    name = "socket-in-tmp"
    path = "/tmp/nsguard-leaktest/socket"


class SocketInHome(_Served):
    """Claim: a server's socket in a home directory, as ssh and gpg have it, is not there for the service.

    Method: as socket-in-tmp, below /home.
    Limitations: as socket-in-tmp.
    Source: ssh_config(5), ControlPath; systemd.exec(5), ProtectHome=.
    """

    name = "socket-in-home"
    path = "/home/nsguard-leaktest/socket"


class SocketOfSssd(_Served):
    """Claim: sssd, which asks the network's directory for its clients, can't be asked.

    Method: as socket-in-tmp, where sssd's clients look for it.
    Limitations: the daemon's own protocol is not spoken.
    Source: sssd(8), /var/lib/sss/pipes.
    """

    name = "socket-of-sssd"
    path = "/var/lib/sss/pipes/nss"


class _ServedBefore(_Served):
    """The same, for a directory that is hidden only if it exists when the service starts."""

    alone = True
    core = False

    def before(self, lab: Lab) -> None:
        super().before(lab)
        renew(lab)


class SocketBelowNet(_ServedBefore):
    """Claim: what the host mounts under /net is not there for the service.

    Method: as socket-in-tmp, below /net: where the automounter would look up whatever name is asked for. Then the
    service is started, as it is after autofs.service.
    Limitations: the automounter itself is not run: it would mount in the kernel that carries the lab. One that makes
    /net for the first time under a running service is not held.
    Source: autofs(8); auto.net.
    """

    name = "socket-below-net"
    path = "/net/nsguard-leaktest/socket"


class SocketOfNixDaemon(_ServedBefore):
    """Claim: the Nix daemon, which fetches from the network for its clients, can't be asked.

    Method: as socket-below-net, where Nix's clients look for the daemon.
    Limitations: the daemon's own protocol is not spoken. One that is installed under a running service is not held.
    Source: nix-daemon(8).
    """

    name = "socket-of-nix-daemon"
    path = "/nix/var/nix/daemon-socket/socket"
