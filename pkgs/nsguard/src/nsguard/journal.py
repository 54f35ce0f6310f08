"""`nsguard journal PROGRAM…`: standard output and error by a connection to the journal that is made in here.

systemd makes both before it enters the unit's network namespace, and a socket keeps the namespace that it was made in:
by ioctl(2) on either, the program could ask for the addresses of the host's links (netdevice(7)). This process makes a
connection of its own, and becomes the program.

systemd-cat(1) does so too, but the words of a program that soon ends are nobody's then: unless PID 1 made it, the
journal takes the unit of a connection from the control group of the process that did, and looks when the first line
comes (systemd issue 2913). So an empty line comes first, which is not kept, and the program once it has been read.
"""

# Not `socket` and `signal`: each takes longer to load than all of this.
import _signal  # type: ignore[import-not-found]
import _socket
import fcntl
import os
import sys
import termios
import time

from nsguard.errors import BadInput

JOURNAL = "/run/systemd/journal/stdout"
# By their numbers (syslog(3)).
LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("", "", "", "", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"),
)
NO = {"0", "no", "n", "false", "f", "off"}  # systemd.syntax(7)
# What systemd does where a unit says nothing.
OPTIONS = {"identifier": "", "facility": "daemon", "level": "info", "level-prefix": "yes"}
OPTIONS |= {"ignore-sigpipe": "yes", "argv0": ""}
# A journal that does not read for so long (seconds) does not hold up the program.
PATIENCE = 2.0
BUFFER = 8 << 20  # bytes, as sd_journal_stream_fd(3) asks for
NOT_EXECUTED = 203  # EXIT_EXEC (systemd.exec(5))


def run(words: list[str]) -> int:
    """Become the program that `words` end with; `NOT_EXECUTED` and one line on stderr where it cannot be executed.

    Before it stand, as the unit has them, --identifier=, --facility=, --level= and --level-prefix= (Syslog…= in
    systemd.exec(5)) and --ignore-sigpipe=; and --argv0=, what the program is to be called. One that is empty is as
    none, and the identifier then the program's name. Raises `BadInput`.
    """
    options, argv = _parse(words)
    # As systemd made it: Python adds a locale to an environment without one.
    with open("/proc/self/environ", "rb") as file:
        environment = dict(item.split(b"=", 1) for item in file.read().split(b"\0") if b"=" in item)
    try:
        stream = _connect(options)
        status = os.fstat(stream)
        environment[b"JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}".encode()
    except OSError as error:
        # As systemd has it: a service can do without the journal, and not the other way round.
        print(f"nsguard: {JOURNAL}: {error.strerror}; what {argv[0]} writes is not kept", file=sys.stderr)
        stream = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(stream, descriptor)
    # Python changed both.
    _signal.signal(_signal.SIGXFSZ, _signal.SIG_DFL)
    if options["ignore-sigpipe"] in NO:
        _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
    try:
        os.execvpe(argv[0], [options["argv0"] or argv[0], *argv[1:]], environment)  # noqa: S606 (the unit's own command)
    except OSError as error:
        print(f"nsguard: cannot execute {argv[0]}: {error.strerror}", file=sys.stderr)
        return NOT_EXECUTED


def _parse(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Options by name, and the program with its arguments."""
    options = dict(OPTIONS)
    for number, word in enumerate(words):
        if not word.startswith("--"):
            return options | {"identifier": options["identifier"] or os.path.basename(word)}, words[number:]
        name, _, value = word[2:].partition("=")
        if name not in OPTIONS:
            raise BadInput(f"journal has no option {word!a}; it has --{'=, --'.join(OPTIONS)}=")
        options[name] = value or OPTIONS[name]
    raise BadInput("journal needs a program to run; name it after the options")


def _connect(options: dict[str, str]) -> int:
    """A connection whose unit the journal knows: a descriptor. Raises `BadInput`, OSError."""
    priority = _number(FACILITIES, options["facility"]) << 3 | _number(LEVELS, options["level"])
    prefix = int(options["level-prefix"] not in NO)
    stream = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    stream.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF, BUFFER)
    stream.connect(JOURNAL)
    stream.shutdown(_socket.SHUT_RD)
    # Who speaks, of which unit (only root may say), how gravely, whether a line may say that itself, and that it goes
    # nowhere else: the words of sd_journal_stream_fd(3), and the empty line.
    stream.sendall(f"{options['identifier']}\n\n{priority}\n{prefix}\n0\n0\n0\n\n".encode())
    end = time.monotonic() + PATIENCE
    _await_read(stream, end)
    # What comes next is read once what came first has been dealt with.
    stream.sendall(b"\n")
    _await_read(stream, end)
    return stream.detach()


def _number(names: tuple[str, ...], said: str) -> int:
    """Raises `BadInput`."""
    if said in names:
        return names.index(said)
    if said.isdecimal() and int(said) < len(names):
        return int(said)
    known = ", ".join(filter(None, names))
    raise BadInput(f"{said!a} is none of {known}; mend SyslogFacility= or SyslogLevel= of the unit")


def _await_read(stream: _socket.socket, end: float) -> None:
    """Wait until the other side has read all, at most until `end`."""
    pause = 0.0001
    while int.from_bytes(fcntl.ioctl(stream, termios.TIOCOUTQ, bytes(4)), sys.byteorder) and time.monotonic() < end:
        time.sleep(pause)
        pause = min(2 * pause, 0.01)
