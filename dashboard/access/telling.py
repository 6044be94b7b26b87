"""What went wrong, in words for whoever asks."""

from __future__ import annotations

import logging

from audience.errors import HouselightsError, StoreUnavailable
from dashboard.access.entry import permit_here
from dashboard.access.permits import EVERYTHING


def in_words(problem: HouselightsError) -> str:
    """One line on a problem; where the store lies is said to the person at this machine alone, and to the log."""
    if not isinstance(problem, StoreUnavailable) or permit_here() is EVERYTHING:
        return str(problem)
    logging.getLogger("houselights").error("%s", problem)
    return "What was recorded cannot be read or written just now: tell whoever runs this server."
