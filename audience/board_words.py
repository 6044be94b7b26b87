"""What has changed at a stage of late, in a phrase: what was seen and what was on, never what caused it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from audience.liveliness_sums import LIVELY

_MORE_FACES = 1.5
_MANY_PLACES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A stage now and five minutes ago.

    Attributes:
        direction: of its figure: "up", "down" or "steady".
        places: how many places it came up, less those it went down.
        lead, lead_before: index into `LIVELY` of the expression that was shown most; -1 where there was no figure.
        faces, faces_before: in view at once; NaN where no camera looked.
        playing, playing_before: title of the set that was on; empty between sets.
    """

    direction: str
    places: int
    lead: int
    lead_before: int
    faces: float
    faces_before: float
    playing: str
    playing_before: str


def why(change: Change) -> str:
    """A phrase such as "more faces smile, “Ada & the Looms” began"; empty where nothing worth a word has changed."""
    parts = [part for part in (_faces_show(change), _set(change), _in_view(change)) if part]
    if not parts and abs(change.places) >= _MANY_PLACES:
        return "others went down" if change.places > 0 else "others went up"
    return ", ".join(parts[:2])


def _faces_show(change: Change) -> str:
    if change.direction == "steady":
        return ""
    quantity = "more" if change.direction == "up" else "fewer"
    told_by = change.lead if change.direction == "up" else change.lead_before
    if told_by >= 0 and LIVELY[told_by] == "surprised":
        return f"{quantity} faces look surprised"
    return f"{quantity} faces smile"


def _set(change: Change) -> str:
    if change.playing == change.playing_before:
        return ""
    if change.playing:
        return f"“{change.playing}” began"
    return f"“{change.playing_before}” ended"


def _in_view(change: Change) -> str:
    now, before = change.faces, change.faces_before
    if math.isnan(now) or math.isnan(before) or min(now, before) < 1:
        return ""
    if now >= _MORE_FACES * before:
        return f"more faces in view ({now:.0f}, {before:.0f} five minutes ago)"
    if before >= _MORE_FACES * now:
        return f"fewer faces in view ({now:.0f}, {before:.0f} five minutes ago)"
    return ""
