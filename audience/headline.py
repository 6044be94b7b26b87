"""What a presenter reads first: a session's reaction in one or two plain sentences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audience.curve import StageWindows, overall_share
from audience.expressions import LEAD_EXPRESSION
from audience.instants import clock_text
from audience.percents import percent_text
from audience.smoothing import default_smoothing_s, smoothed_curve

# What a face does that shows the expression: what can be seen of it, never what somebody feels.
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
}
# A highest stretch less than this above the average is not worth a place in the sentence.
_WORTH_NAMING = 0.1
# A shorter stretch without anybody in view is a blink of the camera, not a gap worth a sentence.
_SHORTEST_GAP_S = 2.0


def headline(windows: StageWindows, expression: str = LEAD_EXPRESSION) -> str:
    """One or two sentences about a stage, and one more where there was a gap.

    The peak is the highest value of the smoothed curve (`default_smoothing_s` of the session's length), so that no
    single lucky window makes it. Nothing is said about what is significant.

    Args:
        windows: the stage's windows on its axis.
        expression: which expression to tell of.
    """
    faces = windows.faces
    if not len(faces):
        return "Nothing has been recorded here yet."
    most = int(np.nanmax(faces))
    if not most:
        return "Nobody was ever in view."
    if windows.session.mode == "head count":
        return f"{_count_of_heads(windows)} {windows.session.mode_reason}".strip()
    if most < windows.min_faces:
        return (
            f"Too few faces to say more: at most {_faces(most)} in view at once, and figures over fewer than "
            f"{windows.min_faces} are not shown."
        )
    average = overall_share(windows, expression)
    if np.isnan(average):
        return f"There is no figure for this expression ({expression}) here. {_count_of_heads(windows)}"
    return " ".join(part for part in (_average_and_peak(windows, expression, average), _gap(windows)) if part)


def _average_and_peak(windows: StageWindows, expression: str, average: float) -> str:
    did = DID[expression]
    if average < 0.005:
        return f"Hardly any face {did}."
    said = f"{_as_people_say(average)} {did} on average."
    over_s = default_smoothing_s(len(windows.start_ms) * windows.width_ms / 1000)
    curve = smoothed_curve(windows, expression, over_s)
    top = int(np.nanargmax(curve.share))
    share, low, high = (percent_text(values[top]) for values in (curve.share, curve.share_low, curve.share_high))
    over = f"averaged over {over_s:g} s"
    where = where_text(windows, top)
    faces = _faces(round(float(windows.faces[top])))
    if curve.share[top] - average < _WORTH_NAMING:
        return f"{said} That changed little: the highest was about {share} (between {low} and {high}) {where}, {over}."
    # At a peak of under half the faces, "most did" would read as "the majority did".
    opening = "Most did" if curve.share[top] > 0.5 else "The most did so"
    return f"{said} {opening} {where}: about {share} (between {low} and {high}) of {faces}, {over}."


def position_text(windows: StageWindows, place: int) -> str:
    """Where a window stands, as readers look it up: in what was shown, else in the session."""
    return second_text(windows, float(windows.session_s[place]))


def second_text(windows: StageWindows, session_s: float) -> str:
    """Where a second of the session stands, as readers look it up: in what was shown, else in the session.

    Args:
        windows: the stage's windows, one at least.
        session_s: any second; where no window reaches, the nearest one tells whether anything was shown.
    """
    place = max(0, int(np.searchsorted(windows.session_s, session_s, side="right")) - 1)
    shown = float(windows.timeline_s[place]) + session_s - float(windows.session_s[place])
    if not np.isnan(shown):
        return clock_text(max(round(shown, 3), 0.0))  # 99.999… s is 1:40
    in_session = clock_text(session_s)
    # Where something was shown at other times, a bare time would be taken for a place in that.
    return in_session if np.isnan(windows.timeline_s).all() else f"{in_session} of the session"


def where_text(windows: StageWindows, place: int) -> str:
    """Where a window stands, with the segment if there is one: "at 12:31, in “Demo”"."""
    at = f"at {position_text(windows, place)}"
    title = windows.segment_title(int(windows.segment[place]))
    return f"{at}, in “{title}”" if title else at


def _gap(windows: StageWindows) -> str:
    """The longest stretch between the first face and the last in which nobody was in view or no camera looked."""
    seen = np.flatnonzero(np.nan_to_num(windows.faces) > 0)
    steps = np.diff(seen)
    lengths = (steps - 1) * windows.width_ms / 1000
    long = np.flatnonzero(lengths >= _SHORTEST_GAP_S)
    if not len(long):
        return ""
    longest = int(long[np.argmax(lengths[long])])
    start = int(seen[longest]) + 1
    missed: NDArray[np.bool_] = np.isnan(windows.faces[start : start + int(steps[longest]) - 1])
    what = "No camera looked" if missed.all() else "Nobody was in view"
    others = len(long) - 1
    also = f", and in {others} shorter gap{'s' if others > 1 else ''}" if others else ""
    return f"{what} for {_duration(float(lengths[longest]))} at {position_text(windows, start)}{also}."


def _count_of_heads(windows: StageWindows) -> str:
    looked = ~np.isnan(windows.faces)
    average = float(windows.faces[looked].mean())
    top = int(np.nanargmax(windows.faces))
    most = round(float(windows.faces[top]))
    return f"About {_faces(round(average))} in view on average, at most {most} at {position_text(windows, top)}."


def _as_people_say(share: float) -> str:
    """A share as people say it: "About 1 in 4 faces", "About 60 % of the faces"."""
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
