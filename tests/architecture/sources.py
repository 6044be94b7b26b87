"""The project's Python modules, read with `ast` and never imported."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "audience",
    "edge_lambda",
    "ingest_lambda",
    "board_page",
    "dashboard",
    "houselights",
    "sample_data",
    "timeline_files",
    "training",
    "bench",
    "tests",
)
_CLOCKS = {"now", "utcnow", "today", "time", "time_ns"}


@dataclass(frozen=True)
class Module:
    """One module.

    Attributes:
        path: relative to the repository's root, with forward slashes.
        text: its source.
        tree: its syntax.
    """

    path: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The first folder of its path."""
        return self.path.split("/")[0]

    @property
    def name(self) -> str:
        """Its dotted name, as others import it."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def imports(self) -> set[str]:
        """Dotted names of what it imports, wherever it does: at the top, within functions, for type checking only.

        `from a import b` gives both `a` and `a.b`, as b may be a module.
        """
        pairs = set(self.import_pairs())
        return {origin for origin, _ in pairs} | {f"{origin}.{name}" for origin, name in pairs if name}

    def import_pairs(self, *, to_run: bool = False) -> Iterator[tuple[str, str]]:
        """Every import as written: the module, and the name taken from it ("" for `import a.b`).

        Args:
            to_run: leave out what is imported for type checking only.
        """
        waiting: list[ast.AST] = [self.tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Import):
                yield from ((alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                origin = node.module or ""
                if node.level:
                    package = self.name.split(".") if self.path.endswith("__init__.py") else self.name.split(".")[:-1]
                    above = package[: len(package) - node.level + 1]
                    origin = ".".join([*above, origin] if origin else above)
                yield from ((origin, alias.name) for alias in node.names)
            elif to_run and isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                waiting += node.orelse
            else:
                waiting += ast.iter_child_nodes(node)

    def tops(self) -> set[str]:
        """The first part of each name it imports."""
        return {name.split(".")[0] for name in self.imports()}

    def names_defined(self) -> Iterator[tuple[int, str]]:
        """Every name it gives to something, with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.lineno, node.name
            elif isinstance(node, ast.arg):
                yield node.lineno, node.arg
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.lineno, node.id
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                yield node.lineno, node.attr
            elif isinstance(node, ast.alias) and node.asname:
                yield node.lineno, node.asname

    def clock_calls(self) -> list[int]:
        """Lines on which it asks what time it is (`monotonic` tells durations, and is no clock)."""
        return sorted(
            node.lineno
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Attribute)
            and node.attr in _CLOCKS
            and ast.unparse(node.value) in ("datetime", "date", "time", "datetime.datetime", "datetime.date")
        )


def words_of(name: str) -> list[str]:
    """The words of a name in snake or camel case, in small letters."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


@functools.cache
def modules(*rooms: str) -> tuple[Module, ...]:
    """All modules of some rooms, or of all."""
    found = []
    for room in rooms or ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            found.append(Module(path=file.relative_to(ROOT).as_posix(), text=text, tree=ast.parse(text)))
    return tuple(found)
