"""What a plan can take over from screenings there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audience.percents import percent
from audience.reaction.curve import overall_share
from dashboard.lab.scenes import data
from dashboard.lab.selection import Screening


def plan_parameters(screenings: Sequence[Screening], expression: str) -> dict[str, str]:
    """The planner's address, as far as these screenings say how usual audiences are.

    Args:
        screenings: one at least, with figures.
        expression: which.
    """
    shares = [overall_share(screening.windows, expression) for screening in screenings]
    faces = [np.nanmean(screening.windows.faces) for screening in screenings]
    known = {"faces": f"{max(1.0, float(np.mean(faces))):.0f}"}
    if not np.isnan(shares).all():
        known["share"] = f"{min(max(percent(float(np.nanmean(shares))), 1), 99)}"
    alike = data.alikeness(screenings, expression)
    return known if np.isnan(alike) else known | {"alike": f"{alike:.2f}"}
