"""The pages for everybody: stages, sessions, the operator's page, cameras and viewers, on any screen.

Each part is a module of its name with a `figures()`, imported when it is measured.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from bench.figures import Figure


def _figures_of(part: str) -> Iterable[Figure]:
    figures: Iterable[Figure] = importlib.import_module(f"bench.pages.{part}").figures()
    return figures


PARTS: Final[Mapping[str, Callable[[], Iterable[Figure]]]] = {
    part: partial(_figures_of, part)
    for part in ("board", "operate", "camera", "watch", "contrast", "noise", "accessibility")
}


def run() -> Iterator[Figure]:
    """Measures every part."""
    for part in PARTS.values():
        yield from part()
