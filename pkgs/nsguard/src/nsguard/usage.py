"""The texts of `nsguard --help` at every level. Imported only to print help or to report an unknown command."""

import argparse
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Command(NamedTuple):
    """One command. arguments: name → its meaning; examples: command line → what it does."""

    summary: str
    arguments: dict[str, str]
    examples: dict[str, str]
    verbs: Mapping[str, str] = MappingProxyType({})
    more: str = ""


_NAME = {"NAME": "a namespace, as in nsguard.namespaces"}
_VARIABLE = {
    "-E VARIABLE[=VALUE]": "give the command this variable, with the caller's value by default; may be repeated"
}

COMMANDS = {
    "status": Command(
        "show namespaces, tunnels and apps",
        {},
        {"nsguard status": "all namespaces", "nsguard status vpn --watch": "watch one of them"},
    ),
    "doctor": Command(
        "find what is wrong, and say how to fix it",
        {},
        {"sudo nsguard doctor": "all namespaces", "sudo nsguard doctor vpn --json": "one of them, for programs"},
    ),
    "run": Command(
        "run one command in a namespace",
        {**_NAME, **_VARIABLE, "-- COMMAND...": "the command and its arguments"},
        {
            "nsguard run vpn -- curl https://ipv4.icanhazip.com": "the address that the world sees",
            "nsguard run vpn -E TOKEN -- ./upload.sh": "the same, with one variable of the caller's",
        },
        more="It exits as the command does; with 125 if nsguard fails, 126 if the command cannot be executed and 127\n"
        "if it is not found.",
    ),
    "shell": Command(
        "start your shell in a namespace",
        {**_NAME, **_VARIABLE},
        {"nsguard shell vpn": "leave it with exit", "nsguard shell vpn -E LANG=C": "with one variable set"},
    ),
    "launch": Command(
        "start an app of nsguard.apps",
        {"APP": "an app, as in nsguard.apps", "ARGUMENT...": "passed to the app"},
        {
            "nsguard launch browser": "start it, or open a window of the one that runs",
            "nsguard launch browser https://example.org": "open a page",
        },
    ),
    "keygen": Command(
        "generate a key for this end of a tunnel, and the [Peer] section for the other end",
        {
            "FILE|-": "where the private key goes; an existing file is used; - is standard output",
            "ADDRESS...": "this end's addresses in the tunnel",
        },
        {
            "nsguard keygen /var/lib/nsguard/home.key 10.66.0.2": "a key in a file",
            "nsguard keygen - 10.66.0.2 | age -r RECIPIENT > home.key.age": "a key for a secret manager",
        },
    ),
    "wait": Command(
        "wait until a peer of the tunnel answers",
        {},
        {
            "sudo nsguard wait vpn 30": "for half a minute",
            "sudo nsguard wait vpn 5 && ./backup.sh": "then run the backup",
        },
    ),
    "netns": Command(
        "create or remove a namespace; its unit does this",
        _NAME,
        {
            "systemctl restart nsguard-netns-vpn": "the same through the unit, with all services inside",
            "sudo nsguard netns up vpn": "create it, or apply its rules again",
        },
        {
            "up": "create the namespace, closed until a tunnel is in it",
            "down": "remove it; refused while processes are inside",
            "rules": "apply its rules on the host again, if it is up",
        },
    ),
    "tunnel": Command(
        "put a tunnel into a namespace, or take it out; its unit does this",
        _NAME,
        {
            "systemctl reload nsguard-tunnel-vpn": "the same through the unit: apply a changed file",
            "sudo nsguard tunnel refresh vpn": "look up its endpoints again",
        },
        {
            "up": "create the tunnel, or change the one that is up",
            "down": "remove it; connections of services inside wait",
            "reload": "apply a changed configuration without a gap",
            "refresh": "look up again the endpoints that are names, if it is time",
        },
    ),
    "forward": Command(
        "keep a forwarded port open; its unit does this",
        {},
        {
            "systemctl status nsguard-forward-vpn": "see which port is open",
            "sudo nsguard forward open vpn 51413": "open a port that a script of yours got",
        },
    ),
    "listen-port": Command(
        "set the forwarded port in a program",
        {},
        {
            "NSGUARD_PORT=6881 nsguard listen-port qbittorrent http://127.0.0.1:8080": "qBittorrent",
            "NSGUARD_PORT=6881 nsguard listen-port transmission http://127.0.0.1:9091/transmission/rpc": "Transmission",
        },
    ),
    "metrics": Command(
        "write the status for Prometheus",
        {},
        {
            "sudo nsguard metrics /var/lib/prometheus-node-exporter/nsguard.prom": "for the node exporter",
            "sudo nsguard metrics /dev/stdout": "to look at",
        },
    ),
}

_EXAMPLES = {
    "nsguard status": "what is up, and what is not",
    "nsguard run vpn -- curl https://ipv4.icanhazip.com": "run one command in namespace vpn",
}
EXIT = "Exit status: 0 done, 1 failed and undone, 2 bad input and nothing changed."


def of(path: list[str]) -> str | None:
    """The help of a command or of one of its verbs; the overview for an empty path; None for an unknown command."""
    match path:
        case []:
            rows = {name: command.summary for name, command in COMMANDS.items()}
            parser = _parser("nsguard", "Confine services and apps to a WireGuard tunnel in a network namespace.")
            parser.usage = "nsguard COMMAND [ARGUMENT...]\n       nsguard COMMAND --help\n       nsguard --version"
            _list(parser, "commands", rows)
            parser.epilog = f"{_shown(_EXAMPLES)}\n\n{EXIT}"
        case [name] if name in COMMANDS:
            command = COMMANDS[name]
            parser = _parser(f"nsguard {name}", _sentence(command.summary))
            verbs = [f"{{{','.join(command.verbs)}}}"] if command.verbs else []
            parser.usage = " ".join([f"nsguard {name}", *verbs, *(_optional(word) for word in command.arguments)])
            _list(parser, "verbs", command.verbs)
            _list(parser, "arguments", command.arguments)
            parser.epilog = "\n\n".join(filter(None, [examples(name), command.more]))
        case [name, verb] if name in COMMANDS and verb in COMMANDS[name].verbs:
            command = COMMANDS[name]
            parser = _parser(f"nsguard {name} {verb}", _sentence(command.verbs[verb]))
            parser.usage = " ".join([f"nsguard {name} {verb}", *command.arguments])
            _list(parser, "arguments", command.arguments)
            parser.epilog = examples(name)
        case _:
            return None
    return parser.format_help()


def examples(name: str) -> str:
    """The examples of a command, for the end of its help."""
    return _shown(COMMANDS[name].examples) if name in COMMANDS else ""


def _parser(prog: str, description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog, description=description, formatter_class=argparse.RawDescriptionHelpFormatter, add_help=False
    )


def _list(parser: argparse.ArgumentParser, title: str, rows: Mapping[str, str]) -> None:
    group = parser.add_argument_group(title)
    for name, what in rows.items():
        group.add_argument(f"_{name}", metavar=name, help=what)


def _optional(argument: str) -> str:
    return f"[{argument}]..." if argument.startswith("-E") else argument


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _shown(rows: dict[str, str]) -> str:
    return "\n".join(["examples:", *(f"  {line}\n      {what}" for line, what in rows.items())])
