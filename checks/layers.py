"""Which room of the code imports which, and the circles among modules.

usage: python3 checks/layers.py [CHECKOUT]

A room is a folder, or a module beside the folders. An arrow is one module that imports another one; imports inside
functions count, those for the type checker alone do not.
"""

from __future__ import annotations

import ast
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TREES = {
    "runtime": Path("pkgs/nsguard/src/nsguard"),
    "plan": Path("modules/plan"),
    "harness": Path("harness/src/nsguard_harness"),
}
Graph = dict[str, set[str]]


def arrows(tree: Path) -> Graph:
    """Module → the modules of the same tree that it imports, by their paths from there without a suffix."""
    suffix = ".nix" if any(tree.glob("*.nix")) else ".py"
    graph: Graph = {}
    for path in sorted(tree.rglob(f"*{suffix}")):
        imports = _nix(path, tree) if suffix == ".nix" else _python(path, tree)
        graph[_module(path, tree)] = {module for module in imports if module != _module(path, tree)}
    return graph


def rooms(graph: Mapping[str, set[str]]) -> Graph:
    """Room → the other rooms that something in it imports."""
    graph_of_rooms: Graph = {}
    for module, others in graph.items():
        graph_of_rooms.setdefault(room(module), set()).update(room(other) for other in others)
    return {name: others - {name} for name, others in graph_of_rooms.items()}


def room(module: str) -> str:
    """The room that a module is in: its first folder, with a slash, or itself."""
    folder, slash, _ = module.partition("/")
    return folder + slash


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The sets of modules that reach one another, by Tarjan's algorithm (SIAM Journal on Computing 1, 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    components: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(graph.get(module, ())):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            at = stack.index(module)
            components.append(sorted(stack[at:]))
            del stack[at:]

    for module in graph:
        if module not in index:
            visit(module)
    return [members for members in components if len(members) > 1]


def _module(path: Path, tree: Path) -> str:
    """A package or a folder's default.nix is in its folder: `apps/`."""
    name = path.relative_to(tree).with_suffix("").as_posix()
    folder, _, last = name.rpartition("/")
    if last in ("__init__", "default"):
        return f"{folder}/" if folder else last
    return name


def _nix(path: Path, tree: Path) -> Iterator[str]:
    text = re.sub(r"^\s*#.*$", "", path.read_text(), flags=re.MULTILINE)
    for reference in re.findall(r"\bimport (\.{1,2}[\w./-]*)", text):
        target = (path.parent / reference).resolve()
        if target.is_relative_to(tree.resolve()):
            yield _module((target / "default.nix") if target.is_dir() else target, tree.resolve())


def _python(path: Path, tree: Path) -> Iterator[str]:
    package = tree.name
    here = [package, *path.relative_to(tree).parent.parts]
    for node in _run(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            dotted = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{dotted}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith(f"{package}."):
                yield from _of_name(name.split(".")[1:], tree)


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes except those that only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from _run(child)


def _of_name(parts: list[str], tree: Path) -> Iterator[str]:
    """The module of a dotted name, or the module that defines the name."""
    for length in (len(parts), len(parts) - 1):
        path = tree.joinpath(*parts[:length])
        if length and path.with_suffix(".py").is_file():
            yield "/".join(parts[:length])
            return
        if (path / "__init__.py").is_file():
            if length:
                yield "/".join(parts[:length]) + "/"
            return


def main(checkout: Path) -> None:
    """Print rooms, arrows and circles of every tree."""
    for name, folder in TREES.items():
        graph = arrows(checkout / folder)
        between = rooms(graph)
        inner, outer = (sum(map(len, imports.values())) for imports in (graph, between))
        in_circles = [("modules", members) for members in circles(graph)]
        in_circles += [("rooms", members) for members in circles(between)]
        print(
            f"{name}: {len(graph)} modules, {inner} arrows; {len(between)} rooms, {outer} arrows;"
            f" {len(in_circles) or 'no'} circle{'' if len(in_circles) == 1 else 's'}"
        )
        for what, members in in_circles:
            print(f"  circle of {what}: {' '.join(members)}")
        for name_of_room, others in sorted(between.items()):
            print(f"  {name_of_room:20} → {' '.join(sorted(others)) or '-'}")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # for `| head`
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
