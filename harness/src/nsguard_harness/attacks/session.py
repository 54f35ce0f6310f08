"""A user's session: what runs there runs commands, opens pages and types for whoever connects."""

from __future__ import annotations

import os
import struct

from ..attack import Env
from . import _tools
from ._standins import Daemon, marked


class SessionBus(Daemon):
    """Claim: the user's session bus, by which anything can be started outside, can't be reached.

    Method: D-Bus authentication on /run/user/UID/bus, the token behind it.
    Limitations: portals, gvfs and the rest of the bus's services are behind this one socket.
    Source: D-Bus specification, authentication protocol; XDG base directory specification.
    """

    name = "session-bus"
    path = "/run/user/{uid}/bus"

    def words(self, env: Env) -> bytes:
        user = str(os.getuid()).encode().hex()
        return f"\0AUTH EXTERNAL {user}\r\nBEGIN\r\n".encode() + _tools.payload(env)


class UserManager(SessionBus):
    """Claim: the user's service manager can't be told to run something.

    Method: D-Bus authentication on /run/user/UID/systemd/private, as `systemctl --user` has it, the token behind it.
    Limitations: the call itself is not encoded; that the manager takes the connection is enough.
    Source: systemd-run(1), --user.
    """

    name = "user-manager"
    path = "/run/user/{uid}/systemd/private"


class X11(Daemon):
    """Claim: the X server, by which one types into other windows, can't be reached by its path.

    Method: a connection setup on /tmp/.X11-unix/X0, the token as authorization data.
    Limitations: no XTEST request follows; a server that takes the connection takes those.
    Source: X Window System Protocol, connection setup; X(7).
    """

    name = "x11"
    path, mode = "/tmp/.X11-unix/X0", 0o777

    def words(self, env: Env) -> bytes:
        data = _tools.payload(env)
        return struct.pack("=Bx4Hxx", 0x6C, 11, 0, 0, len(data)) + data


class X11Abstract(X11):
    """Claim: the X server can't be reached by its abstract name either.

    Method: as x11, on @/tmp/.X11-unix/X0.
    Limitations: as x11.
    Source: unix(7), abstract sockets belong to a network namespace (network_namespaces(7)).
    """

    name = "x11-abstract"
    path = "@/tmp/.X11-unix/X0"


class Wayland(Daemon):
    """Claim: the user's compositor can't be reached.

    Method: wl_display.get_registry on /run/user/UID/wayland-0, the token behind it.
    Limitations: which protocols it offers depends on the compositor.
    Source: Wayland protocol, appendix on the wire format.
    """

    name = "wayland"
    path = "/run/user/{uid}/wayland-0"

    def words(self, env: Env) -> bytes:
        return struct.pack("=3I", 1, 12 << 16 | 1, 2) + _tools.payload(env)


class Compositor(Daemon):
    """Claim: the compositor's control socket, which runs commands, can't be reached.

    Method: `exec` by i3's protocol on /run/user/UID/sway-ipc.sock.
    Limitations: other compositors and terminals have theirs in the same directory.
    Source: sway-ipc(7).
    """

    name = "compositor"
    path = "/run/user/{uid}/sway-ipc.sock"

    def words(self, env: Env) -> bytes:
        command = f"exec echo {marked(env)}".encode()
        return b"i3-ipc" + struct.pack("=2I", len(command), 0) + command


class Pulse(Daemon):
    """Claim: the sound server, which sends over the network once told to, can't be reached by PulseAudio's socket.

    Method: PulseAudio's native protocol on /run/user/UID/pulse/native, the token behind the first header.
    Limitations: load-module itself is not encoded.
    Source: pulse-daemon.conf(5); PulseAudio, pulsecore/pstream.c.
    """

    name = "pulse"
    path = "/run/user/{uid}/pulse/native"

    def words(self, env: Env) -> bytes:
        data = _tools.payload(env)
        return struct.pack("!5I", len(data), 0xFFFFFFFF, 0, 0, 0) + data


class PipeWire(Daemon):
    """Claim: the sound server can't be reached by PipeWire's socket.

    Method: a message to the core on /run/user/UID/pipewire-0, the token as its content.
    Limitations: the message's POD is not encoded.
    Source: PipeWire documentation, native protocol.
    """

    name = "pipewire"
    path = "/run/user/{uid}/pipewire-0"

    def words(self, env: Env) -> bytes:
        data = _tools.payload(env)
        return struct.pack("=4I", 0, 1 << 24 | len(data), 0, 0) + data


class Dirmngr(Daemon):
    """Claim: dirmngr, which fetches keys over the network, can't be asked.

    Method: KS_GET of a key named by the token on /run/user/UID/gnupg/S.dirmngr.
    Limitations: gpg-agent's socket is in the same directory and is not tried.
    Source: dirmngr(8), Assuan protocol.
    """

    name = "dirmngr"
    path = "/run/user/{uid}/gnupg/S.dirmngr"

    def words(self, env: Env) -> bytes:
        return f"KS_GET -- {marked(env)}\n".encode()


class SshAgent(Daemon):
    """Claim: the user's ssh agent can't be asked, so that nobody else's keys can be used.

    Method: an extension request with the token on /run/user/UID/ssh-agent.
    Limitations: agents in /tmp are hidden as all of /tmp; see socket-in-tmp.
    Source: ssh-agent(1); draft-miller-ssh-agent.
    """

    name = "ssh-agent"
    path = "/run/user/{uid}/ssh-agent"

    def words(self, env: Env) -> bytes:
        data = _tools.payload(env)
        return struct.pack("!IBI", 5 + len(data), 27, len(data)) + data


class Tmux(Daemon):
    """Claim: a terminal multiplexer outside, which runs commands, can't be reached.

    Method: tmux's MSG_COMMAND on /tmp/tmux-UID/default, the token as argument.
    Limitations: the messages that identify a client do not precede it.
    Source: tmux(1), tmux-protocol.h.
    """

    name = "tmux"
    path, mode = "/tmp/tmux-{uid}/default", 0o600

    def words(self, env: Env) -> bytes:
        argument = _tools.payload(env)
        return struct.pack("=I2H2Ii", 200, 20 + len(argument), 0, 8, os.getpid(), 1) + argument


class Editor(Daemon):
    """Claim: an editor outside, which evaluates what it is sent, can't be reached.

    Method: -eval with the token on /run/user/UID/emacs/server.
    Limitations: other editors' servers are in the same directory or in /tmp.
    Source: emacsclient(1).
    """

    name = "editor"
    path, mode = "/run/user/{uid}/emacs/server", 0o600

    def words(self, env: Env) -> bytes:
        return f"-eval {marked(env)}\n".encode()


class SocketInOwnHome(Daemon):
    """Claim: what listens in the home of the service's own user, as an open ssh connection does, can't be reached.

    Method: the token on a socket in the home that the user has in passwd(5). The labs' ordinary user has one elsewhere
    than in /home.
    Limitations: a home in /var/lib is taken for the service's state; a directory that the unit names stays open to it.
    Source: ssh_config(5), ControlPath; passwd(5).
    """

    name = "socket-in-own-home"
    path, mode = "{home}/.ssh/nsguard-leaktest", 0o600
