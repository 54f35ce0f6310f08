"""What the checks of one namespace have in common, read once."""

import contextlib
import functools
import io
import os
from typing import NamedTuple

from nsguard.errors import NsguardError
from nsguard.health import confined
from nsguard.health.confined import Unit
from nsguard.lifecycle import handshake, teardown, tunnel
from nsguard.net import listening, mtu, namespace
from nsguard.net.listening import Listener
from nsguard.spec import config, spec
from nsguard.spec.model import Config, Endpoint
from nsguard.state import State, Tunnel
from nsguard.system import process

# Seconds to wait for a handshake; its answer takes a round trip.
HANDSHAKE_TIMEOUT = 6.0


class Finding(NamedTuple):
    """What is wrong, and what to do. A note is what the user may have meant: it makes no machine unhealthy."""

    what: str
    remedy: str
    note: bool = False


class Patient:
    """A namespace as it is, and as its spec has it. Raises `BadInput` for a spec that cannot be read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.spec = spec.load(name)
        self.state = State(name)
        self.up = teardown.is_up(self.state)

    @functools.cached_property
    def tunnel(self) -> Tunnel | None:
        """The tunnel, if it is up."""
        tunnel = self.state.tunnel() if self.up else None
        if tunnel and tunnel.complete and namespace.has_link(self.name, tunnel.interface):
            return tunnel
        return None

    @functools.cached_property
    def config(self) -> Config | None:
        """The tunnel as wanted now; None where a file of it cannot be used: the check of keys says so."""
        wanted = self.spec.tunnel
        if wanted.private_key_file is not None and not os.path.exists(wanted.private_key_file):
            return None  # reading would make it
        with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(NsguardError):
            found = tunnel.fit_for_kernel(config.load(self.spec))
            endpoints = {str(it): Endpoint(*it) for it in self.tunnel.endpoints} if self.tunnel else {}
            return found._replace(mtu=mtu.fitting(self.spec, found, endpoints))
        return None

    @functools.cached_property
    def processes(self) -> list[int]:
        """Who is inside."""
        inode = self.state.identity()
        return namespace.processes(inode) if self.up and inode is not None else []

    @functools.cached_property
    def units(self) -> list[Unit]:
        """The namespace's units: what runs in it, and what serves that."""
        return confined.units(self.name)

    @functools.cached_property
    def listeners(self) -> list[Listener]:
        """Who takes connections inside."""
        return listening.listeners(self.name) if self.up else []

    @functools.cached_property
    def answered(self) -> bool:
        """Whether a peer of the tunnel has been heard lately, or is when asked."""
        if self.tunnel is None:
            return False
        with contextlib.suppress(process.CommandFailed):
            return handshake.wait(self.name, self.tunnel, HANDSHAKE_TIMEOUT)
        return False
