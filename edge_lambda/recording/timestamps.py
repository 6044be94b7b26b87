"""Estimates the right timestamp of a picture from those around it."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

REORDERED_AT_MOST = 16
"""H.264 and HEVC hold at most 16 pictures back for reordering."""

REORDER_WINDOW = REORDERED_AT_MOST + 1
"""Number of consecutive pictures in decoding order of which the first is always shown before the last."""

LONGEST_PAUSE_S = 6 * 3600
"""Longest plausible pause within one file, such as an intermission or the break between two talks."""

LEAST_STEP_S = 1
"""A timestamp this close to the one before it is never wrong."""

# How many of a stream's first timestamps may be wrong.
_WRONG_AT_FIRST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A lasting change in a stream's timestamps.

    Attributes:
        at: repaired time of the first picture after it, ticks.
        by: how far the timestamps moved, ticks; negative for back.
        kind: "pause" is kept as a gap; the others are removed.
    """

    at: int
    by: int
    kind: Literal["pause", "restart", "jump"]


def usual_step(stamps: Iterable[int]) -> int:
    """Median step from a picture to the one shown next, ticks; 0 if there are fewer than two."""
    gaps = [later - earlier for earlier, later in itertools.pairwise(sorted(set(stamps)))]
    return round(statistics.median(gaps)) if gaps else 0


def room_for(
    run: Sequence[int | None], *, before: Sequence[int], after: Sequence[int], usual: int, widest: int, reach: int
) -> list[int]:
    """New timestamps for consecutive packets with wrong ones, ticks.

    Args:
        run: the wrong timestamps, in decoding order; None if a packet has none.
        before, after: right timestamps around them, in decoding order; at least one before.
        usual: usual step from one picture to the next, over 0.
        widest: largest recent step from one timestamp to the next.
        reach: largest step within a run that was shifted as a whole.
    """
    newest, count = max(before), len(run)
    if not after:
        return [newest + usual * (place + 1) for place in range(count)]
    known = [stamp for stamp in run if stamp is not None]
    steps = [abs(later - earlier) for earlier, later in itertools.pairwise(known)]
    if count > 1 and len(known) == count and max(steps) <= reach:
        # The whole run was shifted: keep its steps, and centre it between its neighbours.
        middle = (newest + min(after) - min(known) - max(known)) // 2
        if newest < min(known) + middle and max(known) + middle < min(after) + usual:
            return [stamp + middle for stamp in known]
        return [stamp + newest + usual - min(known) for stamp in known]
    if min(after) > newest and sorted(before) == [*before] and sorted(after) == [*after]:
        room = after[0] - newest
        return [newest + room * (place + 1) // (count + 1) for place in range(count)]
    # Only gaps near the packets count; others belong to pictures decoded earlier or later.
    low, high = newest - usual - widest, newest + usual * count + widest
    around = sorted({stamp for stamp in (*before, *after) if low <= stamp <= high})
    if len(around) < 2:
        return [newest + usual * (place + 1) for place in range(count)]
    holes: list[int] = []
    for _ in range(count):
        left, right = max(itertools.pairwise(around), key=lambda pair: pair[1] - pair[0])
        holes.append((left + right) // 2)
        around = sorted({*around, holes[-1]})
    return sorted(holes)


def wrong_at_first(stamps: Sequence[int], *, second: int) -> tuple[int, dict[int, int]]:
    """The usual step between a stream's first timestamps, and new values for the wrong ones by index.

    A timestamp is wrong if it is far from most that follow, and no pause explains it.

    Args:
        stamps: in decoding order, ticks, two or more.
        second: ticks per second.
    """
    found = [*stamps]
    pace = round(statistics.median(abs(later - earlier) for earlier, later in itertools.pairwise(stamps)))
    reach = max(LEAST_STEP_S * second, 20 * pace)
    wrong: dict[int, int] = {}
    for place in range(min(_WRONG_AT_FIRST, len(found) // 3) - 1, -1, -1):
        stamp, following = found[place], sorted(found[place + 1 : place + REORDER_WINDOW])
        most, middle = 3 * len(following) // 4, following[len(following) // 2]
        if stamp - following[most] > reach or following[-most - 1] - stamp > LONGEST_PAUSE_S * second + reach:
            around = [one for one in following if abs(one - middle) <= reach]
            gaps = [later - earlier for earlier, later in itertools.pairwise(around)]
            wrong[place] = found[place] = around[0] - round(statistics.median(gaps or [pace]))
    return pace, wrong
