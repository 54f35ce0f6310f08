"""Look-ups by programs, in ways and of kinds that names.py does not have."""

from __future__ import annotations

import os
import socket
import struct
import tempfile

from ..attack import Attack, CannotApplyError, Env, Lacking, Outcome
from . import _tools

STUBS = ("127.0.0.53", "127.0.0.54")  # systemd-resolved.service(8)
PTR, IN = 12, 1  # RFC 1035 §3.2


class DnsBeyond(Attack):
    """Claim: a query to any server at all is answered by the tunnel's resolver.

    Method: a query by UDP to a host beyond the gateway that is no resolver of the tunnel's.
    Limitations: port 53; see encrypted look-ups for others.
    Source: RFC 1035; public resolvers that programs have built in.
    """

    name = "dns-beyond"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        return _tools.ask(env, _tools.beyond(env), _tools.name(env), env.addresses.dns_port)


class DnsTcp(Attack):
    """Claim: a query by TCP to the uplink's own resolver does not leave by the uplink.

    Method: connect to the resolver's port 53, the query with its length in front, the token as a label.
    Limitations: one query on one connection.
    Source: RFC 7766.
    """

    name = "dns-tcp"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        query = _tools.question(_tools.name(env), env.family)
        with socket.create_connection((_tools.lan(env), env.addresses.dns_port), env.patience) as tcp:
            tcp.sendall(struct.pack("!H", len(query)) + query)
            answer = tcp.recv(2048)
        return Outcome(len(answer) > 12, f"answered with {len(answer)} bytes")


class DnsStub(Attack):
    """Claim: resolved's stub on the host's loopback can't be asked.

    Method: a query by UDP to 127.0.0.53 and 127.0.0.54.
    Limitations: IPv4: the stub has no IPv6 address.
    Source: systemd-resolved.service(8).
    """

    name = "dns-stub"
    families = (4,)
    every_state = True

    def run(self, env: Env) -> Outcome:
        _tools.control_needs_resolved(env)
        reports = []
        for stub in STUBS:
            try:
                reports.append(_tools.ask(env, stub, _tools.name(env), env.addresses.dns_port).said)
            except OSError as error:
                reports.append(f"{stub}: {error.strerror}")
        return Outcome(any("answered" in line for line in reports), ", ".join(reports))


class ReverseLookup(Attack):
    """Claim: the name of an address is looked up through the tunnel.

    Method: getnameinfo(3) for an address, then a query by hand for a PTR record below in-addr.arpa or ip6.arpa, the
    token as a label, to the resolvers that resolv.conf names and to resolved's stub.
    Limitations: the library's own query can't hold a token; the judge condemns it as nobody's.
    Source: getnameinfo(3), RFC 1035 §3.5, RFC 3596.
    """

    name = "reverse-lookup"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        socket.getnameinfo((_tools.beyond(env), 0), 0)
        query = _tools.question(f"{env.token}.{'ip6' if env.family == 6 else 'in-addr'}.arpa", env.family)
        query = query[:-4] + struct.pack("!2H", PTR, IN)
        with open("/etc/resolv.conf") as file:
            named = [line.split()[1] for line in file if line.startswith("nameserver ")]
        for server in (*named, *STUBS):
            with socket.socket(_tools.inet(6 if ":" in server else 4), socket.SOCK_DGRAM) as udp:
                udp.sendto(query, (server, env.addresses.dns_port))
        return Outcome(bool(named), f"asked {' '.join(named) or 'nobody'}")


class PythonResolver(Attack):
    """Claim: a program that has run for long, and looked up names before, looks them up through the tunnel.

    Method: getaddrinfo(3) in a child of the service's own process, not in a program that starts afresh.
    Limitations: what the C library keeps is renewed when resolv.conf changes.
    Source: getaddrinfo(3), resolv.conf(5).
    """

    name = "getaddrinfo-old-process"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        answers = socket.getaddrinfo(_tools.name(env), 80, _tools.inet(env.family), socket.SOCK_STREAM)
        return Outcome(bool(answers), f"getaddrinfo gives {answers[0][4][0]}")


class LocalName(Attack):
    """Claim: a name that ends in .local is not looked up on the uplink's network.

    Method: getaddrinfo(3) for TOKEN.local, which nss-mdns and resolved would ask the link for.
    Limitations: resolved with multicast DNS off sends such names to nobody, so that there is no control where the host
    looks names up by it first; avahi's stand-in is another attack.
    Source: RFC 6762 §3; nss-mdns; systemd-resolved.service(8), protocols and routing.
    """

    name = "local-name"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        try:
            answers = socket.getaddrinfo(f"{env.token}.local", 80, _tools.inet(env.family), socket.SOCK_STREAM)
        except socket.gaierror:
            if os.path.exists(_tools.RESOLVED_VARLINK):
                raise CannotApplyError(Lacking.MACHINE, "resolved asks no server for a name below .local") from None
            raise
        return Outcome(bool(answers), f"getaddrinfo gives {answers[0][4][0]}")


class Resolvectl(Attack):
    """Claim: resolved's own program can't ask it.

    Method: `resolvectl query`, without resolved's cache.
    Limitations: where the program is there; else it cannot be run by the service either.
    Source: resolvectl(1).
    """

    name = "resolvectl"
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        _tools.control_needs_resolved(env)
        status, output = _tools.run(
            ["resolvectl", f"-{env.family}", "--cache=no", "query", _tools.name(env)], env.timeout - 0.5
        )
        return Outcome(status == 0, output)


class SearchDomain(Attack):
    """Claim: a name that is completed by a search list is looked up through the tunnel.

    Method: `getent` of a name with one dot, where two are needed for it to be asked as it stands.
    Limitations: the search list is not the host's; that its resolv.conf is out of sight is resolv-conf-renamed's.
    Source: resolv.conf(5), LOCALDOMAIN and RES_OPTIONS.
    """

    name = "search-domain"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        variables = {"LOCALDOMAIN": _tools.DOMAIN, "RES_OPTIONS": "ndots:2"}
        return _tools.getent(env, f"ahostsv{env.family}", f"{env.token}.site", variables)


class HostAliases(Attack):
    """Claim: a name that a user's own table makes of another is looked up through the tunnel.

    Method: `getent` of the token alone, with HOSTALIASES naming a file that makes it TOKEN.leak.test.
    Limitations: the file is in the service's own /tmp. Where nscd looks names up for the host, there is no control.
    Source: hostname(7), HOSTALIASES.
    """

    name = "host-aliases"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        with tempfile.NamedTemporaryFile("w", prefix=env.token) as file:
            file.write(f"{env.token} {_tools.name(env)}\n")
            file.flush()
            outcome = _tools.getent(env, f"ahostsv{env.family}", env.token, {"HOSTALIASES": file.name})
        if not outcome.reached and os.path.exists(_tools.NSCD):
            raise CannotApplyError(Lacking.MACHINE, "nscd looks names up here, and does not read its clients' tables")
        return outcome


class GetentHosts(Attack):
    """Claim: the old look-up functions go through the tunnel as the new one does.

    Method: `getent hosts`, which calls gethostbyname2(3) and not getaddrinfo(3).
    Limitations: it asks for IPv6 first; a name that has both is answered with that.
    Source: getent(1), gethostbyname(3).
    """

    name = "getent-hosts"
    families = (0,)
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        return _tools.getent(env, "hosts", _tools.name(env))
