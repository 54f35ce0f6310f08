"""Options of the commands that have any, with this program's way of refusing them."""

import argparse
from collections.abc import Callable, Sequence
from typing import NoReturn

from nsguard.errors import BadInput


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message}; see {self.prog} --help")


def run(command: str, arguments: Sequence[str]) -> int:
    """Run `status` or `doctor` by its arguments; its exit status. Raises `BadInput`."""
    parser = _Parser(prog=f"nsguard {command}", allow_abbrev=False)
    parser.add_argument("namespace", nargs="?", metavar="NAME", help="that namespace; all of them by default")
    return _COMMANDS[command](parser, arguments)


def _status(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    from nsguard import status

    parser.description = "Show namespaces, tunnels and apps. Exit status: 0 all up, 1 something is down, 2 bad input."
    parser.add_argument("--json", action="store_true", help="for programs; docs/status.md says what it holds")
    parser.add_argument("--watch", action="store_true", help=f"again every {status.WATCH_SECONDS:g} s, until ^C")
    parser.add_argument("--exit-address", metavar="URL", help="ask there, by the tunnel, which address the world sees")
    return status.main(parser.parse_args(arguments))


_COMMANDS: dict[str, Callable[[argparse.ArgumentParser, Sequence[str]], int]] = {"status": _status}
