"""A program that is launched as an app, and how a person of the lab's machine launches it."""

from __future__ import annotations

import shlex

from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.machine import Completed

# A function of a test's programs.
LINKS = r"""
import array, fcntl, struct

def links(descriptor):
    # names of links that a socket's namespace has (netdevice(7), SIOCGIFCONF)
    space = array.array("B", bytes(4096))
    done = fcntl.ioctl(descriptor, 0x8912, struct.pack("iL", 4096, space.buffer_info()[0]))
    length = struct.unpack("iL", done)[0]
    return [space.tobytes()[i:i + 16].split(b"\0")[0].decode() for i in range(0, length, 40)]
"""

# It writes what it finds into its home directory; arguments make it do something more.
PROGRAM = r"""
import array, ctypes, fcntl, glob, json, os, signal, socket, struct, subprocess, sys, time
"""
PROGRAM += LINKS
PROGRAM += r"""
def seen(descriptor):
    try:
        return links(descriptor)
    except OSError:
        return []

def taken():
    # links of every socket that can be taken from another process of this user (pidfd_getfd(2))
    libc, found = ctypes.CDLL(None, use_errno=True), []
    for path in glob.glob("/proc/[0-9]*"):
        pid = int(path[6:])
        if pid == os.getpid():
            continue
        try:
            watch = os.pidfd_open(pid)
        except OSError:
            continue
        for number in range(16):
            got = libc.syscall(438, watch, number, 0)
            if got >= 0:
                found += seen(got)
                os.close(got)
    return found

home = os.environ["HOME"]
arguments = [os.fsencode(one).decode("latin-1") for one in sys.argv[1:]]
found = {
    "arguments": arguments, "environment": dict(os.environ), "directory": os.getcwd(), "uid": os.getuid(),
    "links": sorted(name for _, name in socket.if_nameindex()),
    "handed": sorted({l for fd in range(64) for l in seen(fd)}), "taken": taken(),
    "homes": os.listdir("/home"), "processes": len(glob.glob("/proc/[0-9]*")), "host": os.uname().nodename,
    "run": sorted(os.listdir("/run")),
    "cookie": open(os.environ["XAUTHORITY"]).read() if "XAUTHORITY" in os.environ else None,
}
for name in ("wayland-0", "pipewire-0"):
    try:
        socket.socket(socket.AF_UNIX).connect(f"/run/nsguard-session/{name}")
        found[name] = True
    except OSError as error:
        found[name] = error.strerror
try:
    open("/srv/nsguard-test/written", "w").write("here")
except OSError as error:
    found["unwritten"] = error.strerror
with open(f"{home}/found-{arguments[1] if arguments[1:] else 'bare'}.json", "w") as file:
    json.dump(found, file)
print("spoken by", *arguments, flush=True)
match arguments:
    case ["exit", number, *_]:
        sys.exit(int(number))
    case ["stay", *_]:
        signal.signal(signal.SIGTERM, lambda *_: (open(f"{home}/ended", "w").close(), sys.exit(0)))
        while True:
            signal.pause()
    case ["call", *words]:
        done = subprocess.run(["busctl", "--timeout=30", *words], capture_output=True, text=True)
        with open(f"{home}/called.json", "w") as file:
            json.dump([done.returncode, done.stdout + done.stderr], file)
    case ["leave", *_]:
        if os.fork() == 0:
            time.sleep(0.5)
            open(f"{home}/left", "w").close()
"""
# By a person of the machine: www-data, or another.
ENVIRONMENT = "env -i HOME=/tmp PATH=/usr/local/bin:/usr/bin:/bin"
PERSON = f"setpriv --reuid {{user}} --regid {{user}} --clear-groups {ENVIRONMENT} {{more}} "


def person(command: str, user: str = "www-data", **variables: str) -> str:
    more = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    return PERSON.format(user=user, more=more) + command


def launch(lab: ContainerLab, app: str, *arguments: str, **variables: str) -> Completed:
    return lab.client.run(person(shlex.join([app, *arguments]), **variables), timeout=120)
