"""nsguard: confine services and apps to a WireGuard tunnel in a network namespace of its own.

usage: nsguard netns  up|down|verify NAME
       nsguard tunnel up|down|reload|refresh NAME
       nsguard status [NAME] [--json] [--watch] [--exit-address URL]
       nsguard doctor [NAME] [--json]
       nsguard wait NAME SECONDS
       nsguard metrics FILE
       nsguard forward run|close NAME
       nsguard listen-port qbittorrent|transmission URL
       nsguard run NAME [-E VARIABLE[=VALUE]]... -- COMMAND...
       nsguard shell NAME [-E VARIABLE[=VALUE]]...
       nsguard launch APP [ARGUMENT...]
       nsguard keygen FILE|- [ADDRESS ...]

Exit status: 0 done, 1 failed and undone, 2 bad input and nothing changed. For status and doctor 0 says that all is
up or healthy, 1 that something is down or wrong. `netns verify` exits 255 unless it runs inside the namespace. `run`
and `shell` are for the users of a namespace and exit as the command does, `launch` as the app's program; `run` with 125
if nsguard fails, 126 if the command cannot be executed, 127 if it is not found.
"""

import sys

from nsguard.errors import BadInput, NsguardError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the process's exit status. Errors are one line on stderr."""
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
        case ["netns", "verify", name]:
            from nsguard.verify import verify

            return verify(name)
        case ["journal", *words]:
            from nsguard import journal

            return journal.run(words)
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
        case ["--help" | "-h" | "help"]:
            print((__doc__ or "").strip())
            return 0
    raise _unknown(arguments)


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
    return BadInput(f"no such command: {' '.join(arguments)!a}; see nsguard --help")


_UNITS = {("netns", "up"), ("netns", "down"), *(("tunnel", verb) for verb in ("up", "reload", "refresh", "down"))}


def _of_unit(what: str, verb: str, name: str) -> None:
    """What the units of a namespace do."""
    match what, verb:
        case _, "down":
            from nsguard.lifecycle import teardown

            (teardown.namespace_down if what == "netns" else teardown.tunnel_down)(name)
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
