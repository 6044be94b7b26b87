"""Parts: the segments that a reader found in a file, before they are checked and become a timeline."""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from audience.errors import InvalidValue
from audience.ids import LONGEST_TITLE
from audience.timelines import LONGEST_NOTES, MOST_NOTES, Segment, Timeline
from timeline_files.times import quoted, time_text

MOST_PARTS = 10_000
# Eleven days, the longest axis.
LATEST_S = 1e6
# Length of a last part with no known end. Most slides, scenes and songs are shorter, and a reaction that lasts longer
# belongs to none of them.
OPEN_END_S = 3600.0
# A title is cut to this many characters before it is cleaned, which bounds the time that takes.
_CLEANED = 8 * LONGEST_TITLE
_NOT_SHOWN = ("Cc", "Zl", "Zp", "Cs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A segment as a file states it.

    Attributes:
        where: its place in the file, for messages ("line 12", "slide 3").
        title: the title, as written.
        start_s: start, timeline seconds.
        end_s: end, timeline seconds; None where the file does not state it.
        notes: speaker notes, as written.
        guessed: whether the file does not state when it began or ended.
        picture: the id of a picture of it, or of its page until that is drawn; "" for none.
    """

    where: str
    title: str
    start_s: float
    end_s: float | None = None
    notes: str = ""
    guessed: bool = False
    picture: str = ""


def timeline_of(title: str, parts: Sequence[Part], length_s: float | None = None) -> Timeline:
    """Makes a timeline of parts.

    A part without an end lasts until the next one begins; the last one until the end of the film or talk, or for
    `OPEN_END_S` if its length is unknown.

    Args:
        title: title of the timeline.
        parts: the parts, in order of time.
        length_s: length of the film or talk, seconds; None if unknown.

    Raises:
        InvalidValue: there is no part, or too many; or a part has no title, has times out of range, does not begin
            after the one before it, or overlaps it. The message names the parts and their places.
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
            title=plain_title(part.title),
            start_s=part.start_s,
            end_s=following if part.end_s is None else part.end_s,
            notes=notes,
            guessed=part.guessed,
            picture=part.picture,
        )
        for part, following, notes in zip(parts, ends, _plain_notes(parts), strict=True)
    )
    return Timeline(title=plain_title(title), segments=tuple(segments))


def plain_title(text: str) -> str:
    """Makes a title fit to show: one line, no control characters, shortened with an ellipsis if too long."""
    text = text.lstrip()[:_CLEANED]
    line = "".join(" " if unicodedata.category(sign) in _NOT_SHOWN else sign for sign in text).strip()
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"


def spread(parts: Sequence[Part], length_s: float | None) -> Sequence[Part]:
    """The parts, spread evenly over a film or talk of known length where the times of all are guessed."""
    if length_s is None or not 0 < length_s < math.inf or not all(part.guessed for part in parts):
        return parts
    # Nobody takes a guess of whole seconds for a measurement.
    decimals = 0 if length_s >= 2 * len(parts) else 3
    edges = [round(length_s * place / len(parts), decimals) for place in range(len(parts))]
    edges.append(length_s)
    return [
        replace(part, start_s=start_s, end_s=end_s)
        for part, (start_s, end_s) in zip(parts, itertools.pairwise(edges), strict=True)
    ]


def _plain_notes(parts: Sequence[Part]) -> list[str]:
    """The notes of parts, fit to keep: without control characters, each and all of them within their bounds."""
    left = MOST_NOTES
    notes = []
    for part in parts:
        text = part.notes[: 2 * LONGEST_NOTES].replace("\r\n", "\n").replace("\v", "\n")
        text = "".join(sign if sign == "\n" or unicodedata.category(sign) not in _NOT_SHOWN else " " for sign in text)
        text = text.strip()
        most = min(LONGEST_NOTES, left)
        if len(text) > most:
            text = text[: max(0, most - 1)].rstrip() + "…" if most else ""
        left -= len(text)
        notes.append(text)
    return notes


def _check(part: Part) -> None:
    if not plain_title(part.title):
        raise InvalidValue(f"{part.where}: there is no title: give the segment one")
    if not 0 <= part.start_s <= LATEST_S:
        raise InvalidValue(
            f"{part.where}: {_title(part)} starts at {part.start_s:g} s: use 0 to {LATEST_S:.0f} seconds"
        )
    if part.end_s is not None and not part.start_s < part.end_s <= LATEST_S:
        raise InvalidValue(
            f"{part.where}: {_title(part)} runs from {_clock(part.start_s)} to {_clock(part.end_s)}: it must end "
            "after it starts"
        )


def _check_order(before: Part, after: Part) -> None:
    if after.start_s <= before.start_s:
        raise InvalidValue(
            f"{after.where}: {_title(after)} starts at {_clock(after.start_s)}, not after {_title(before)} "
            f"({before.where}) at {_clock(before.start_s)}: put the segments in order, each at its own second"
        )
    if before.end_s is not None and after.start_s < before.end_s:
        raise InvalidValue(
            f"{after.where}: {_title(after)} starts at {_clock(after.start_s)}, before {_title(before)} "
            f"({before.where}) ends at {_clock(before.end_s)}: segments must not overlap"
        )


def _title(part: Part) -> str:
    return quoted(plain_title(part.title))


def _clock(seconds: float) -> str:
    """A time with its decimals, since two may differ by a fraction; an out-of-range end in plain seconds."""
    return time_text(seconds) if 0 <= seconds <= LATEST_S else f"{seconds:g} s"
