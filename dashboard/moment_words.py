"""What pages and reports say of a session's moments as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from audience.curve import StageWindows
from audience.moments import Moment
from audience.prominence import SHORTEST, STEP_S, STRETCH

ABOUT = (
    "These stand out further than chance lets any place of this session: of sessions in which nothing happens, fewer "
    "than 1 in 20 have any. Very sure: 1 in 200 shuffles of this session, or fewer, reach as far. Their shares are "
    f"averaged over {STRETCH * STEP_S:g} s."
)
NOTHING = (
    "Nothing stood out further than chance does. That is an answer, too: the reaction was much the same throughout."
)
LATER = "Moments are told once the session has ended."
TOO_SHORT = "Not enough data to tell moments: that takes three minutes of figures."


def about_moments(windows: StageWindows, expression: str, found: Sequence[Moment]) -> str:
    """How to read them; where there are none, why."""
    if found:
        return ABOUT
    figures = int(windows.table.scored_spans[:, windows.expressions.index(expression)].sum())
    return TOO_SHORT if figures * windows.table.record_width_ms / 1000 < SHORTEST * STEP_S else NOTHING
