"""Parts: what a reader found in a file, and the timeline they make."""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from audience.errors import InvalidValue
from audience.names import LONGEST_TITLE
from audience.timelines import Segment, Timeline
from timeline_files.times import time_text

MOST_PARTS = 10_000
# Eleven days, the longest axis there is.
LATEST_S = 1e6
# How long the last part lasts where neither the file nor the recording says: most slides, scenes and songs are over by
# then, and a reaction that goes on for longer belongs to none.
OPEN_END_S = 3600.0
# Of a title no more is looked at: what is left out of one at its begin is seldom longer than a title.
_LOOKED_AT = 8 * LONGEST_TITLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A segment as a file states it.

    Attributes:
        where: where in the file, for messages ("line 12", "slide 3").
        title: as the file has it.
        start_s: where it begins, timeline seconds.
        end_s: where it ends; None where the file leaves it to what follows.
    """

    where: str
    title: str
    start_s: float
    end_s: float | None = None


def timeline_of(title: str, parts: Sequence[Part], length_s: float | None = None) -> Timeline:
    """The timeline some parts make.

    A part without an end lasts until the next one begins; the last one until the end of what was shown, or for
    `OPEN_END_S` where that is not known.

    Args:
        title: of the timeline.
        parts: in the order of the file, which must be their order in time.
        length_s: how long what was shown lasted, seconds; None where that is not known.

    Raises:
        InvalidValue: there is no part or too many; one has no title, lies nowhere in time, begins before the one
            before it, or overlaps it. The message names the parts and their places.
    """
    if not parts:
        raise InvalidValue("holds no segment: a timeline needs at least one title with its start")
    if len(parts) > MOST_PARTS:
        raise InvalidValue(f"holds {len(parts)} segments: a timeline has at most {MOST_PARTS}")
    for part in parts:
        _check(part)
    for before, after in itertools.pairwise(parts):
        _check_order(before, after)
    ends = [part.start_s for part in parts[1:]]
    last = parts[-1].start_s
    ends.append(length_s if length_s is not None and last < length_s < math.inf else last + OPEN_END_S)
    segments = (
        Segment(
            title=plain_title(part.title), start_s=part.start_s, end_s=following if part.end_s is None else part.end_s
        )
        for part, following in zip(parts, ends, strict=True)
    )
    return Timeline(title=plain_title(title), segments=tuple(segments))


def plain_title(text: str) -> str:
    """A title as it may be shown: on one line, without control characters, shortened with an ellipsis if need be."""
    text = text.lstrip()[:_LOOKED_AT]
    line = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp", "Cs") else sign for sign in text).strip()
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"


def _check(part: Part) -> None:
    if not plain_title(part.title):
        raise InvalidValue(f"{part.where}: there is no title: give the segment one")
    if not 0 <= part.start_s <= LATEST_S:
        raise InvalidValue(
            f"{part.where}: {_called(part)} starts at {part.start_s:g} s: use 0 to {LATEST_S:.0f} seconds"
        )
    if part.end_s is not None and not part.start_s < part.end_s <= LATEST_S:
        raise InvalidValue(
            f"{part.where}: {_called(part)} runs from {_clock(part.start_s)} to {_clock(part.end_s)}: it must end "
            "after it starts"
        )


def _check_order(before: Part, after: Part) -> None:
    if after.start_s <= before.start_s:
        raise InvalidValue(
            f"{after.where}: {_called(after)} starts at {_clock(after.start_s)}, not after {_called(before)} "
            f"({before.where}) at {_clock(before.start_s)}: put the segments in order, each at its own second"
        )
    if before.end_s is not None and after.start_s < before.end_s:
        raise InvalidValue(
            f"{after.where}: {_called(after)} starts at {_clock(after.start_s)}, before {_called(before)} "
            f"({before.where}) ends at {_clock(before.end_s)}: segments must not overlap"
        )


def _called(part: Part) -> str:
    title = plain_title(part.title)
    return repr(title if len(title) <= 40 else title[:39] + "…")


def _clock(seconds: float) -> str:
    """A time in full, as two may differ by a fraction; an end that is none as it is."""
    return time_text(seconds) if 0 <= seconds <= LATEST_S else f"{seconds:g} s"
