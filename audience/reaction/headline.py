"""The headline: a session's reaction in one or two plain sentences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audience.disclosure import LEAST_LONG_SHARE, SMALL_ROOM, interval_text, share_text
from audience.faces import FACING, LEAD_EXPRESSION
from audience.percents import percent_text
from audience.reaction.curve import (
    ReactionCurve,
    StageWindows,
    breaks,
    default_smoothing_s,
    overall_share,
    smoothed_curve,
)
from audience.time import clock_text

# Verbs for each expression: what can be seen of a face, never what a person feels.
DID = {
    "smile": "smiled",
    "happy": "looked happy",
    "surprised": "looked surprised",
    "calm": "looked calm",
    "sad": "looked sad",
    "angry": "looked angry",
    "confused": "looked confused",
    "disgusted": "looked disgusted",
    "fear": "looked afraid",
    "contempt": "looked contemptuous",
    FACING: "faced the front",
}
# A peak less than this above the average is not named.
_WORTH_NAMING = 0.1
# Shorter stretches without a face are not reported as gaps.
_SHORTEST_GAP_S = 2.0


def headline(windows: StageWindows, expression: str = LEAD_EXPRESSION, *, peak: bool = True) -> str:
    """Writes one or two sentences about a stage, and one more if there was a gap.

    The peak is the highest value of the smoothed curve (`default_smoothing_s` of the session's length), so that no
    single noisy window makes it. The headline claims no significance.

    Args:
        windows: the stage's windows on its axis.
        expression: the expression to describe.
        peak: whether the peak is named; False where moments stand beside the headline.
    """
    faces = windows.faces
    if not len(faces):
        return "Nothing has been recorded here yet."
    most = int(np.nanmax(faces))
    if not most:
        return "Nobody was ever in view."
    if windows.session.mode == "head count":
        return f"{_count_of_heads(windows)} {windows.session.mode_reason}".strip()
    average = overall_share(windows, expression)
    if most < windows.min_faces or (np.isnan(average) and windows.withheld.any()):
        return (
            f"Too few people in view: at most {_faces(most)} at once; figures over {windows.why_withheld} are withheld."
        )
    if np.isnan(average):
        return f"There is no figure for this expression ({expression}) here. {_count_of_heads(windows)}"
    return " ".join(part for part in (_average_and_peak(windows, expression, average, peak), _gap(windows)) if part)


def _average_and_peak(windows: StageWindows, expression: str, average: float, peak: bool) -> str:
    did = DID[expression]
    if average < 0.005 and not _is_small_room(windows, expression):
        return f"Hardly any face {did}."
    sentence = f"{_part_of_faces(windows, expression, average)} {did} on average."
    if not peak:
        return sentence
    over_s = default_smoothing_s(windows.length_s)
    curve = smoothed_curve(windows, expression, over_s)
    top = int(np.nanargmax(curve.share))
    share = about_text(curve, top)
    over = f"averaged over {over_s:g} s"
    where = where_text(windows, top)
    faces = _faces(round(float(windows.faces[top])))
    if curve.share[top] - average < _WORTH_NAMING:
        return f"{sentence} That changed little: the highest was {share} {where}, {over}."
    opening = "The biggest smile came" if expression == LEAD_EXPRESSION else "The highest share came"
    return f"{sentence} {opening} {where}: {share} of {faces}, {over}."


def _part_of_faces(windows: StageWindows, expression: str, average: float) -> str:
    """An average share as the subject of a sentence, with its limits in a small room."""
    few = _is_small_room(windows, expression)
    if few and average < LEAST_LONG_SHARE:
        return f"Under {percent_text(LEAST_LONG_SHARE)} of the faces"
    if few and average > 1 - LEAST_LONG_SHARE:
        return f"Over {percent_text(1 - LEAST_LONG_SHARE)} of the faces"
    return _in_words(average)


def facing_sentence(windows: StageWindows) -> str:
    """Says which part of the faces was turned to the front, and when fewest were; "" if that was not measured."""
    average = overall_share(windows, FACING)
    if np.isnan(average):
        return ""
    sentence = f"{_part_of_faces(windows, FACING, average)} {DID[FACING]} on average."
    over_s = default_smoothing_s(windows.length_s)
    curve = smoothed_curve(windows, FACING, over_s)
    lowest = int(np.nanargmin(curve.share))
    if average - curve.share[lowest] < _WORTH_NAMING:
        return f"{sentence} That changed little."
    faces = _faces(round(float(windows.faces[lowest])))
    return (
        f"{sentence} Fewest did {where_text(windows, lowest)}: {about_text(curve, lowest)} of {faces}, averaged over "
        f"{over_s:g} s."
    )


def about_text(curve: ReactionCurve, place: int, *, interval: bool = True) -> str:
    """Formats a curve's share for a sentence: "about 37 % (between 29 % and 46 %)", or if clipped, "over 4 in 5"."""
    figures = float(curve.share[place]), float(curve.share_low[place]), float(curve.share_high[place])
    if not interval_text(*figures):
        return share_text(*figures)
    sentence = f"about {share_text(*figures)}"
    return f"{sentence} (between {percent_text(figures[1])} and {percent_text(figures[2])})" if interval else sentence


def _is_small_room(windows: StageWindows, expression: str) -> bool:
    """Whether a stage is a small room, where shares near 0 and 1 are not shown exactly."""
    column = windows.table.measures.index(expression)
    spans = int(windows.table.scored_spans[:, column].sum())
    return windows.min_faces > 1 and int(windows.table.scored[:, column].sum()) <= SMALL_ROOM * spans


def position_text(windows: StageWindows, place: int) -> str:
    """The position of a window as text: in the timeline, else in the session."""
    return second_text(windows, float(windows.session_s[place]))


def second_text(windows: StageWindows, session_s: float) -> str:
    """The position of a session second as text: in the timeline, else in the session.

    Args:
        windows: the stage's windows, at least one.
        session_s: any second; outside the windows the nearest one decides whether a timeline ran.
    """
    place = max(0, int(np.searchsorted(windows.session_s, session_s, side="right")) - 1)
    shown = float(windows.timeline_s[place]) + session_s - float(windows.session_s[place])
    if not np.isnan(shown):
        return clock_text(max(round(shown, 3), 0.0))  # 99.999… s is 1:40
    in_session = clock_text(session_s)
    # If a timeline ran at other times, a bare time would be read as a timeline position.
    return in_session if np.isnan(windows.timeline_s).all() else f"{in_session} of the session"


def where_text(windows: StageWindows, place: int) -> str:
    """The position of a window with its segment, if any: "at 12:31, in “Demo”"."""
    at = f"at {position_text(windows, place)}"
    title = windows.segment_title(int(windows.segment[place]))
    return f"{at}, in “{title}”" if title else at


def _gap(windows: StageWindows) -> str:
    """A sentence on the longest gap between the first and last face: a break, nobody in view, or no camera."""
    seen = np.flatnonzero(np.nan_to_num(windows.faces) > 0)
    steps = np.diff(seen)
    lengths = (steps - 1) * windows.width_ms / 1000
    long = np.flatnonzero(lengths >= _SHORTEST_GAP_S)
    if not len(long):
        return ""
    longest = int(long[np.argmax(lengths[long])])
    start = int(seen[longest]) + 1
    missed: NDArray[np.bool_] = np.isnan(windows.faces[start : start + int(steps[longest]) - 1])
    what = "There is no picture" if missed.all() else "Nobody was in view"
    last = start + int(steps[longest]) - 2
    others = len(long) - 1
    also = f", and in {others} shorter gap{'s' if others > 1 else ''}" if others else ""
    if pause := break_at(windows, start, last):
        return f"{what} during the {pause}{also}."
    return f"{what} for {_duration(float(lengths[longest]))} {_when_text(windows, start)}{also}."


def break_at(windows: StageWindows, first: int, last: int) -> str:
    """The break that a gap from one place to another is of, as "6-minute break after slide 6"; "" if it is of none."""
    for begins, ends, before in breaks(windows):
        if first <= ends and begins <= last:
            minutes = max(1, round((last - first + 1) * windows.width_ms / 60_000))
            return f"{minutes}-minute break {after_text(windows, before)}"
    return ""


def after_text(windows: StageWindows, index: int) -> str:
    """After which part something came: "after slide 6", and where parts are neither slides nor scenes by its title."""
    kind = {"talk": "slide", "screening": "scene"}.get(windows.session.kind)
    if index < 0:
        return "before the first part"
    return f"after {kind} {index + 1}" if kind else f"after “{windows.segment_title(index)}”"


def _when_text(windows: StageWindows, place: int) -> str:
    """When a gap was, in the clock that the rest of the headline uses: "at 5:00", "before the start"."""
    if not np.isnan(windows.timeline_s[place]) or np.isnan(windows.timeline_s).all():
        return f"at {position_text(windows, place)}"
    before = windows.segment[:place]
    named = np.flatnonzero(before >= 0)
    return after_text(windows, int(before[named[-1]])) if len(named) else "before the start"


def _count_of_heads(windows: StageWindows) -> str:
    recorded = ~np.isnan(windows.faces)
    average = float(windows.faces[recorded].mean())
    top = int(np.nanargmax(windows.faces))
    most = round(float(windows.faces[top]))
    return f"About {_faces(round(average))} in view on average, at most {most} at {position_text(windows, top)}."


def _in_words(share: float) -> str:
    """A share in everyday words: "About 1 in 4 faces", "About 60 % of the faces"."""
    if 0.05 <= share <= 0.4:
        return f"About 1 in {round(1 / share)} faces"
    if 0.45 <= share < 0.55:
        return "About half of the faces"
    return f"About {percent_text(share)} of the faces"


def _faces(count: int) -> str:
    return f"{count} face" if count == 1 else f"{count} faces"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:g} s"
    return f"{round(seconds / 60)} min"
