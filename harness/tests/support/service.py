"""The program of the services in harness/scenarios/services.nix."""

from launched import LINKS

# Writes what it found into its state directory; as a test's own program it is no attack and no part of the harness.
PROGRAM = (
    LINKS
    + r"""
import json, os, pwd, signal, socket, sys, syslog

mode = sys.argv[1] if len(sys.argv) > 1 else ""
state = os.environ["STATE_DIRECTORY"].split(":")[0]
if mode == "listen":
    assert os.environ["LISTEN_PID"] == str(os.getpid())  # as sd_listen_fds(3) asks
    with socket.socket(fileno=3) as listener:
        connection, _ = listener.accept()
        connection.send(json.dumps([links(3), links(connection.fileno())]).encode())
    sys.exit()
if mode == "each":
    os.write(0, json.dumps([os.getuid(), links(0)]).encode() + b"\n")
    sys.exit()
if mode == "visit":
    for directory in ("/run/shared", "/home/music"):
        with open(f"{directory}/visited", "w") as file:
            file.write(state)
    print(sorted(os.listdir("/home")), flush=True)
    sys.exit()
if mode == "names":
    import getpass, grp, subprocess
    os.environ.pop("USER", None), os.environ.pop("LOGNAME", None)
    user = pwd.getpwuid(os.geteuid())  # as ssh, libpq and Node ask
    shown = {
        "user": [user.pw_name, user.pw_dir, user.pw_uid, getpass.getuser()],
        "group": grp.getgrgid(os.getegid()).gr_name,
        "back": pwd.getpwnam(user.pw_name).pw_uid == os.getuid(),
        "id": subprocess.check_output(["id", "-un"], text=True).strip(),
        "passwd": open("/etc/passwd").read(),
        "hosts": {name: sorted({each[4][0] for each in socket.getaddrinfo(name, 1)}) for name in sys.argv[2:]},
        "run": sorted(os.listdir("/run")),
    }
    print(json.dumps(shown))
    sys.exit()
if mode == "own":
    for name in ("www-data", "games"):
        user = pwd.getpwnam(name)
        path = f"{state}/{name}"
        open(path, "w").close()
        os.chown(path, user.pw_uid, user.pw_gid)
    if (child := os.fork()) == 0:
        os.setgid(pwd.getpwnam("games").pw_gid)
        os.setuid(pwd.getpwnam("games").pw_uid)
        with open(f"{state}/games", "w") as file:
            file.write("by games")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    sys.exit()
found = {"uid": os.getuid(), "credential": "", "written": [], "word": os.environ.get("WORD", "")}
if directory := os.environ.get("CREDENTIALS_DIRECTORY"):
    found["credential"] = open(f"{directory}/secret").read()
for kind in ("RUNTIME", "STATE", "CACHE", "LOGS"):
    for directory in filter(None, os.environ.get(f"{kind}_DIRECTORY", "").split(":")):
        with open(f"{directory}/written", "w") as file:
            file.write(kind)
        found["written"].append(directory)
syslog.syslog("spoken by syslog")
print("spoken by stdout", flush=True)
with open(f"{state}/found.json", "w") as file:
    json.dump(found, file)
if mode == "once":
    sys.exit()
if mode == "fork" and os.fork():
    os._exit(0)
if address := os.environ.get("NOTIFY_SOCKET"):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(b"READY=1\nSTATUS=all found", address)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    signal.pause()
"""
)
