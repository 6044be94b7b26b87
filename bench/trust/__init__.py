"""Promises that are kept under attack: nothing is lost to a kill, no lie of a camera is believed, no flood stalls the
board, no clock puts a window at a wrong second, and nothing leaves the machine.

Everything runs on loopback, bounded in count and time. Each part is a module of its name, imported when it is measured.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from bench.figures import Figure


def _figures_of(part: str) -> Iterable[Figure]:
    figures: Iterable[Figure] = importlib.import_module(f"bench.trust.{part}").figures()
    return figures


NEEDS: Final = ("strace",)
PARTS: Final[Mapping[str, Callable[[], Iterable[Figure]]]] = {
    part: partial(_figures_of, part) for part in ("beyond", "mutants", "flooded", "kills", "jumps")
}


def run() -> Iterator[Figure]:
    """Measures every part; takes about a quarter of an hour."""
    for part in PARTS.values():
        yield from part()
