"""`nsguard run` and `nsguard shell`: the part that runs as the caller, without any privilege.

It collects what a directly started command would inherit, sends it to the supervisor, and waits for the command's end.
"""

import _socket
import errno
import os
import stat
import sys

from nsguard import paths
from nsguard.run import protocol
from nsguard.run.errors import BadUsage, RunFailed
from nsguard.run.protocol import Request
from nsguard.system import unix

# Variables that reveal nothing about the host, its network or the user's other programs; -E passes others.
PASSED = {
    *(b"HOME", b"LOGNAME", b"USER", b"SHELL", b"PATH", b"PWD", b"TZ", b"TZDIR"),
    *(b"TERM", b"COLORTERM", b"TERMINFO", b"TERMINFO_DIRS", b"LS_COLORS", b"NO_COLOR", b"CLICOLOR"),
    *(b"LANG", b"LANGUAGE", b"LOCALE_ARCHIVE", b"EDITOR", b"VISUAL", b"PAGER", b"MANPAGER", b"LESS"),
    *(b"SSL_CERT_FILE", b"SSL_CERT_DIR", b"NIX_SSL_CERT_FILE", b"NIX_PROFILES", b"XDG_DATA_DIRS", b"XDG_CONFIG_DIRS"),
}
PASSED_PREFIX = b"LC_"
BASH_PROMPT = "prompt.bash"
# Bytes of a descriptor in a message (unix(7), SCM_RIGHTS).
INT = 4
MEMORY_DEVICES = 1  # their major number, in devices.txt of the kernel
# What a message says of a namespace whose users are set.
_DOWN = "accepts no commands now, because its socket is down; as root: systemctl start nsguard-run-{}.socket"


def main(what: str, words: list[str]) -> int:
    """Run `nsguard run` or `nsguard shell` with its arguments; return the exit status. Raises `NsguardError`."""
    name, variables, command = _options(words)
    if what == "shell":
        if command:
            raise BadUsage("shell takes no command; write nsguard run NAMESPACE -- COMMAND")
        command = shell(name, variables)
    elif not command:
        raise BadUsage("no command given; write nsguard run NAMESPACE -- COMMAND")
    try:
        return _start(name, [os.fsencode(word) for word in command], variables)
    except OSError as error:
        raise RunFailed(f"{name}: {(error.strerror or str(error)).lower()}; try again") from None


def shell(name: str, variables: dict[bytes, bytes]) -> list[str]:
    """The command line of the caller's shell, with the namespace in the prompt; it may add to `variables` for that."""
    program = os.environ.get("SHELL") or "/bin/sh"
    match os.path.basename(program):
        case "bash":
            return [program, "--rcfile", f"{os.path.dirname(os.path.realpath(__file__))}/{BASH_PROMPT}"]
        case "fish":
            prompt = f"functions -c fish_prompt _own; function fish_prompt; echo -n '({name}) '; _own; end"
            return [program, "-C", prompt]
        case "zsh":
            variables.setdefault(b"RPROMPT", os.fsencode(f"({name})"))
        case _:
            variables.setdefault(b"PS1", os.fsencode(f"({name}) $ "))
    return [program]


def _options(words: list[str]) -> tuple[str, dict[bytes, bytes], list[str]]:
    """The namespace, the variables of -E, and the command."""
    rest, name = list(words), ""
    given: dict[bytes, bytes] = {}
    while rest:
        word = rest.pop(0)
        if word == "-E":
            given |= _variable(rest.pop(0) if rest else "")
        elif word == "--":
            break
        elif word.startswith("-"):
            raise BadUsage(f"unknown option {word!a}; put -- before the command")
        elif name:
            rest.insert(0, word)
            break
        elif not paths.valid_name(word):
            raise BadUsage(f"{word!a} is not the name of a namespace; use {paths.NAME_RULE}")
        else:
            name = word
    if not name:
        raise BadUsage("no namespace given; write nsguard run NAMESPACE -- COMMAND")
    return name, given, rest


def _variable(text: str) -> dict[bytes, bytes]:
    """The variable in NAME=VALUE, or NAME with its value in this process; empty if it has none."""
    name, separator, value = os.fsencode(text).partition(b"=")
    if not name:
        raise BadUsage("-E needs a variable; write -E NAME or -E NAME=VALUE")
    content = value if separator else os.environb.get(name)
    return {} if content is None else {name: content}


def environment(name: str, given: dict[bytes, bytes]) -> list[bytes]:
    """The command's environment: the `PASSED` variables of this process, and those given by -E."""
    passed = {k: v for k, v in os.environb.items() if k in PASSED or k.startswith(PASSED_PREFIX)}
    passed[b"NSGUARD_NAMESPACE"] = os.fsencode(name)
    return [k + b"=" + v for k, v in {**passed, **given}.items()]


def _start(name: str, command: list[bytes], variables: dict[bytes, bytes]) -> int:
    _fill()
    try:
        directory = os.getcwdb()
        here = os.stat(".")
    except OSError as error:
        connect(name).close()  # a refusal by the namespace comes first
        what = "you may not enter the working directory"
        if not isinstance(error, PermissionError):
            what = "the working directory no longer exists"
        raise RunFailed(f"{what}; change to another one") from None
    with connect(name) as connection:
        # Imported only once the connection exists.
        from nsguard.run import session, streams, terminal

        umask = os.umask(0o077)
        os.umask(umask)
        screen = terminal.find(name)
        request = Request(
            command,
            environment(name, variables),
            directory,
            (here.st_dev, here.st_ino),
            umask,
            foreground=screen is not None and screen.ready(),
        )
        given = [streams.Stream(number, plain=_is_plain(number)) for number in range(protocol.STDIO)]
        descriptors = [stream.handed(screen) for stream in given]
        send(connection, protocol.encode(request), descriptors + ([screen.slave] if screen else []))
        return session.Session(name, connection, screen, given).attend()


def _fill() -> None:
    """Open /dev/null in place of a closed stream, before another file gets its number."""
    for number in range(protocol.STDIO):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _is_plain(number: int) -> bool:
    """Whether the supervisor takes this descriptor as it is; others are copied through a pipe."""
    mode = os.fstat(number)
    if stat.S_ISCHR(mode.st_mode):
        return os.major(mode.st_rdev) == MEMORY_DEVICES
    if stat.S_ISREG(mode.st_mode):
        from nsguard.system import kernel  # imported here, because ctypes takes milliseconds to load

        return not kernel.is_kernels_own(number)
    return stat.S_ISFIFO(mode.st_mode)


def connect(name: str) -> unix.Socket:
    """Connect to the namespace's socket. Raises `RunFailed`, which says what is missing."""
    try:
        return unix.connect(f"{paths.COMMANDS}/{name}")
    except OSError as error:
        # Inside a namespace the socket is not visible, or Unix sockets are denied.
        if b"NSGUARD_NAMESPACE" in os.environb and error.errno in (errno.ENOENT, errno.EAFNOSUPPORT):
            raise RunFailed(
                "you are already inside a namespace; run the command directly, or leave this shell first"
            ) from None
        from nsguard import known  # imported here because only an error needs it

        match error.errno:
            case errno.ENOENT:
                if name not in known.namespaces():
                    raise RunFailed(known.unknown(name)) from None
                text = _DOWN if _takes_commands(name) else "accepts no commands; set nsguard.namespaces.{}.users"
            case errno.EACCES | errno.EPERM:
                text = f"denies you permission; {known.let_in([name])}"
            case errno.ECONNREFUSED:
                text = _DOWN
            case _:
                text = f"cannot be reached: {(error.strerror or str(error)).lower()}; try again"
        raise RunFailed(f"{name}: the namespace {text.format(name)}") from None


def _takes_commands(name: str) -> bool:
    """Whether the configuration names users of the namespace."""
    from nsguard.system import files  # as above

    try:
        return files.read_json(f"{paths.ETC}/{name}/spec.json")["commandGroup"] is not None
    except (OSError, ValueError, KeyError, TypeError):
        return False


def send(connection: unix.Socket, request: bytes, descriptors: list[int]) -> None:
    """Send the request, with the descriptors in the message of its first four bytes. The answer reports a refusal."""
    try:
        numbers = b"".join(number.to_bytes(INT, sys.byteorder) for number in descriptors)
        connection.sendmsg([request[: protocol.LENGTH]], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, numbers)])
        connection.sendall(request[protocol.LENGTH :])
    except (BrokenPipeError, ConnectionResetError):
        return
