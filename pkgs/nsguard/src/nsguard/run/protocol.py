"""The protocol between `nsguard run` and its supervisor, over one connection to the namespace's socket.

The client opens with one request: 4 bytes of length (big endian), sent with the descriptors, then as many bytes:

    VERSION UMASK FOREGROUND CWD DEVICE INODE ARGC, ARGC arguments, NAME=VALUE for each variable

Each field ends with a NUL; numbers are octal (UMASK) or decimal. The descriptors are standard input, output and error
and, if the command gets a terminal, the terminal. All later messages have two bytes, a kind and a number:

    client: SIGNAL n, CONTINUE 0 (in the background) or 1 (in the foreground)
    supervisor: STARTED 0, STOPPED n, EXITED n, KILLED n; or, instead of all these, REFUSED n, followed by a line of
    text, where n is the status to exit with
"""

from nsguard.errors import BadInput

VERSION = b"1"
# Bytes. By default, Linux allows 2 MiB for a program's arguments and environment (execve(2)).
LIMIT = 4 << 20
# Seconds within which a request must be complete.
REQUEST_TIMEOUT = 5.0
LENGTH = 4
STDIO = 3

SIGNAL, CONTINUE = ord("s"), ord("c")
STARTED, STOPPED, EXITED, KILLED, REFUSED = b"S", b"T", b"X", b"K", b"R"

# The same exit statuses as of env(1), nohup(1) and timeout(1).
FAILED, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127


class Request:
    """The command to run. environment: NAME=VALUE; identity: device and inode of the directory in which to run it."""

    def __init__(
        self,
        arguments: list[bytes],
        environment: list[bytes],
        directory: bytes,
        identity: tuple[int, int],
        umask: int,
        *,
        foreground: bool,
    ) -> None:
        self.arguments, self.environment = arguments, environment
        self.directory, self.identity = directory, identity
        self.umask, self.foreground = umask, foreground


def encode(request: Request) -> bytes:
    """The request after its length. Raises `BadInput` if it is too large or contains a NUL."""
    fields = [
        VERSION,
        b"%o" % request.umask,
        b"%d" % request.foreground,
        request.directory,
        *(b"%d" % number for number in request.identity),
        b"%d" % len(request.arguments),
        *request.arguments,
        *request.environment,
    ]
    if any(b"\0" in field for field in fields):
        raise BadInput("an argument or variable holds a NUL byte; leave it out")
    body = b"".join(field + b"\0" for field in fields)
    if len(body) > LIMIT:
        raise BadInput(f"arguments and environment are larger than {LIMIT} bytes; shorten them")
    return len(body).to_bytes(LENGTH, "big") + body


def decode(body: bytes) -> Request:
    """The request in a body. Raises `BadInput` for a body that `encode` would not make."""
    *fields, last = body.split(b"\0")
    if last or len(fields) < 8:
        raise BadInput("the request is malformed")
    if fields[0] != VERSION:
        raise BadInput("the request is of another version of nsguard; start a new shell or reload the service")
    umask, foreground, directory = fields[1], fields[2], fields[3]
    count = _number(fields[6])
    arguments, environment = fields[7 : 7 + count], fields[7 + count :]
    if (
        not 0 < count == len(arguments)
        or not arguments[0]
        or foreground not in (b"0", b"1")
        or directory[:1] != b"/"
        or any(b"=" not in variable[1:] for variable in environment)
    ):
        raise BadInput("the request is malformed")
    identity = _number(fields[4]), _number(fields[5])
    return Request(
        arguments, environment, directory, identity, _number(umask, 8) & 0o777, foreground=foreground == b"1"
    )


def _number(text: bytes, base: int = 10) -> int:
    # int() would also take signs, spaces and underscores
    if not text.isdigit() or len(text) > 20:
        raise BadInput("the request is malformed")
    try:
        return int(text, base)
    except ValueError:
        raise BadInput("the request is malformed") from None
