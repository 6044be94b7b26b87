"""What a bench returns: named figures, each with its unit and, where one is set, the reach it is held against."""

from __future__ import annotations

from dataclasses import dataclass
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
