"""Naming what makes a figure fall short, so that somebody can mend it."""

from __future__ import annotations

import sys
from collections.abc import Iterable


def named(what: str, items: Iterable[object]) -> int:
    """Writes each of some things to the standard error stream, a line each, and gives how many there are."""
    lines = sorted(map(str, items))
    for line in lines:
        print(f"{what}: {line}", file=sys.stderr, flush=True)  # noqa: T201 - a bench is a command line
    return len(lines)
