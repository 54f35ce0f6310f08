"""The journal as standard output and error, by a connection of this process's own.

systemd connects both before it enters the unit's network namespace, and a socket keeps the namespace that it was made
in: by ioctl(2) on either, the program could ask for the addresses of the host's links (netdevice(7)).
"""

import os
import socket
import stat

from nsguard.errors import NsguardError
from nsguard.unix import connect

JOURNAL = "/run/systemd/journal/stdout"
SO_NETNS_COOKIE = 71  # asm-generic/socket.h, since Linux 5.14
PRIORITY_INFO = 6  # syslog(3)


def foreign(descriptor: int) -> bool:
    """Whether a descriptor is a socket of another network namespace than this process's."""
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return False
    with socket.socket(fileno=os.dup(descriptor)) as theirs, socket.socket(socket.AF_UNIX) as ours:
        return _cookie(theirs) != _cookie(ours)


def _cookie(one: socket.socket) -> bytes:
    return one.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8)


def take_over(identifier: str) -> None:
    """Put connections of our own in place of those of standard output and error that are foreign.

    Raises NsguardError where another than the journal's is, or the journal does not answer.
    """
    strangers = [descriptor for descriptor in (0, 1, 2) if foreign(descriptor)]
    if not strangers:
        return
    if 0 in strangers:
        raise NsguardError("standard input is a socket of the host; set StandardInput to something else")
    try:
        stream = connect(JOURNAL, 5.0)
        # The words of sd_journal_stream_fd(3): who speaks, of which unit (the journal knows), how gravely, whether a
        # line may say that itself, and where else it goes.
        stream.sendall(f"{identifier}\n\n{PRIORITY_INFO}\n1\n0\n0\n0\n".encode())
        stream.shutdown(socket.SHUT_RD)
        stream.settimeout(None)
    except OSError as error:
        raise NsguardError(f"{JOURNAL}: {error.strerror or error}") from None
    for descriptor in strangers:
        os.dup2(stream.fileno(), descriptor)
    stream.close()
    status = os.fstat(strangers[0])
    # By which a program tells that its output goes to the journal (systemd.exec(5)).
    os.environ["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
