"""Which seconds of a talk's recording are cut out, and what their captions say."""

from __future__ import annotations

from dataclasses import dataclass, replace

from audience.disclosure import interval_text, share_text
from audience.errors import InvalidValue
from audience.reaction.headline import did, position_text
from audience.reaction.moments import Moment
from audience.reaction.review import Review

MOST = 5
"""Moments that are cut unless another number is asked for."""

BEFORE_S = 10.0
AFTER_S = 6.0
"""How much is cut before and after a moment, seconds: what they reacted to comes before it."""

_KINDS = {"peak": "Peak", "dip": "Dip", "turn": "Turn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """A caption.

    Attributes:
        at_s: its moment, seconds of the recording.
        from_s, until_s: when it is shown, seconds of the recording.
        text: one or two lines.
    """

    at_s: float
    from_s: float
    until_s: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A part of a recording, with what is said of it.

    Attributes:
        numbers: of its moments, in order of time.
        start_s, end_s: seconds of the recording, from 0; the end is over the start.
        captions: one for each moment.
    """

    numbers: tuple[int, ...]
    start_s: float
    end_s: float
    captions: tuple[Caption, ...]

    @property
    def name(self) -> str:
        """The name of its file, without an ending: "moment-2", or "moment-2-3" of two moments close together."""
        return "-".join(["moment", *map(str, self.numbers)])


@dataclass(frozen=True, slots=True, kw_only=True)
class CutClip:
    """A clip as it was cut.

    Attributes:
        clip: as it was wanted.
        start_s, end_s: what was cut, seconds of the recording; the start is at or before the wanted one.
        at_s: where it begins in the new file, seconds.
    """

    clip: Clip
    start_s: float
    end_s: float
    at_s: float


def clips_of(
    review: Review,
    *,
    begins_s: float,
    length_s: float | None,
    most: int = MOST,
    peaks_only: bool = False,
    before_s: float = BEFORE_S,
    after_s: float = AFTER_S,
) -> tuple[Clip, ...]:
    """The clips of a session's moments, in order of time. Clips that overlap or touch become one.

    Args:
        review: of the stage on which the talk was given.
        begins_s: when the recording began, seconds from the session's start; negative if before it.
        length_s: how long it is; None if unknown.
        most: the most moments, the most certain ones first.
        peaks_only: leave dips and turns out.
        before_s, after_s: seconds before and after each moment; both 0 or more, one over 0.

    Raises:
        InvalidValue: there is no moment, or none while the recording ran.
    """
    found = [moment for moment in review.moments if not peaks_only or moment.kind == "peak"]
    if not found:
        raise InvalidValue(_why_none(review, peaks_only))
    in_recording = [
        moment
        for moment in found
        if moment.session_s - begins_s >= 0 and (length_s is None or moment.session_s - begins_s < length_s)
    ]
    if not in_recording:
        raise InvalidValue(
            "the recording ran at none of the moments: check when it began, and give that with --offset or --sound"
        )
    # Ranked by certainty, then by how far the share lies off.
    in_recording.sort(key=lambda moment: (moment.p_value, -abs(moment.change)))
    chosen = sorted(in_recording[:most], key=lambda moment: moment.session_s)
    clips: list[Clip] = []
    for moment in chosen:
        clip = _clip_of(review, moment, moment.session_s - begins_s, length_s, before_s, after_s)
        if clips and clip.start_s <= clips[-1].end_s:
            clips[-1] = _joined(clips[-1], clip)
        else:
            clips.append(clip)
    return tuple(clips)


def caption_text(review: Review, moment: Moment) -> str:
    """The caption of a moment, in two lines: slide title and time, then the share of the faces in view."""
    assert review.expression is not None
    at = position_text(review.windows, moment.place)
    title = f"{moment.segment} · {at}" if moment.segment else f"{_KINDS[moment.kind]} at {at}"
    figures = moment.share, moment.share_low, moment.share_high
    share = share_text(*figures)
    interval = f" ({within} %)" if (within := interval_text(*figures)) else ""
    return f"{title}\n{share}{interval} of {round(moment.faces)} faces {did(review.expression)}"


def _clip_of(
    review: Review, moment: Moment, at_s: float, length_s: float | None, before_s: float, after_s: float
) -> Clip:
    start_s = max(0.0, at_s - before_s)
    end_s = at_s + after_s if length_s is None else min(length_s, at_s + after_s)
    caption = Caption(at_s=at_s, from_s=start_s, until_s=end_s, text=caption_text(review, moment))
    return Clip(numbers=(moment.number,), start_s=start_s, end_s=end_s, captions=(caption,))


def _joined(first: Clip, second: Clip) -> Clip:
    """Two clips as one; the caption changes halfway between their moments."""
    before, after = first.captions[-1], second.captions[0]
    changes_s = (before.at_s + after.at_s) / 2
    captions = (*first.captions[:-1], replace(before, until_s=changes_s), replace(after, from_s=changes_s))
    return Clip(
        numbers=first.numbers + second.numbers,
        start_s=first.start_s,
        end_s=max(first.end_s, second.end_s),
        captions=captions,
    )


def _why_none(review: Review, peaks_only: bool) -> str:
    name = f"session {review.windows.session.session_id!r}"
    if review.live:
        return f"{name} still runs: its moments are known once it has ended"
    if review.expression is None:
        return f"{name} has no moments, because only heads were counted or nothing was recorded"
    if review.moments and peaks_only:
        return f"{name} has no peak among its moments: leave --peaks out"
    return f"{name} has no moments: nothing stood out more than chance allows"
