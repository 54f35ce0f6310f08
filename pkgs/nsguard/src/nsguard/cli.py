"""nsguard: confine services and apps to a WireGuard tunnel in a network namespace of its own.

`nsguard --help` lists the commands (see `usage`).
"""

import sys

from nsguard.errors import BadInput, NsguardError


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the process's exit status. An error is printed as one line on stderr."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        return _dispatch(arguments)
    except NsguardError as error:
        print(f"nsguard: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"nsguard: {error.filename or 'system call'}: {error.strerror or error}", file=sys.stderr)
        return 1


def _dispatch(arguments: list[str]) -> int:
    # Each branch imports its own modules: start-up time is most of what the short commands cost.
    match arguments:
        case [] | [*_, "--help" | "-h"] | ["help" | "--version" | "manual"] | ["completion", _] if _helped(arguments):
            return 0
        case ["run" | "shell" as what, *words]:
            from nsguard.run import client

            return client.main(what, words)
        case ["supervise", name, group]:
            from nsguard.run.supervise import supervise

            return supervise(name, group)
        case ["netns" | "tunnel" as what, verb, name] if (what, verb) in _UNITS:
            from nsguard.command import prepare

            prepare(name)
            _of_unit(what, verb, name)
            return 0
        case [
            "status" | "doctor" | "metrics" | "wait" | "start-late" | "forward" | "listen-port" | "settle" as command,
            *rest,
        ]:
            from nsguard import options

            return options.run(command, rest)
        case ["launch" | "app" as what, *rest] if rest:
            return _app(what, rest)
        case ["keygen", *rest]:
            from nsguard import keygen

            return keygen.run(rest)
    raise _unknown(arguments)


def _helped(arguments: list[str]) -> bool:
    """Print the version, the help, or a page generated from it; return whether the arguments ask for one of them."""
    match arguments:
        case ["--version"]:
            from nsguard import __version__

            print(f"nsguard {__version__}")
            return True
        case ["manual"] | ["completion", "bash" | "zsh" | "fish"]:
            from nsguard import pages

            print(pages.manual() if arguments == ["manual"] else pages.completion(arguments[1]), end="")
            return True
    from nsguard import options, usage

    path = [] if arguments == ["help"] else arguments[:-1]
    if len(path) == 1 and options.takes(path[0]):  # the command's own parser prints more help
        return False
    if text := usage.of(path):
        print(text, end="")
    return bool(text)


def _app(what: str, arguments: list[str]) -> int:
    match [what, *arguments]:
        case ["launch", name, *rest]:
            from nsguard.apps.launch import launch

            return launch(name, rest)
        case ["app", "serve" | "start" as what, name]:
            from nsguard.apps import serve

            return (serve.serve if what == "serve" else serve.start)(name)
        case ["app", "display", name, *paths] if paths:
            from nsguard.apps import display

            display.serve(name, paths)
        case ["app", "await", path]:
            from nsguard.apps import serve

            serve.wait_for(path)
            return 0
        case ["app", "desktop-entry", path, launcher, namespace]:
            from nsguard.apps.desktop import entry

            print(entry(path, launcher, namespace), end="")
            return 0
    raise _unknown([what, *arguments])


def _unknown(arguments: list[str]) -> BadInput:
    """The error for arguments that no command takes: a misspelt word, or one too few or too many."""
    from nsguard import usage
    from nsguard.errors import nearest

    first, *rest = arguments
    command = usage.COMMANDS.get(first)
    if command is None:
        return BadInput(f"no such command: {first!a}{nearest(first, usage.COMMANDS)}; see nsguard --help")
    if not command.verbs:
        return BadInput(f"{first}: too few arguments; see nsguard {first} --help")
    if not rest:
        return BadInput(f"{first}: a verb is missing, one of {', '.join(command.verbs)}; see nsguard {first} --help")
    if rest[0] not in command.verbs:
        return BadInput(
            f"{first}: no such verb: {rest[0]!a}{nearest(rest[0], command.verbs)}; see nsguard {first} --help"
        )
    return BadInput(f"{first} {rest[0]}: name one namespace; see nsguard {first} {rest[0]} --help")


_UNITS = {
    *(("netns", verb) for verb in ("up", "down", "rules")),
    *(("tunnel", verb) for verb in ("up", "reload", "refresh", "down")),
}


def _of_unit(what: str, verb: str, name: str) -> None:
    """Run a command that a unit of the namespace runs."""
    match what, verb:
        case _, "down":
            from nsguard.lifecycle import teardown

            (teardown.namespace_down if what == "netns" else teardown.tunnel_down)(name)
        case "netns", "rules":
            from nsguard.lifecycle import rules

            rules.relay(name)
        case "netns", _:
            from nsguard.lifecycle import netns

            netns.up(name)
        case _, "refresh":
            from nsguard.lifecycle import refresh

            refresh.refresh(name)
        case _:
            from nsguard import state
            from nsguard.lifecycle import tunnel

            with state.noted(name, f"tunnel up {name}"):
                tunnel.up(name)
