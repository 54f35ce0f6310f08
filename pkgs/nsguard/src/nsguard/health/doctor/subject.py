"""The namespace that the doctor examines. All checks share it, and each part of it is read only once."""

import contextlib
import functools
import io
import json
import os
import re
from typing import Any, NamedTuple

from nsguard import paths
from nsguard.errors import NsguardError
from nsguard.health import confined, judge
from nsguard.health.confined import Unit
from nsguard.health.judge import Hole, text
from nsguard.lifecycle import handshake, teardown, tunnel
from nsguard.net import listening, mtu, namespace
from nsguard.net.listening import Listener
from nsguard.spec import config, spec
from nsguard.spec.model import Config, Endpoint
from nsguard.state import State, Tunnel
from nsguard.system import process, systemd

# The unit of wireguard-go; it runs inside this namespace if its tunnel goes through this namespace's tunnel.
TUNNEL_UNIT = re.compile(r"nsguard-userspace-.*\.service\Z")
# Seconds to wait for a handshake, which takes one round trip.
HANDSHAKE_TIMEOUT = 6.0
# The key in which the plan stores what a service must be like; systemd ignores keys with X- (systemd.unit(5)).
_WANTED = "Unit.X-NsguardWanted"


class Finding(NamedTuple):
    """What is wrong, and what to do. A note reports what the user may intend: it does not count as a fault."""

    what: str
    remedy: str
    note: bool = False


class Loaded:
    """The services that systemd has loaded.

    All namespaces share the list: for each service of the host, systemd sends all properties, which can take seconds.
    """

    @functools.cached_property
    def _by_namespace(self) -> dict[str, list[str]]:
        services: dict[str, list[str]] = {}
        for unit in systemd.show(["*.service"], ["NetworkNamespacePath"]):
            services.setdefault(unit.get("NetworkNamespacePath", ""), []).append(unit["Id"])
        return services

    def in_namespace(self, name: str) -> list[str]:
        """The services that start in namespace `name`."""
        return self._by_namespace.get(f"{paths.NETNS}/{name}", [])


class Patient:
    """A namespace as it is, and as its spec describes it. Raises `BadInput` if the spec cannot be read."""

    def __init__(self, name: str, loaded: Loaded) -> None:
        self.name = name
        self.loaded = loaded
        self.spec = spec.load(name)
        self.state = State(name)
        self.up = teardown.is_up(self.state)
        self._judged: dict[str, tuple[dict[str, Any], list[Hole]] | None] = {}

    @functools.cached_property
    def tunnel(self) -> Tunnel | None:
        """The tunnel, if it is up."""
        tunnel = self.state.tunnel() if self.up else None
        if tunnel and tunnel.complete and namespace.has_link(self.name, tunnel.interface):
            return tunnel
        return None

    @functools.cached_property
    def config(self) -> Config | None:
        """The tunnel that the spec describes; None if one of its files is unusable, which the check of keys reports."""
        settings = self.spec.tunnel
        if settings.private_key_file is not None and not os.path.exists(settings.private_key_file):
            return None  # reading the configuration would generate the key
        with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(NsguardError):
            fitted = tunnel.fit_for_kernel(config.load(self.spec))
            endpoints = (
                {str(endpoint): Endpoint(*endpoint) for endpoint in self.tunnel.endpoints} if self.tunnel else {}
            )
            return fitted._replace(mtu=mtu.fitting(self.spec, fitted, endpoints))
        return None

    @functools.cached_property
    def services(self) -> list[dict[str, str]]:
        """Id, MainPID, NeedDaemonReload and JoinsNamespaceOf of each loaded service that starts in the namespace."""
        names = self.loaded.in_namespace(self.name)
        return systemd.show(names, ["MainPID", "NeedDaemonReload", "JoinsNamespaceOf"]) if names else []

    @functools.cached_property
    def processes(self) -> list[int]:
        """PIDs of the processes inside; empty if the namespace is not up."""
        inode = self.state.identity()
        return namespace.processes(inode) if self.up and inode is not None else []

    @functools.cached_property
    def units(self) -> list[Unit]:
        """The units of the namespace: those that run inside, and nsguard's own that serve them."""
        return confined.units(self.name)

    @functools.cached_property
    def listeners(self) -> list[Listener]:
        """The TCP sockets that listen inside; empty if the namespace is not up."""
        return listening.listeners(self.name) if self.up else []

    @functools.cached_property
    def answered(self) -> bool:
        """Whether a peer has a valid handshake, or answers a request for one within `HANDSHAKE_TIMEOUT`."""
        if self.tunnel is None:
            return False
        with contextlib.suppress(process.CommandFailed):
            return handshake.wait(self.name, self.tunnel, HANDSHAKE_TIMEOUT)
        return False

    @functools.cached_property
    def facts(self) -> dict[str, Any] | None:
        """The facts of the judge, which the plan wrote; None if the active configuration is older than the judge."""
        try:
            with open(f"{paths.ETC}/{self.name}/judge.json", encoding="utf-8") as file:
                return dict(json.load(file))
        except (OSError, ValueError):
            return None

    def judged(self, unit: str) -> tuple[dict[str, Any], list[Hole]] | None:
        """What the plan requires of a service, and the holes in its text; None if the plan did not write it."""
        if unit not in self._judged:
            self._judged[unit] = self._judge(unit)
        return self._judged[unit]

    def _judge(self, unit: str) -> tuple[dict[str, Any], list[Hole]] | None:
        if self.facts is None:
            return None
        source = systemd.text(unit)
        try:
            want = dict(json.loads(text.directives(source)[_WANTED][0]))
        except (KeyError, ValueError):
            return None
        return want, judge.service(self.facts, want, unit, source)
