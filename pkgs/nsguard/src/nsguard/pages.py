"""`nsguard completion bash|zsh|fish` and `nsguard manual`, generated from the texts of `nsguard --help`.

The package installs their output. The completions look up names when the user completes one: namespaces below
/etc/nsguard, apps below /etc/nsguard-apps.
"""

from nsguard.usage import COMMANDS, EXIT, Command

_NAMED = " ".join(("status", "doctor", "run", "shell", "wait", "forward"))
_NAMESPACES = "cd /etc/nsguard 2>/dev/null && ls"
_APPS = "cd /etc/nsguard-apps 2>/dev/null && ls *.json 2>/dev/null | sed 's/[.]json$//'"


def completion(shell: str) -> str:
    """The completions for a shell: bash, zsh or fish."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()


def _with_verbs() -> dict[str, Command]:
    return {name: command for name, command in COMMANDS.items() if command.verbs}


def _bash() -> str:
    verbs = "".join(
        f'    2,{name}) words="{" ".join(command.verbs)}" ;;\n    3,{name}) words=$({_NAMESPACES}) ;;\n'
        for name, command in _with_verbs().items()
    )
    return f"""_nsguard() {{
  local words=
  case $COMP_CWORD,${{COMP_WORDS[1]}} in
    1,*) words="{" ".join(COMMANDS)}" ;;
{verbs}    2,launch) words=$({_APPS}) ;;
    2,{"|2,".join(_NAMED.split())}) words=$({_NAMESPACES}) ;;
  esac
  if [ -n "$words" ]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "${{COMP_WORDS[COMP_CWORD]}}")
  fi
}}
complete -F _nsguard nsguard
"""


def _zsh() -> str:
    rows = "\n".join(f"    {_quoted(f'{name}:{command.summary}')}" for name, command in COMMANDS.items())
    verbs = "".join(
        f"    3,{name}) compadd {' '.join(command.verbs)} ;;\n    4,{name}) compadd $({_NAMESPACES}) ;;\n"
        for name, command in _with_verbs().items()
    )
    return f"""#compdef nsguard
_nsguard() {{
  local -a commands
  commands=(
{rows}
  )
  case $CURRENT,$words[2] in
    2,*) _describe command commands ;;
{verbs}    3,launch) compadd $({_APPS}) ;;
    3,{"|3,".join(_NAMED.split())}) compadd $({_NAMESPACES}) ;;
    *) _files ;;
  esac
}}
_nsguard "$@"
"""


def _fish() -> str:
    lines = [
        f"complete -c nsguard -f -n __fish_use_subcommand -a {name} -d {_quoted(command.summary)}"
        for name, command in COMMANDS.items()
    ]
    for name, command in _with_verbs().items():
        lines += [
            f"complete -c nsguard -f -n '__fish_seen_subcommand_from {name}' -a {verb} -d {_quoted(what)}"
            for verb, what in command.verbs.items()
        ]
    both = f"{_NAMED} {' '.join(_with_verbs())}"
    lines.append(f"complete -c nsguard -f -n '__fish_seen_subcommand_from {both}' -a '(ls /etc/nsguard 2>/dev/null)'")
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def manual() -> str:
    """The manual page (man(7))."""
    blocks = [
        '.TH NSGUARD 8 "" nsguard "System administration"',
        ".SH NAME\nnsguard \\- confine services and apps to a WireGuard tunnel in a network namespace",
        ".SH SYNOPSIS\n.B nsguard\n.I COMMAND\n[ARGUMENT...]",
        ".SH COMMANDS",
    ]
    for name, command in COMMANDS.items():
        blocks.append(
            f".SS {_roff(' '.join([name, *command.arguments]))}\n{_roff(command.summary[0].upper())}"
            f"{_roff(command.summary[1:])}."
        )
        blocks += [_item(word, what) for word, what in {**command.verbs, **command.arguments}.items()]
        blocks += [f".PP\n{_roff(command.more)}"] if command.more else []
        blocks += [f".PP\nExamples:\n{chr(10).join(_item(line, what) for line, what in command.examples.items())}"]
    blocks.append(f".SH EXIT STATUS\n{_roff(EXIT.removeprefix('Exit status: '))}")
    return "\n".join([*blocks, ""])


def _item(term: str, text: str) -> str:
    return f".TP\n.B {_roff(term)}\n{_roff(text)}"


def _roff(text: str) -> str:
    """`text`, escaped so that roff takes no part of it as a request or an escape sequence."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace("\n", " ")
    return f"\\&{safe}" if safe[:1] in (".", "'") else safe
