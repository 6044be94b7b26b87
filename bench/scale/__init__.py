"""The cloud path at scale: the real code over stand-ins that count, and simulations past this machine.

Each part is a module of its name with a `figures()`, imported when it is measured.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from bench.figures import Figure


def _figures_of(part: str) -> Iterable[Figure]:
    figures: Iterable[Figure] = importlib.import_module(f"bench.scale.{part}").figures()
    return figures


PARTS: Final[Mapping[str, Callable[[], Iterable[Figure]]]] = {
    path.stem: partial(_figures_of, path.stem) for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))
}


def run() -> Iterator[Figure]:
    """Measures every part."""
    for part in PARTS.values():
        yield from part()
