"""Ways out that are known and not tried, and why. The standard library only."""

from __future__ import annotations

from typing import NamedTuple


class Unreachable(NamedTuple):
    """A way out; why it is not tried; what stands against it all the same; where it is described."""

    name: str
    why: str
    guard: str
    source: str


KERNEL = "the lab's machines share the kernel of the machine that carries them"
HARDWARE = "the lab has no such hardware"

UNREACHABLE = (
    Unreachable(
        "dns-resolver-key", f"{KERNEL}, which would look the name up itself", "property:system-calls", "keyrings(7)"
    ),
    Unreachable(
        "vsock-to-the-hypervisor",
        "a connection would leave the lab; making the socket is tried",
        "property:address-families",
        "vsock(7)",
    ),
    Unreachable(
        "vsock-devices", "the lab has neither /dev/vsock nor /dev/vhost-vsock", "property:private-devices", "vsock(7)"
    ),
    Unreachable(
        "load-program",
        "containers may not call bpf(2), so that its control is not seen",
        "property:capability-bounds",
        "bpf(2)",
    ),
    Unreachable("kernel-events", f"{KERNEL}, and its devices do not come and go", "none: reading alone", "netlink(7)"),
    Unreachable(
        "automounter",
        f"{KERNEL}, which would mount; that nothing of /net is in sight is tried",
        "property:hidden-paths",
        "autofs(5)",
    ),
    Unreachable(
        "network-file-systems",
        f"{KERNEL}, which would ask the server; a mount that the service sees is a way out",
        "none: keep them out with InaccessiblePaths=",
        "nfs(5)",
    ),
    Unreachable(
        "socket-activation",
        "refused when the configuration is evaluated, and tested there",
        "the plan's problems",
        "systemd.socket(5)",
    ),
    Unreachable(
        "descriptors-from-the-unit",
        "OpenFile=, StandardInput=socket and the descriptor store are the administrator's own words",
        "none",
        "systemd.exec(5), systemd.service(5)",
    ),
    Unreachable(
        "ring-from-outside",
        "no daemon is known that hands over an io_uring; descriptors as such are tried",
        "property:system-calls",
        "io_uring_setup(2), IORING_SETUP_SQPOLL",
    ),
    Unreachable(
        "x32-calls", "the lab's kernel has no x32 table; the 32-bit one is tried", "property:native-calls", "syscall(2)"
    ),
    Unreachable(
        "file-handles",
        "a handle of a file out of sight can't be guessed where the file system numbers files anew",
        "property:capability-bounds",
        "open_by_handle_at(2)",
    ),
    Unreachable("modems", HARDWARE, "property:private-devices", "tty(4)"),
    Unreachable("bluetooth", f"{HARDWARE}, and its kernel no such family", "property:address-families", "bluez"),
    Unreachable("near-field", f"{HARDWARE}, and its kernel no such family", "property:address-families", "nfc"),
    Unreachable("usb-devices", HARDWARE, "property:private-devices", "lsusb(8)"),
    Unreachable(
        "journal-forwarding",
        "a service may log; where the host forwards its log, that goes along",
        "none: not claimed",
        "systemd-journal-upload.service(8)",
    ),
    Unreachable("identity", "host name, machine id and time zone are not hidden", "none: not claimed", "machine-id(5)"),
    Unreachable(
        "suspend", "a container does not sleep", "the tunnel's states are tried while awake", "systemd-sleep.conf(5)"
    ),
    Unreachable(
        "browsers",
        "no browser is in the image; their sockets and buses are tried by themselves",
        "property:private-run, property:private-tmp",
        "RFC 8828",
    ),
)
