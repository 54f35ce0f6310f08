"""Takes systemd's place for `nsguard run`: a socket, and for each connection a supervisor as process 1.

usage: activator SOCKET GROUP MODE LAUNCHER
"""

import grp
import os
import socket
import subprocess
import sys

path, group, mode, launcher = sys.argv[1:]
null = os.dup2(os.open(os.devnull, os.O_RDWR), 9)
os.dup2(null, 3)  # nothing else gets that number
os.makedirs(os.path.dirname(path), exist_ok=True)
with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
    listener.bind(path)
    os.chown(path, 0, grp.getgrnam(group).gr_gid)
    os.chmod(path, int(mode, 8))
    listener.listen(64)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        with connection:
            os.dup2(connection.fileno(), 3)
            subprocess.Popen(
                ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", launcher, "supervise", "vpn", group],
                stdin=subprocess.DEVNULL,
                pass_fds=[3],
                env={"PATH": os.environ["PATH"], "LISTEN_FDS": "1"},
                start_new_session=True,
            )
            os.dup2(null, 3)
