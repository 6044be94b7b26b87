"""How the code is cut into modules: which are too long, which too small, which import each other in a circle.

`test_shape.py` holds the rules, `python -m bench house` counts by the same functions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tests.architecture.sources import Module, modules

PRODUCT = (
    "audience",
    "board_page",
    "dashboard",
    "edge_lambda",
    "houselights",
    "ingest_lambda",
    "sample_data",
    "timeline_files",
)
"""The rooms that the wheel contains."""

LONGEST = 600
"""Lines a module may have."""

SMALL = 60
"""Lines under which a module that one neighbour alone imports should be part of that neighbour."""

SMALL_FOR_A_REASON: dict[str, str] = {
    "dashboard/access/uvicorn_connections.py": "what is replaced in uvicorn, apart from what replaces it",
    "edge_lambda/devices/opencv.py": "one kind of camera, one file",
    "houselights/commands/convert.py": "one command, one file",
    "houselights/commands/prepare.py": "one command, one file",
    "houselights/commands/qr.py": "one command, one file",
    "timeline_files/protools.py": "one format of timelines, one file",
    "ingest_lambda/pressure.py": "what is measured for devices, apart from the entry point that is called for messages",
}
"""Modules of fewer lines with a single importer in their own folder, by path: why each stands alone.

A test fails where an entry is no longer needed: delete its line.
"""


def product() -> tuple[Module, ...]:
    """The modules of the rooms that the wheel contains."""
    return modules(*PRODUCT)


def lines(module: Module) -> int:
    """Its number of lines."""
    return module.text.count("\n")


def long_modules() -> dict[str, int]:
    """Modules of more than `LONGEST` lines, tests aside: path and lines."""
    return {module.path: lines(module) for module in modules() if module.room != "tests" and lines(module) > LONGEST}


def small_modules(under: int = SMALL) -> dict[str, str]:
    """Modules under so many lines that one module alone imports, from their own folder: path, and that module's path.

    Packages are none, nor are entry points, which nobody imports.
    """
    importers: defaultdict[str, set[str]] = defaultdict(set)
    names = frozenset(module.name for module in product())
    for module in modules():
        if module.room not in ("tests", "bench"):
            for name in imported(module, names):
                importers[name].add(module.path)
    found = {}
    for module in product():
        by = importers[module.name] - {module.path}
        if lines(module) < under and not module.path.endswith("__init__.py") and len(by) == 1:
            (importer,) = by
            if importer.rpartition("/")[0] == module.path.rpartition("/")[0]:
                found[module.path] = importer
    return found


def circles() -> list[list[str]]:
    """Groups of modules that import each other in a circle, wherever they do; what is for type checking is left out."""
    known = [module for module in modules() if module.room != "tests"]
    names = frozenset(module.name for module in known)
    return strongly_connected({module.name: imported(module, names, to_run=True) for module in known})


def imported(module: Module, names: frozenset[str], *, to_run: bool = False) -> set[str]:
    """Which of some modules a module imports.

    Args:
        module: the module.
        names: dotted names of the modules looked for.
        to_run: leave out what is imported for type checking only.
    """
    found = set()
    for origin, name in module.import_pairs(to_run=to_run):
        # `from a import b` means the module a.b where there is one.
        exact = f"{origin}.{name}" if f"{origin}.{name}" in names else origin
        if exact in names:
            found.add(exact)
    return found - {module.name}


def strongly_connected(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The circles of a graph: groups of two or more that reach each other."""
    names = sorted(graph)
    place = {name: number for number, name in enumerate(names)}
    edges = [(place[name], place[other]) for name in names for other in graph[name]]
    starts, ends = zip(*edges, strict=True) if edges else ((), ())
    matrix = coo_array(([1] * len(edges), (starts, ends)), shape=(len(names), len(names)))
    _, groups = connected_components(matrix, directed=True, connection="strong")
    members: defaultdict[int, list[str]] = defaultdict(list)
    for name, group in zip(names, groups, strict=True):
        members[group].append(name)
    return sorted(group for group in members.values() if len(group) > 1)
