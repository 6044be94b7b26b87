"""The live board: how steady and how right it is on simulated festivals, and what an update costs."""

from __future__ import annotations

from bench.figures import Figure
from bench.live_board.board_cost import cost_figures
from bench.live_board.steadiness import steadiness_figures


def run() -> list[Figure]:
    """Runs everything; takes about five minutes."""
    return [*steadiness_figures(), *cost_figures()]
