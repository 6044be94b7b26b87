"""What pages and reports say of a session's moments as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from audience.reaction.curve import StageWindows
from audience.reaction.moments import Moment, lack_of_moments
from audience.reaction.prominence import Lack

ABOUT = (
    "Each stands out further than chance takes an audience of this size in which nobody reacts to anything: fewer than "
    "1 in 20 such sessions would show a moment at all, and fewer than 1 in 100 one that is very sure. Shares are "
    "averaged over {stretch_s:g} s."
)
NOTHING = (
    "Nothing stood out further than chance does. That is an answer, too: the reaction was much the same throughout."
)
LATER = "Moments are told once the session has ended."
LACKS: dict[Lack, str] = {
    "too short": "Not enough data for moments: that takes 45 seconds of figures.",
    "too few faces": (
        "No moments can be found here: so few faces were in view, each keeping its expression for so long, that even "
        "all of them at once could be chance."
    ),
    "": NOTHING,
}


def about_moments(windows: StageWindows, expression: str, found: Sequence[Moment]) -> str:
    """How to read them; where there are none, why."""
    if found:
        return ABOUT.format(stretch_s=found[0].stretch_s)
    return LACKS[lack_of_moments(windows, expression)]
