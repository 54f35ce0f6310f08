"""Daemons of the host that work for whoever connects to their socket, and work on the host's network."""

from __future__ import annotations

import socket
import struct

from ..attack import Env
from . import _tools
from ._standins import Daemon, marked, request


class Avahi(Daemon):
    """Claim: avahi, which asks the uplink's network for names, can't be asked by its socket.

    Method: RESOLVE-HOSTNAME-IPV4|IPV6 of a name with the token, as nss-mdns says it.
    Limitations: by D-Bus it is as out of reach as all of the system bus.
    Source: avahi-daemon(8), nss-mdns.
    """

    name = "avahi"
    families = (4, 6)
    path = "/run/avahi-daemon/socket"

    def words(self, env: Env) -> bytes:
        return f"RESOLVE-HOSTNAME-IPV{env.family} {marked(env)}.local\n".encode()


class ContainerEngine(Daemon):
    """Claim: a container engine that runs as root, and runs anything on the host's network, can't be asked.

    Method: create a container on the host's network by HTTP on /run/docker.sock, the token in its command.
    Limitations: podman's and containerd's sockets are also below /run; they are not tried one by one.
    Source: Docker Engine API, ContainerCreate.
    """

    name = "container-engine"
    identities = ("root",)
    path, mode = "/run/docker.sock", 0o660

    def words(self, env: Env) -> bytes:
        return request("POST /v1.41/containers/create", env, '{"HostConfig":{"NetworkMode":"host"}}')


class VirtualMachines(Daemon):
    """Claim: libvirt, which runs machines on the host's bridges, can't be asked.

    Method: REMOTE_PROC_CONNECT_OPEN on /run/libvirt/libvirt-sock, the token as the name to open.
    Limitations: a stand-in answers; polkit would ask ordinary users.
    Source: libvirt's RPC protocol (libvirt.org/kbase/internals/rpc.html).
    """

    name = "virtual-machines"
    path = "/run/libvirt/libvirt-sock"

    def words(self, env: Env) -> bytes:
        uri = _tools.payload(env)
        return struct.pack("!7I", 28 + len(uri), 0x20008086, 1, 1, 0, 0, 0) + uri


class Incus(Daemon):
    """Claim: incus, whose clients are root on the host, can't be asked, although its socket is outside /run.

    Method: create an instance by HTTP on /var/lib/incus/unix.socket.
    Limitations: lxd's socket is tried by lxd.
    Source: Incus documentation, REST API and security: access to the socket.
    """

    name = "incus"
    identities = ("root",)
    path, mode = "/var/lib/incus/unix.socket", 0o660

    def words(self, env: Env) -> bytes:
        return request("POST /1.0/instances", env)


class Lxd(Incus):
    """Claim: lxd, whose clients are root on the host, can't be asked, although its socket is outside /run.

    Method: create an instance by HTTP on /var/lib/lxd/unix.socket.
    Limitations: the one in /var/snap is not tried: snapd, which would have put it there, is not on NixOS.
    Source: LXD documentation, REST API and security: access to the daemon.
    """

    name = "lxd"
    path = "/var/lib/lxd/unix.socket"


class Printing(Daemon):
    """Claim: cups, which sends to network printers, can't be asked.

    Method: POST a job with the token on /run/cups/cups.sock.
    Limitations: the job's IPP operation is not encoded.
    Source: cupsd.conf(5), Listen; RFC 8011.
    """

    name = "printing"
    path = "/run/cups/cups.sock"

    def words(self, env: Env) -> bytes:
        return request("POST /printers/{token}", env)


class SmartCards(Daemon):
    """Claim: pcscd, which talks to card readers on USB and on the network, can't be asked.

    Method: CMD_VERSION on /run/pcscd/pcscd.comm, the token behind it.
    Limitations: no reader is asked for.
    Source: pcscd(8); pcsc-lite, winscard_msg.h.
    """

    name = "smart-cards"
    path = "/run/pcscd/pcscd.comm"

    def words(self, env: Env) -> bytes:
        return struct.pack("=2I", 12, 0x11) + _tools.payload(env)


class Snapd(Daemon):
    """Claim: snapd, which downloads for its clients, can't be asked.

    Method: install a snap named by the token, by HTTP on /run/snapd.socket.
    Limitations: polkit would ask ordinary users; reading is for everybody.
    Source: snapd's REST API.
    """

    name = "snapd"
    path = "/run/snapd.socket"

    def words(self, env: Env) -> bytes:
        return request("POST /v2/snaps/{token}", env)


class WirelessControl(Daemon):
    """Claim: wpa_supplicant, which can join any network, can't be told to.

    Method: a datagram that sets a network's name to the token, on /run/wpa_supplicant/wlan0.
    Limitations: iwd and NetworkManager are asked by the system bus, as bus-names.
    Source: wpa_supplicant's control interface (wpa_ctrl).
    """

    name = "wireless-control"
    identities = ("root",)
    path, mode, kind = "/run/wpa_supplicant/wlan0", 0o660, socket.SOCK_DGRAM

    def words(self, env: Env) -> bytes:
        return f'SET_NETWORK 0 ssid "{marked(env)}"'.encode()


class Tailscale(Daemon):
    """Claim: tailscaled, another tunnel of the host's, can't be asked.

    Method: dial through it by HTTP on /run/tailscale/tailscaled.sock.
    Limitations: it trusts root and its operator alone; a stand-in answers everybody.
    Source: tailscale, ipn/localapi.
    """

    name = "tailscale"
    path = "/run/tailscale/tailscaled.sock"

    def words(self, env: Env) -> bytes:
        return request("POST /localapi/v0/dial", env)


class SocksProxy(Daemon):
    """Claim: a proxy of the host's that listens on a path can't be asked to connect.

    Method: SOCKS5 to a name with the token, on /run/tor/socks.
    Limitations: proxies on the host's loopback are behind the network namespace.
    Source: tor(1), SocksPort unix:; RFC 1928.
    """

    name = "socks-proxy"
    path = "/run/tor/socks"

    def words(self, env: Env) -> bytes:
        host = f"{marked(env)}.test".encode()
        return b"\x05\x01\x00\x05\x01\x00\x03" + bytes((len(host),)) + host + struct.pack("!H", 80)


class NameServiceLdap(Daemon):
    """Claim: nslcd, which asks a directory for names, can't be asked.

    Method: NSLCD_ACTION_HOST_BYNAME for the token on /run/nslcd/socket.
    Limitations: by glibc it is asked only where nsswitch.conf says so; getaddrinfo is that way.
    Source: nslcd(8); nss-pam-ldapd, nslcd.h.
    """

    name = "nslcd"
    path = "/run/nslcd/socket"

    def words(self, env: Env) -> bytes:
        host = marked(env).encode()
        return struct.pack("!3I", 2, 0x00040001, len(host)) + host


class NameServiceWins(Daemon):
    """Claim: winbind, which asks the uplink's network for NetBIOS names, can't be asked.

    Method: a request on /run/samba/winbindd/pipe, the token where the name is.
    Limitations: the request's structure is not filled in; by glibc, as nslcd.
    Source: winbindd(8), nsswitch's wins module.
    """

    name = "winbind"
    path = "/run/samba/winbindd/pipe"


class PortMapper(Daemon):
    """Claim: rpcbind, which calls others for its clients, can't be asked.

    Method: PMAPPROC_CALLIT with the token as arguments on /run/rpcbind.sock.
    Limitations: current versions refuse indirect calls unless told to take them.
    Source: RFC 1833 §2.2; rpcbind(8).
    """

    name = "port-mapper"
    path = "/run/rpcbind.sock"

    def words(self, env: Env) -> bytes:
        call = struct.pack("!10I", 1, 0, 2, 100000, 2, 5, 0, 0, 0, 0) + _tools.payload(env)
        return struct.pack("!I", 0x80000000 | len(call)) + call


class Location(Daemon):
    """Claim: gpsd, which knows where the machine is and connects to other such, can't be told to.

    Method: add a source at a name with the token on /run/gpsd.sock.
    Limitations: geoclue is asked by the system bus, as bus-names.
    Source: gpsd(8), control socket; gpsdctl(8).
    """

    name = "location"
    identities = ("root",)
    path, mode = "/run/gpsd.sock", 0o600

    def words(self, env: Env) -> bytes:
        return f"+tcp://{marked(env)}.test:2947\r\n".encode()


class SshHost(Daemon):
    """Claim: the host's sshd can't be reached by its local socket.

    Method: the protocol's first line, with the token as comment, on /run/ssh-unix-local/socket.
    Limitations: no key is offered; that somebody listens is enough.
    Source: systemd-ssh-generator(8); RFC 4253 §4.2.
    """

    name = "ssh-host"
    path = "/run/ssh-unix-local/socket"

    def words(self, env: Env) -> bytes:
        return f"SSH-2.0-leaktest {marked(env)}\r\n".encode()


class Audio(Daemon):
    """Claim: a JACK server, which can send sound over the network, can't be asked by its socket in shared memory.

    Method: connect to /dev/shm/jack_default_UID_0, where its clients find it.
    Limitations: its protocol is not spoken.
    Source: jackd(1), JACK NetJack; jack2, JackConstants.h (jack_server_dir).
    """

    name = "audio-in-shared-memory"
    path = "/dev/shm/jack_default_{uid}_0"
