"""The slides of a talk in one picture, the one with the highest share first."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from audience.disclosure import interval_text, share_text
from audience.errors import InvalidValue
from audience.reaction.headline import did
from audience.time import clock_text
from edge_lambda.recording import open_recording
from houselights.highlights.drawing import fitted, typeface
from houselights.highlights.own_recording import key_pictures

if TYPE_CHECKING:
    from audience.reaction.review import Review
    from audience.reaction.segments import SegmentRow

NOT_FEELING: Final = "What is measured is visible expression, not feeling."
_COLUMNS, _WIDTH, _HEIGHT, _GAP, _MARGIN = 4, 400, 225, 24, 48
_TEXT, _HEAD, _FOOT = 84, 120, 56
_INK, _QUIET, _RULE, _PAPER, _ACCENT = "#1f2328", "#5c636b", "#d9dcdf", "#ffffff", "#a3521b"
_MOST = 60  # slides; the rest has lower shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """When a segment was shown, seconds of the talk's recording.

    Attributes:
        row: its figures.
        begin_s: its first second there.
        middle_s: its middle.
    """

    row: SegmentRow
    begin_s: float
    middle_s: float


def shown_in(review: Review, begins_s: float, length_s: float | None) -> tuple[Shown, ...]:
    """The segments that the recording has, those with the highest share first and those without a figure last.

    Args:
        review: of the stage.
        begins_s: when the recording began, seconds from the session's start.
        length_s: its length; None if unknown.

    Raises:
        InvalidValue: the stage has no timeline, or the recording none of its segments.
    """
    windows = review.windows
    if not windows.stage.timelines:
        raise InvalidValue("this session has no timeline yet: add slides with `houselights timeline`")
    found = []
    for row in review.segments("whole talk"):
        places = np.flatnonzero(windows.segment == row.index)
        if not len(places):
            continue
        middle_s = float(windows.session_s[places[len(places) // 2]]) - begins_s
        if middle_s >= 0 and (length_s is None or middle_s < length_s):
            begin_s = float(windows.session_s[places[0]]) - begins_s
            found.append(Shown(row=row, begin_s=max(0.0, begin_s), middle_s=middle_s))
    if not found:
        raise InvalidValue("the recording shows none of the slides: check when it began, and give that with --offset")
    return tuple(sorted(found, key=lambda one: (not one.row.enough, -np.nan_to_num(one.row.share), one.begin_s)))


def slide_sheet(review: Review, slides: Sequence[Shown], video: Path) -> bytes:
    """The sheet as PNG: a picture of each slide, its title, when it was shown, its share and interval.

    Args:
        review: of the stage; in a head count slides have numbers of faces only.
        slides: in the order in which they are shown, one at least.
        video: the talk's recording, which the pictures come from.

    Raises:
        RecordingUnreadable: the recording cannot be read.
    """
    slides = slides[:_MOST]
    columns = min(_COLUMNS, len(slides))
    rows = -(-len(slides) // columns)
    width = 2 * _MARGIN + _COLUMNS * _WIDTH + (_COLUMNS - 1) * _GAP
    height = _HEAD + rows * (_HEIGHT + _TEXT + _GAP) + _FOOT
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    inside = width - 2 * _MARGIN
    title, about = typeface(38, bold=True), typeface(22)
    draw.text((_MARGIN, 26), fitted(review.windows.session.name, title, inside), font=title, fill=_INK)
    expression = review.expression
    says = f"Slides by the share of faces that {did(expression)}" if expression else "Slides by faces in view"
    draw.text((_MARGIN, 76), fitted(f"{says} · {NOT_FEELING}", about, inside), font=about, fill=_QUIET)
    for number, slide in enumerate(slides):
        left = _MARGIN + number % columns * (_WIDTH + _GAP)
        top = _HEAD + number // columns * (_HEIGHT + _TEXT + _GAP)
        sheet.paste(_fitted(_picture(video, slide)), (left, top))
        draw.rectangle((left, top, left + _WIDTH - 1, top + _HEIGHT - 1), outline=_RULE)
        _write(draw, left, top + _HEIGHT, number + 1, slide.row, expression)
    sink = io.BytesIO()
    sheet.save(sink, "PNG", optimize=True)
    return sink.getvalue()


def _write(
    draw: ImageDraw.ImageDraw, left: int, top: int, number: int, row: SegmentRow, expression: str | None
) -> None:
    bold, text = typeface(22, bold=True), typeface(20)
    draw.text((left, top + 6), fitted(f"{number}  {row.title}", bold, _WIDTH), font=bold, fill=_INK)
    when = f"{clock_text(row.start_s)} to {clock_text(row.end_s)}"
    draw.text((left, top + 34), fitted(when, text, _WIDTH), font=text, fill=_QUIET)
    figure, color = _figure(row, expression)
    draw.text((left, top + 58), fitted(figure, text, _WIDTH), font=text, fill=color)


def _figure(row: SegmentRow, expression: str | None) -> tuple[str, str]:
    """The share and its interval, or why there is none, and the colour it is written in."""
    faces = "" if np.isnan(row.faces) else f" of {round(row.faces)} faces"
    if expression is None:
        return (f"{round(row.faces)} faces in view", _INK) if faces else ("nobody recorded", _QUIET)
    if not row.enough:
        return "too few faces, or too short", _QUIET
    interval = interval_text(row.share, row.share_low, row.share_high)
    within = f" ({interval} %)" if interval else ""
    return f"{share_text(row.share, row.share_low, row.share_high)}{within}{faces}", _ACCENT


def _picture(video: Path, slide: Shown) -> NDArray[np.uint8] | None:
    """What was shown at the middle of a segment: a key frame where one lies in it, else the very picture."""
    for at_s, image in key_pictures(video, [slide.middle_s]):
        if at_s >= slide.begin_s:
            return image
    frame = next(open_recording(video).sample(1.0, slide.middle_s, grid_offset_s=-slide.middle_s % 1.0), None)
    return None if frame is None else frame.image


def _fitted(image: NDArray[np.uint8] | None) -> Image.Image:
    """A picture in its place, whole, on a quiet ground."""
    place = Image.new("RGB", (_WIDTH, _HEIGHT), "#eceef0")
    if image is not None:
        small = Image.fromarray(np.ascontiguousarray(image[:, :, ::-1]))
        small.thumbnail((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS)
        place.paste(small, ((_WIDTH - small.width) // 2, (_HEIGHT - small.height) // 2))
    return place
