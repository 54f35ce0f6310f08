"""The words in a tree of nixpkgs: possible names of packages, and of the attributes that modules use of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

# As in `cfg.package.python.pkgs.gunicorn`.
_ASKED = re.compile(r"\b(?:pkgs|(?:cfg\.)?\w*[pP]ackages?|python\w*|php\w*|perl\w*|lua\w*)(?:\.[A-Za-z_][\w-]*)+")


def nixos_arguments(directory: Path, tree: Path) -> str:
    """The arguments of checks/eval/nixos.nix, as an expression; the words go to a file in `directory`.

    tree: nixpkgs' lib/ and nixos/.
    """
    text = "\n".join(path.read_text() for path in tree.glob("nixos/**/*.nix"))
    words = {
        "names": re.findall(r"[A-Za-z_][\w-]*", text),
        "attributes": [word for chain in _ASKED.findall(text) for word in chain.split(".")[1:]],
    }
    file = directory / "words.json"
    file.write_text(json.dumps({kind: sorted(set(these)) for kind, these in words.items()}))
    return f"({{ lib = import {tree}/lib; nixos = {tree}/nixos; }} // builtins.fromJSON (builtins.readFile {file}))"
