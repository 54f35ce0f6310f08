"""The commands that take options. Wrong options are reported in the same form as all other errors."""

import argparse
from collections.abc import Callable, Sequence
from typing import NoReturn

from nsguard.errors import BadInput, NsguardError, Stopped


class _Parser(argparse.ArgumentParser):
    def format_help(self) -> str:
        from nsguard import usage

        self.formatter_class = argparse.RawDescriptionHelpFormatter
        self.epilog = usage.examples(self.prog.removeprefix("nsguard "))
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message}; see {self.prog} --help")


def run(command: str, arguments: Sequence[str]) -> int:
    """Run a command with its arguments and return its exit status. Raises `BadInput`."""
    return _COMMANDS[command](_Parser(prog=f"nsguard {command}", allow_abbrev=False), arguments)


def takes(command: str) -> bool:
    """Whether a command takes options, so that this module parses its arguments."""
    return command in _COMMANDS


def _named(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("namespace", nargs="?", metavar="NAME", help="that namespace; all of them by default")


def _status(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    from nsguard.health import status

    _named(parser)
    parser.description = "Show namespaces, tunnels and apps. Exit status: 0 all up, 1 something is down, 2 bad input."
    parser.add_argument("--json", action="store_true", help="print JSON for programs; docs/status.md describes it")
    parser.add_argument("--no-lines", action="store_true", help="leave out the last lines of failed services")
    parser.add_argument(
        "--watch", action="store_true", help=f"show it again every {status.WATCH_SECONDS:g} s, until ^C"
    )
    parser.add_argument(
        "--exit-address", metavar="URL", help="ask this web service, through the tunnel, which address it sees"
    )
    return status.main(parser.parse_args(arguments))


def _doctor(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    from nsguard.health import doctor

    _named(parser)
    parser.description = "Examine namespaces and say what to do. Exit status: 0 healthy, 1 findings, 2 bad input."
    parser.add_argument("--json", action="store_true", help="print JSON for programs; docs/doctor.md describes it")
    return doctor.main(parser.parse_args(arguments))


def _metrics(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    from nsguard.health import metrics

    parser.description = "Write the status for Prometheus; docs/metrics.md describes it."
    parser.add_argument("file")
    metrics.write(parser.parse_args(arguments).file)
    return 0


def _wait(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    from nsguard.command import prepare
    from nsguard.lifecycle import handshake, late
    from nsguard.spec import values

    parser.description = "Wait until the tunnel is up and one of its peers answers."
    parser.add_argument("namespace", metavar="NAME")
    parser.add_argument("seconds", help="1 to 3600")
    parser.add_argument("--for", dest="unit", help=argparse.SUPPRESS)
    parser.add_argument("--later", metavar="TEMPLATE", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    prepare(options.namespace)
    try:
        timeout = values.number(options.seconds, 1, 3600)
    except ValueError as error:
        raise BadInput(f"wait: {error}") from None
    try:
        handshake.wait_up(options.namespace, timeout)
    except Stopped:
        raise
    except NsguardError:
        if options.unit and options.later:
            late.promise(options.unit, options.later)
        raise
    return 0


def _start_late(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    from nsguard.command import prepare
    from nsguard.lifecycle import late

    parser.description = "Start a service once a peer of the tunnel answers, however long that takes."
    parser.add_argument("namespace", metavar="NAME")
    parser.add_argument("service", metavar="UNIT")
    options = parser.parse_args(arguments)
    prepare(options.namespace)
    late.start(options.namespace, options.service)
    return 0


def _forward(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    from nsguard.command import prepare
    from nsguard.forward import keeper, script
    from nsguard.spec import values

    parser.description = "Keep a port of the tunnel's far end open; docs/port-forwarding.md."
    what = parser.add_subparsers(dest="what", required=True, metavar="VERB")
    verbs: dict[str, tuple[str, Callable[[str], None]]] = {
        "run": ("ask the gateway for a port, and renew it; the unit does this", keeper.run),
        "close": ("close the port and remove its record; the unit does this", keeper.close_by_unit),
        "shut": ("close the port that a script opened, and tell client and onChange", script.shut),
    }
    for verb, (text, _) in verbs.items():
        what.add_parser(verb, help=text, allow_abbrev=False).add_argument("namespace", metavar="NAME")
    opening = what.add_parser(
        "open", help="open a port that a script got, in place of the one before", allow_abbrev=False
    )
    opening.add_argument("namespace", metavar="NAME")
    opening.add_argument("port", metavar="PORT", help="1024 to 65535")
    opening.add_argument("--protocol", action="append", choices=["tcp", "udp"], help="by default both")
    options = parser.parse_args(arguments)
    prepare(options.namespace)
    if options.what != "open":
        verbs[options.what][1](options.namespace)
        return 0
    try:
        port = values.number(options.port, 1, 65535)
    except ValueError as error:
        raise BadInput(f"forward open: {error}") from None
    script.open_port(options.namespace, port, sorted(set(options.protocol or ("tcp", "udp"))))
    return 0


def _listen_port(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    from nsguard.forward import listen_port, programs

    parser.description = "Give the port in $NSGUARD_PORT to a program inside; docs/port-forwarding.md."
    parser.add_argument("client", choices=list(programs.SETTERS))
    parser.add_argument("url")
    options = parser.parse_args(arguments)
    listen_port.main(options.client, options.url)
    return 0


def _settle(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    from nsguard.lifecycle.settle import settle

    parser.description = "Stop units that a new configuration confines and that still run unconfined."
    parser.add_argument("file", help="JSON: units with their namespaces")
    settle(parser.parse_args(arguments).file)
    return 0


_COMMANDS: dict[str, Callable[[argparse.ArgumentParser, Sequence[str]], int]] = {
    "status": _status,
    "doctor": _doctor,
    "metrics": _metrics,
    "wait": _wait,
    "start-late": _start_late,
    "forward": _forward,
    "listen-port": _listen_port,
    "settle": _settle,
}
