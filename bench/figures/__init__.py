"""`python -m bench figures`: whether figures mean what they say, a module a group; and what a figure of any bench is.

What is told of an audience (that a moment stands out, that two cuts differ, how far a change may lie off) is held
against audiences of which the truth is known, over the whole range in which it is used, edges first.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean, pvariance
from typing import Literal

Direction = Literal["at least", "at most", "exactly"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number.

    Attributes:
        name: what was measured, in words.
        value: the number as measured, unrounded.
        unit: the unit, or "" for a pure number.
        reach: what the figure is held against; None where it is only reported.
        direction: how `value` is compared with `reach`.
    """

    name: str
    value: float
    unit: str = ""
    reach: float | None = None
    direction: Direction = "at least"

    @property
    def ok(self) -> bool | None:
        """Whether the figure holds; None where nothing is held against it."""
        if self.reach is None:
            return None
        if self.direction == "at least":
            return self.value >= self.reach
        if self.direction == "at most":
            return self.value <= self.reach
        return self.value == self.reach

    def as_json(self) -> dict[str, object]:
        """The figure as it stands in `--json` output and in `bench/results/`."""
        reach = None if self.reach is None else f"{self.direction} {self.reach:g}"
        return {"name": self.name, "value": round(self.value, 5), "unit": self.unit, "reach": reach, "ok": self.ok}


def rate(name: str, hits: int, of: int, *, reach: float | None = None, direction: Direction = "at most") -> Figure:
    """A rate told in how many it was counted, and how far that may be off.

    Args:
        name: what was counted.
        hits: how often it was so.
        of: of how many.
        reach: what it is held against, if anything.
        direction: how.
    """
    share = hits / of
    error = (max(share * (1 - share), 1 / of / 4) / of) ** 0.5
    return Figure(name=f"{name} ({of:,}, ± {error:.2g})", value=share, reach=reach, direction=direction)


def mean_rate(
    name: str, rates: Sequence[float], *, reach: float | None = None, direction: Direction = "at most"
) -> Figure:
    """The mean of rates that were counted in one session each, and how far that may be off.

    What is counted in a session is not independent: the error is told from how much sessions differ.

    Args:
        name: what was counted.
        rates: of each session, 0..1.
        reach: what it is held against, if anything.
        direction: how.
    """
    of, mean = len(rates), fmean(rates)
    error = max(pvariance(rates) / of, 1 / of**2 / 4) ** 0.5
    return Figure(name=f"{name} ({of:,} sessions, ± {error:.2g})", value=mean, reach=reach, direction=direction)


Parts = Mapping[str, Callable[[], Iterable[Figure]]]
"""Parts of a bench: each gives its figures when it is called."""


def module_parts(package: str, names: Iterable[str]) -> Parts:
    """Parts that are modules of a package, by name; each has a `figures()` and is imported when it is measured."""

    def figures_of(name: str) -> Iterable[Figure]:
        figures: Iterable[Figure] = importlib.import_module(f"{package}.{name}").figures()
        return figures

    return {name: partial(figures_of, name) for name in names}


NEEDS = ("data",)


def run() -> Iterator[Figure]:
    """Measures every group: each module beside this one, by name, has a `run()` that gives its figures."""
    for module in sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")):
        yield from importlib.import_module(f"bench.figures.{module}").run()
