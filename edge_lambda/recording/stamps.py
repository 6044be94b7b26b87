"""Where a picture belongs whose time stamp is wrong, by the stamps around it."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

REORDERED_AT_MOST = 16
"""H.264 and HEVC hold at most 16 pictures back for reordering."""

REORDER_WINDOW = REORDERED_AT_MOST + 1
"""Of so many pictures in the order of decoding, the first is shown before the last."""

LONGEST_PAUSE_S = 6 * 3600
"""A camera may pause for an intermission or between two talks, and hardly for longer within one file."""

LEAST_STEP_S = 1
"""A stamp so near to the one before it is never wrong."""

# Of a stream's first stamps, so many may be wrong.
_WRONG_AT_FIRST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A place where the stamps of a stream left their line for good.

    Attributes:
        at: mended time of the first picture after it, ticks of the stream's own clock.
        by: how far the stamps moved, ticks; negative for back.
        kind: "pause" is believed, and the others are taken out.
    """

    at: int
    by: int
    kind: Literal["pause", "restart", "jump"]


def usual_step(stamps: Iterable[int]) -> int:
    """The usual step from a picture to the one shown next, ticks; 0 where there are no two."""
    gaps = [later - earlier for earlier, later in itertools.pairwise(sorted(set(stamps)))]
    return round(statistics.median(gaps)) if gaps else 0


def room_for(
    run: Sequence[int | None], *, before: Sequence[int], after: Sequence[int], usual: int, widest: int, reach: int
) -> list[int]:
    """Stamps for packets in a row that bear wrong ones, ticks.

    Args:
        run: the wrong stamps, in the order of decoding; None where a packet has none.
        before, after: right stamps around them, the same way; there is one before.
        usual: from one picture to the next shown, over 0.
        widest: from one stamp to the next, of late.
        reach: from one stamp to the next, at most, within a run that one cause moved.
    """
    newest, count = max(before), len(run)
    if not after:
        return [newest + usual * (place + 1) for place in range(count)]
    known = [stamp for stamp in run if stamp is not None]
    steps = [abs(later - earlier) for earlier, later in itertools.pairwise(known)]
    if count > 1 and len(known) == count and max(steps) <= reach:
        # One cause moved them all: the run keeps its own steps, amid what lies around it.
        middle = (newest + min(after) - min(known) - max(known)) // 2
        if newest < min(known) + middle and max(known) + middle < min(after) + usual:
            return [stamp + middle for stamp in known]
        return [stamp + newest + usual - min(known) for stamp in known]
    if min(after) > newest and sorted(before) == [*before] and sorted(after) == [*after]:
        room = after[0] - newest
        return [newest + room * (place + 1) // (count + 1) for place in range(count)]
    # Further back and further on there are holes as well: pictures that came earlier, or are yet to be decoded.
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
    """The usual move from one of a stream's first stamps to the next, and right stamps for those that are wrong.

    A stamp is wrong where it lies off most of those that follow, and no pause explains it.

    Args:
        stamps: in the order of decoding, ticks, two or more.
        second: ticks a second.
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
