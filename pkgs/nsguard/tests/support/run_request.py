"""A request of `nsguard run`."""

from nsguard.run.protocol import Request

ODD = [b"printf", b"a\nb", b"", b"\xff\xfe", b"--", b"a b", b"'\"$(id)"]


def request(**changes: object) -> Request:
    given: dict[str, object] = {
        "arguments": ODD,
        "environment": [b"HOME=/home/alice", b"EMPTY=", b"LINES=a\nb=c"],
        "directory": b"/srv/odd\nplace",
        "identity": (2**40, 2**63),
        "umask": 0o027,
        "foreground": True,
    }
    return Request(**{**given, **changes})  # type: ignore[arg-type]
