"""systemd's own sockets, and the system bus."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from ..attack import Attack, Env, Outcome
from . import _tools
from ._standins import Daemon, connected, marked

STARTING = 10.0  # seconds, for a daemon that is started by the request


def call(method: str, parameters: dict[str, Any]) -> bytes:
    """A varlink call: JSON, ended by NUL."""
    return json.dumps({"method": method, "parameters": parameters}).encode() + b"\0"


class _Real(Attack):
    """A socket of the host's own systemd, which needs no stand-in; any answer is a success."""

    families = (0,)
    evidence = "answer"
    path: ClassVar[str]
    method: ClassVar[str]
    timeout = STARTING

    def parameters(self, env: Env) -> dict[str, Any]:
        """The call's parameters."""
        return {}

    def run(self, env: Env) -> Outcome:
        with connected(self.path, patience=env.timeout - 0.5) as varlink:
            varlink.sendall(call(self.method, self.parameters(env)))
            answer = varlink.recv(8192)
        return Outcome(bool(answer), f"answered: {answer[:100].decode(errors='replace')}")


class HostName(_Real):
    """Claim: systemd-hostnamed, which tells what machine this is, can't be asked by varlink.

    Method: io.systemd.Hostname.Describe.
    Limitations: by D-Bus it is bus-activation.
    Source: systemd-hostnamed.service(8).
    """

    name = "varlink-hostname"
    path = "/run/systemd/io.systemd.Hostname"
    method = "io.systemd.Hostname.Describe"


class UserRecords(_Real):
    """Claim: the host's user database can't be asked by varlink.

    Method: io.systemd.UserDatabase.GetUserRecord of the manager's own, for a user named by the token.
    Limitations: systemd-userdbd and home areas are asked in the same directory and are not tried one by one.
    Source: systemd-userdbd.service(8); systemd.io/USER_GROUP_API.
    """

    name = "varlink-users"
    path = "/run/systemd/userdb/io.systemd.DynamicUser"
    method = "io.systemd.UserDatabase.GetUserRecord"

    def parameters(self, env: Env) -> dict[str, Any]:
        return {"userName": env.token, "service": "io.systemd.DynamicUser"}


class Credentials(_Real):
    """Claim: the host's keeper of credentials can't be asked by varlink.

    Method: org.varlink.service.GetInfo; that it answers is enough.
    Limitations: nothing is decrypted.
    Source: systemd-creds(1), varlink.
    """

    name = "varlink-credentials"
    path = "/run/systemd/io.systemd.Credentials"
    method = "org.varlink.service.GetInfo"


class JournalControl(_Real):
    """Claim: the journal can be written to, but not told what to do.

    Method: io.systemd.Journal.Synchronize.
    Limitations: what the service logs goes into the journal, as it should.
    Source: systemd-journald.service(8), varlink.
    """

    name = "varlink-journal"
    identities = ("root",)
    path = "/run/systemd/journal/io.systemd.journal"
    method = "io.systemd.Journal.Synchronize"


class ResolverMonitor(_Real):
    """Claim: what others look up, and by which resolver, can't be watched.

    Method: io.systemd.Resolve.Monitor.DumpStatistics.
    Limitations: polkit would ask ordinary users; any answer counts.
    Source: resolvectl(1), monitor.
    """

    name = "varlink-resolver-monitor"
    path = "/run/systemd/resolve/io.systemd.Resolve.Monitor"
    method = "io.systemd.Resolve.Monitor.DumpStatistics"

    def run(self, env: Env) -> Outcome:
        _tools.control_needs_resolved(env)
        return super().run(env)


class Manager(Daemon):
    """Claim: the host's service manager can't be told to run something by varlink.

    Method: io.systemd.Unit.StartTransient with the token in its command, on /run/systemd/io.systemd.Manager.
    Limitations: the method is of systemd 262; a stand-in answers, as the lab's systemd is older.
    Source: systemd's NEWS for 262.
    """

    name = "varlink-manager"
    path = "/run/systemd/io.systemd.Manager"

    def words(self, env: Env) -> bytes:
        return call("io.systemd.Unit.StartTransient", {"context": {"ID": f"{marked(env)}.service"}})


class Machines(Daemon):
    """Claim: systemd-machined, which opens shells in machines and on the host, can't be asked.

    Method: io.systemd.Machine.Open of a shell on the host, on /run/systemd/machine/io.systemd.Machine.
    Limitations: a stand-in answers; polkit would ask ordinary users.
    Source: systemd-machined.service(8), machinectl(1) shell.
    """

    name = "varlink-machines"
    path = "/run/systemd/machine/io.systemd.Machine"

    def words(self, env: Env) -> bytes:
        return call("io.systemd.Machine.Open", {"name": ".host", "mode": "shell", "args": [marked(env)]})


class Import(Daemon):
    """Claim: systemd-importd, which downloads for its clients, can't be asked.

    Method: io.systemd.Import.Pull of an address with the token, on /run/systemd/io.systemd.Import.
    Limitations: a stand-in answers; polkit would ask ordinary users.
    Source: systemd-importd.service(8).
    """

    name = "varlink-import"
    path = "/run/systemd/io.systemd.Import"

    def words(self, env: Env) -> bytes:
        remote = f"http://{_tools.lan(env)}/{marked(env)}"
        return call("io.systemd.Import.Pull", {"remote": remote, "type": "raw", "verify": "no"})


class _OnBus(Attack):
    timeout = STARTING
    families = (0,)
    evidence = "answer"
    command: ClassVar[tuple[str, ...]]

    def run(self, env: Env) -> Outcome:
        status, output = _tools.run(["busctl", *self.command], env.timeout - 0.5)
        return Outcome(status == 0, output)


class BusNames(_OnBus):
    """Claim: the system bus, and with it NetworkManager, modems, Bluetooth and geoclue, can't be reached.

    Method: `busctl list`.
    Limitations: what each of those would do is up to them; that the bus answers is enough.
    Source: dbus-daemon(1), busctl(1).
    """

    name = "bus-names"
    command = ("list", "--no-pager")


class BusActivation(_OnBus):
    """Claim: no service of the host is started for the service by the system bus.

    Method: `busctl call` of org.freedesktop.hostname1, which the bus starts.
    Limitations: one of many that can be started.
    Source: D-Bus specification, message bus starting services; org.freedesktop.hostname1(5).
    """

    name = "bus-activation"
    command = (
        *("call", "org.freedesktop.hostname1", "/org/freedesktop/hostname1", "org.freedesktop.DBus.Properties"),
        *("Get", "ss", "org.freedesktop.hostname1", "Hostname"),
    )
