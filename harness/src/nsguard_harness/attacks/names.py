"""Names: the host's resolvers, asked directly, by glibc and by the sockets of the host's daemons."""

from __future__ import annotations

import json
import socket
import struct
from typing import TYPE_CHECKING

from ..attack import Attack, Env, Outcome
from . import _tools

if TYPE_CHECKING:
    from ..lab.base import Lab

NSCD_UNIT = "nscd.service"


class DnsUplink(Attack):
    """Claim: a query to the uplink's own resolver does not leave by the uplink.

    Method: a hand-made query over UDP to the resolver's address, the token as a label.
    Limitations: DNS over TCP, TLS and HTTPS take the path of tcp-lan.
    Source: RFC 1035.
    """

    name = "dns-uplink"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        return _tools.ask(env, _tools.lan(env), _tools.name(env), env.addresses.dns_port)


class Getaddrinfo(Attack):
    """Claim: a look-up by glibc is answered through the tunnel, whatever the host's nsswitch.conf names.

    Method: `getent ahostsv4|ahostsv6` in a process of its own, so that nsswitch.conf and resolv.conf are read afresh;
    the host has nss-resolve before dns, and nscd before both.
    Limitations: modules that the lab does not have (winbind, sssd, mdns) are not tried.
    Source: nsswitch.conf(5), nss-resolve(8); nixpkgs #428554.
    """

    name = "getaddrinfo"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        return _tools.getent(env, f"ahostsv{env.family}", _tools.name(env))


class ResolvedVarlink(Attack):
    """Claim: systemd-resolved can't be asked by its varlink socket.

    Method: io.systemd.Resolve.ResolveHostname as nss-resolve calls it, spoken by hand (JSON and NUL).
    Limitations: none of resolved's other methods; they share the socket.
    Source: systemd-resolved.service(8); varlink.org.
    """

    name = "resolved-varlink"
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        _tools.control_needs_resolved(env)
        parameters = {"name": _tools.name(env), "family": int(_tools.inet(env.family)), "flags": 0}
        call = {"method": "io.systemd.Resolve.ResolveHostname", "parameters": parameters}
        with _unix(env, _tools.RESOLVED_VARLINK) as varlink:
            varlink.sendall(json.dumps(call).encode() + b"\0")
            reply = varlink.recv(8192)
        return Outcome(True, f"resolved said {reply[:80].decode(errors='replace')}")


class ResolvedDbus(Attack):
    """Claim: systemd-resolved can't be asked by D-Bus.

    Method: `busctl call` of org.freedesktop.resolve1 ResolveHostname, which also starts the service where it sleeps.
    Limitations: needs busctl in the service's sight.
    Source: org.freedesktop.resolve1(5).
    """

    name = "resolved-dbus"
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        _tools.control_needs_resolved(env)
        service = ("org.freedesktop.resolve1", "/org/freedesktop/resolve1", "org.freedesktop.resolve1.Manager")
        arguments = ("isit", "0", _tools.name(env), str(int(_tools.inet(env.family))), "0")
        status, output = _tools.run(["busctl", "call", *service, "ResolveHostname", *arguments], env.timeout - 0.5)
        return Outcome(status == 0, output)


class NscdSocket(Attack):
    """Claim: nscd's socket is not there for the service.

    Method: a GETHOSTBYNAME or GETHOSTBYNAMEv6 request by hand on /run/nscd/socket (glibc's nscd-client.h, version 2).
    Limitations: glibc only asks nscd when it was not refused a moment ago; see getaddrinfo for that way.
    Source: nscd(8); nixpkgs #428554.
    """

    name = "nscd-socket"
    evidence = "answer"
    families = (4, 6)

    def run(self, env: Env) -> Outcome:
        return _nscd(env)


class _Recreated(Attack):
    """The host restarts nscd, which removes and recreates /run/nscd: masks and binds over it are gone after that."""

    alone = True

    def before(self, lab: Lab) -> None:
        # as often as it takes: systemd counts starts, and refuses the sixth in ten seconds
        lab.client.succeed(f"systemctl reset-failed {NSCD_UNIT}", f"systemctl restart {NSCD_UNIT}")
        lab.client.wait_for_file(_tools.NSCD)


class NscdSocketRecreated(_Recreated):
    """Claim: nscd's socket stays out of sight when the host recreates /run/nscd while the service runs.

    Method: restart nscd on the host, then ask its socket by hand.
    Limitations: as nscd-socket.
    Source: VPN-Confinement #25 and #28; mount_namespaces(7), on removed mount points.
    """

    name = "nscd-socket-recreated"
    core = False

    def run(self, env: Env) -> Outcome:
        return _nscd(env)


class NscdGlibcRecreated(_Recreated):
    """Claim: glibc does not find nscd when the host recreates /run/nscd while the service runs.

    Method: restart nscd on the host, then `getent`.
    Limitations: as getaddrinfo.
    Source: as nscd-socket-recreated.
    """

    name = "nscd-glibc-recreated"
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        return _tools.getent(env, f"ahostsv{env.family}", _tools.name(env))


class ResolvConfRenamed(Attack):
    """Claim: a resolv.conf that the host renames into place while the service runs changes nothing for the service.

    Method: rename a file naming the uplink's resolver over /etc/resolv.conf on the host, as DHCP clients do; then read
    the file as the service sees it and ask each resolver that it names. Naming the uplink's resolver is a success: it
    tells the service where the host is.
    Limitations: one rename; resolvers kept by a running process are not looked at.
    Source: mount_namespaces(7), on renamed mount points; resolv.conf(5).
    """

    name = "resolv-conf-renamed"
    evidence = "answer"
    alone = True

    def before(self, lab: Lab) -> None:
        uplink = "".join(f"nameserver {address}\\n" for address in lab.addresses.server)
        lab.client.succeed(
            f"{_tools.UNLESS_READ_ONLY}cp -a --remove-destination /etc/resolv.conf /run/resolv.conf.saved;"
            f" printf '{uplink}' > /etc/resolv.conf.new; mv -fT /etc/resolv.conf.new /etc/resolv.conf"
        )

    def after(self, lab: Lab) -> None:
        lab.client.succeed(f"{_tools.UNLESS_READ_ONLY}mv -fT /run/resolv.conf.saved /etc/resolv.conf")

    def run(self, env: Env) -> Outcome:
        _tools.control_replaces_etc(env)
        with open("/etc/resolv.conf") as file:
            servers = [line.split()[1] for line in file if line.startswith("nameserver ")]
        for server in servers:
            if (":" in server) == (env.family == 6):
                _tools.ask(env, server, _tools.name(env))
        return Outcome(_tools.lan(env) in servers, f"resolv.conf names {' '.join(servers) or 'nobody'}")


def _nscd(env: Env) -> Outcome:
    key = _tools.name(env).encode() + b"\0"
    with _unix(env, _tools.NSCD) as nscd:
        nscd.sendall(struct.pack("=3i", 2, 5 if env.family == 6 else 4, len(key)) + key)
        reply = nscd.recv(4096)
    return Outcome(True, f"nscd answered {len(reply)} bytes")


def _unix(env: Env, path: str) -> socket.socket:
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.settimeout(2 * env.patience)
    stream.connect(path)
    return stream
