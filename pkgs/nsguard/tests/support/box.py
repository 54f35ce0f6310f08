"""A box: a small private machine with its own network, mounts and PIDs, where real tools change a real kernel."""

import functools
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

HERE = Path(__file__).resolve().parents[1]
LAUNCHER = HERE.parent / "bin/nsguard"
NAME = "vpn"
PEER = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
SECOND_PEER = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
PRIVATE = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
# The host link in a spec.
LINK = {
    "interface": "vensg-1a2b3c4d",
    "inside": "host0",
    "ruleset": f"/etc/nsguard/{NAME}/host-link.nft",
    "host": ["169.254.64.0", "fd00:6e67::1"],
    "namespace": ["169.254.64.1", "fd00:6e67::2"],
    "published": [],
}
# What `Box.elements` shows of the mark of the tunnel in `spec`.
MARK = ["marks [1853537502]", 'pins [[1853537502, {"jump": {"target": "tunnel-vpn"}}]]']

# The path of the checkout in a box, readable for all users; outside, only root may be able to read it.
CHECKOUT = "/run/checkout"
# /run is a new tmpfs and /etc an overlay, so that all files that nsguard reads and writes are in the box.
_MOUNTS = f"""
set -e
mount -t tmpfs -o mode=0755 none /run
mkdir -p /run/up /run/work {CHECKOUT}
mount --bind "$1" {CHECKOUT}
mount -t overlay -o lowerdir=/etc,upperdir=/run/up,workdir=/run/work overlay /etc
rm -rf /etc/nsguard
ip link set lo up
"""
_SET_UP = f"""{_MOUNTS}
echo ready
exec >&-
sleep infinity &
while :; do wait; done  # orphans are reaped, as by an init
"""

# Prints a line for each trace.
_TRACES = """
ip -o link | grep -v ': lo:'
nft list tables
if ip netns list | grep -qw "$1"; then
  ip -o -n "$1" link | grep -v ': lo:'
  ip netns exec "$1" nft list ruleset | grep elements
fi
find /run/wireguard "/run/nsguard/$1/tunnel.json" -type f,s 2>/dev/null
pgrep -a wireguard-go
:
"""


def spec(**tunnel: Any) -> dict[str, Any]:
    """A valid spec; `tunnel` replaces fields of its tunnel."""
    directory = f"/etc/nsguard/{NAME}"
    return {
        "version": 1,
        "namespace": NAME,
        "outer": None,
        "interface": "wg0",
        "userspace": {"interface": "nsg-1a2b3c4d", "unit": f"nsguard-userspace-{NAME}.service"},
        "fwMark": "0x6e7abcde",
        "sysctls": {"net.ipv4.ip_forward": "0", "net.ipv6.conf.default.addr_gen_mode": "1"},
        "rulesets": {"namespace": f"{directory}/namespace.nft", "host": f"{directory}/host.nft", "clients": None},
        "etc": {"hosts": "127.0.0.1 localhost\n", "nsswitch.conf": "hosts: files dns\n"},
        "sockets": ["/run/systemd/notify"],
        "dns": {"enforce": True},
        "loopback": [],
        "portForwarding": None,
        "commandGroup": None,
        "hostServices": [],
        "published": [],
        "hostLink": None,
        "tunnelPorts": {"tcp": [], "udp": []},
        "tunnel": {
            "name": "mullvad",
            "type": "wireguard",
            "implementation": "auto",
            "configFile": "/run/tunnel.conf",
            "ips": [],
            "privateKeyFile": None,
            "generatePrivateKeyFile": False,
            "listenPort": None,
            "mtu": None,
            "dns": [],
            "dynamicEndpointRefreshSeconds": 0,
            "peers": [],
        }
        | tunnel,
    }


def peer(**fields: Any) -> dict[str, Any]:
    """A valid peer of typed options."""
    return {
        "name": None,
        "publicKey": PEER,
        "presharedKeyFile": None,
        "endpoint": "198.51.100.7:51820",
        "allowedIPs": ["0.0.0.0/0", "::/0"],
        "persistentKeepalive": None,
        "dynamicEndpointRefreshSeconds": 0,
    } | fields


def config(address: str = "10.66.0.2/32, fd66::2/128", endpoint: str = "198.51.100.7:51820", more: str = "") -> str:
    """A valid provider file."""
    return f"""[Interface]
PrivateKey = {PRIVATE}
Address = {address}
DNS = 10.66.0.1, fd66::1, example.org

[Peer]
PublicKey = {PEER}
Endpoint = {endpoint}
AllowedIPs = 0.0.0.0/0, ::/0
{more}"""


class Box:
    """A box. `run` runs a program in it; `nsguard` runs the launcher, with shims in front of the tools."""

    def __init__(self, shim: Path) -> None:
        self.shim = shim
        self.kernel = False
        unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if os.geteuid() != 0:
            unshare.append("--map-root-user")
        # The box ends with the tests, however they end, and an interrupt of the tests does not reach it.
        holder = ["setpriv", "--pdeathsig", "KILL", *unshare, "sh", "-c", _SET_UP, "sh", str(HERE.parent)]
        self._holder = subprocess.Popen(holder, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self._holder.stdout
        if self._holder.stdout.readline() != "ready\n":
            self.close()
            raise OSError("no namespaces to be had here")
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children").read_text().split()
        self._root = Path(f"/proc/{children[0]}/root")
        self._enter = ["nsenter", "--target", children[0], "--net", "--mount", "--pid"]
        if os.geteuid() != 0:
            self._enter += ["--user", "--preserve-credentials"]
        self.write_spec(spec())
        self.write("/run/tunnel.conf", config())
        for name in ("namespace.nft", "host.nft"):
            self.write(f"/etc/nsguard/{NAME}/{name}", (HERE / "rulesets" / name).read_text())

    def close(self) -> None:
        self._holder.kill()
        self._holder.wait()
        assert self._holder.stdout
        self._holder.stdout.close()

    def run(self, *argv: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        """Run a program inside, for at most 30 s."""
        return subprocess.run(
            [*self._enter, *argv],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=30,
            env=os.environ | env,
            check=False,
        )

    def start(self, *argv: str) -> subprocess.Popen[str]:
        """Start a program inside and leave it running; its standard output is a pipe."""
        return subprocess.Popen([*self._enter, *argv], stdout=subprocess.PIPE, text=True)

    def out(self, *argv: str) -> str:
        """The standard output of a program that must succeed."""
        done = self.run(*argv)
        assert done.returncode == 0, done.stderr
        return done.stdout

    launcher = f"{CHECKOUT}/bin/nsguard"

    def nsguard(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = os.environ["PATH"]
        return self.run(self.launcher, *arguments, SHIM=str(self.shim), PATH=f"{HERE}/shims:{path}", REAL_PATH=path)

    def write(self, path: str, text: str, mode: int = 0o600) -> None:
        target = self._root / path[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def write_spec(self, value: dict[str, Any]) -> None:
        self.write(f"/etc/nsguard/{NAME}/spec.json", json.dumps(value))

    def misbehave(self, mode: str, at: int) -> None:
        """Make the tool call with number `at`, counted from now, go wrong (see shims/shim)."""
        self.behave()
        (self.shim / "mode").write_text(mode)
        (self.shim / "at").write_text(str(at))

    def behave(self) -> None:
        for name in ("mode", "at", "count", "calls"):
            (self.shim / name).unlink(missing_ok=True)

    def calls(self) -> list[str]:
        return (self.shim / "calls").read_text().splitlines()

    def kernel_wireguard(self) -> None:
        """From now on, the kernel seems to have WireGuard; a bridge takes its place."""
        self.kernel = True
        (self.shim / "kernel").touch()

    def state(self) -> dict[str, Any]:
        """The runtime's record of the tunnel."""
        return dict(json.loads(self.out("cat", f"/run/nsguard/{NAME}/tunnel.json")))

    def addresses(self) -> set[str]:
        """The tunnel's addresses, with their prefix lengths."""
        (link,) = json.loads(self.out("ip", "-n", NAME, "-j", "address", "show", "dev", "wg0"))
        return {f"{info['local']}/{info['prefixlen']}" for info in link["addr_info"]}

    def routes(self) -> set[str]:
        """The static routes inside: destination and device."""
        families = [
            json.loads(self.out("ip", "-n", NAME, "-j", family, "route", "show", "proto", "static"))
            for family in ("-4", "-6")
        ]
        return {f"{route['dst']} {route['dev']}" for routes in families for route in routes}

    def elements(self, *enter: str) -> list[str]:
        """Name and elements of each set and map that is not empty. enter: a command that enters another namespace."""
        rules = json.loads(self.out(*enter, "nft", "-j", "list", "ruleset"))["nftables"]
        sets = [item[kind] for item in rules for kind in ("set", "map") if kind in item]
        return sorted(f"{each['name']} {json.dumps(each['elem'])}" for each in sets if "elem" in each)

    def elements_inside(self) -> list[str]:
        return self.elements("ip", "netns", "exec", NAME)

    def traces_of_tunnel(self) -> list[str]:
        """All that is left of a tunnel: links, pins, elements, processes, files."""
        said = self.run("sh", "-c", _TRACES, "-", NAME)
        assert said.returncode == 0, said.stderr
        return [" ".join(line.split()) for line in said.stdout.splitlines()]

    def traces(self) -> list[str]:
        """All that is left of a tunnel and of namespaces."""
        found = self.run("find", "/run/nsguard", "/run/netns", "-mindepth", "1").stdout.split()
        gone = self.run("test", "-e", "/run/nsguard").returncode != 0
        return self.traces_of_tunnel() + found + ([] if gone else ["/run/nsguard"])


def at_each(steps: int, boxes: Sequence[Box], check: Callable[[Box, int], None]) -> None:
    """Check each step from 1 on in one of the boxes, as many at a time as there are boxes."""
    free: SimpleQueue[Box] = SimpleQueue()
    for box in boxes:
        free.put(box)

    def one(step: int) -> None:
        box = free.get()
        try:
            check(box, step)
        finally:  # the other steps wait for the box
            free.put(box)

    with ThreadPoolExecutor(len(boxes)) as pool:
        list(pool.map(one, range(1, steps + 1)))


def program(name: str) -> str:
    """The path of a program, found in PATH because a build sandbox has no /usr/bin."""
    path = shutil.which(name)
    assert path, f"{name} is not installed"
    return path


@functools.cache
def available() -> str:
    """Why no box can be made here; empty if one can. In a build sandbox, for example, nobody may mount."""
    needed = ("setpriv", "unshare", "nsenter", "ip", "nft", "wg", "wireguard-go")
    missing = [tool for tool in needed if not shutil.which(tool)]
    if missing:
        return f"not installed: {', '.join(missing)}"
    flags = ["--net", "--mount", "--pid", "--fork", "--mount-proc", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    set_up = ["unshare", *flags, "sh", "-c", _MOUNTS, "sh", str(HERE.parent)]
    probe = subprocess.run(set_up, capture_output=True, text=True, check=False)
    return probe.stderr.strip() or (f"exit status {probe.returncode}" if probe.returncode else "")
