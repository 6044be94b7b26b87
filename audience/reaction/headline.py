"""The headline: a session's reaction in one or two plain sentences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audience.disclosure import LEAST_LONG_SHARE, SMALL_ROOM, interval_text, share_text
from audience.faces import FACING, LEAD_EXPRESSION
from audience.language import decimal, gettext, ngettext
from audience.percents import percent_text
from audience.privacy import reason_text
from audience.reaction.curve import (
    ReactionCurve,
    StageWindows,
    breaks,
    default_smoothing_s,
    overall_share,
    smoothed_curve,
)
from audience.time import clock_text

# A peak less than this above the average is not named.
_WORTH_NAMING = 0.1
# Shorter stretches without a face are not reported as gaps.
_SHORTEST_GAP_S = 2.0


def did(expression: str, faces: int = 2) -> str:
    """What faces did, as the end of a sentence: what can be seen of a face, never what a person feels.

    Args:
        expression: a measure.
        faces: 1 for a sentence about one face ("1 in 4"), any other number for several.

    Raises:
        KeyError: there is no such measure.
    """
    return {
        "smile": ngettext("smiled", "smiled", faces),
        "happy": ngettext("looked happy", "looked happy", faces),
        "surprised": ngettext("looked surprised", "looked surprised", faces),
        "calm": ngettext("looked calm", "looked calm", faces),
        "sad": ngettext("looked sad", "looked sad", faces),
        "angry": ngettext("looked angry", "looked angry", faces),
        "confused": ngettext("looked confused", "looked confused", faces),
        "disgusted": ngettext("looked disgusted", "looked disgusted", faces),
        "fear": ngettext("looked afraid", "looked afraid", faces),
        "contempt": ngettext("looked contemptuous", "looked contemptuous", faces),
        FACING: ngettext("faced the front", "faced the front", faces),
    }[expression]


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
        return gettext("Nothing has been recorded here yet.")
    most = int(np.nanmax(faces))
    if not most:
        return gettext("Nobody was ever in view.")
    if windows.session.mode == "head count":
        session = windows.session
        why = reason_text(session.mode, session.mode_reason) if session.mode_reason else ""
        return f"{_count_of_heads(windows)} {why}".strip()
    average = overall_share(windows, expression)
    if most < windows.min_faces or (np.isnan(average) and windows.withheld.any()):
        return ngettext(
            "Too few people in view: at most {count} face at once; figures over {why_withheld} are withheld.",
            "Too few people in view: at most {count} faces at once; figures over {why_withheld} are withheld.",
            most,
            why_withheld=windows.why_withheld,
        )
    if np.isnan(average):
        missing = gettext("There is no figure for this expression ({expression}) here.", expression=expression)
        return f"{missing} {_count_of_heads(windows)}"
    return " ".join(part for part in (_average_and_peak(windows, expression, average, peak), _gap(windows)) if part)


def _average_and_peak(windows: StageWindows, expression: str, average: float, peak: bool) -> str:
    if average < 0.005 and not _is_small_room(windows, expression):
        return gettext("Hardly any face {did}.", did=did(expression, 1))
    sentence = _average_sentence(windows, expression, average)
    if not peak:
        return sentence
    over_s = default_smoothing_s(windows.length_s)
    curve = smoothed_curve(windows, expression, over_s)
    top = int(np.nanargmax(curve.share))
    values = {"where": where_text(windows, top), "share": about_text(curve, top), "seconds": decimal(over_s, 1)}
    faces = round(float(windows.faces[top]))
    if curve.share[top] - average < _WORTH_NAMING:
        more = gettext("That changed little: the highest was {share} {where}, averaged over {seconds} s.", **values)
    elif expression == LEAD_EXPRESSION:
        more = ngettext(
            "The biggest smile came {where}: {share} of {count} face, averaged over {seconds} s.",
            "The biggest smile came {where}: {share} of {count} faces, averaged over {seconds} s.",
            faces,
            **values,
        )
    else:
        more = ngettext(
            "The highest share came {where}: {share} of {count} face, averaged over {seconds} s.",
            "The highest share came {where}: {share} of {count} faces, averaged over {seconds} s.",
            faces,
            **values,
        )
    return f"{sentence} {more}"


def _average_sentence(windows: StageWindows, expression: str, average: float) -> str:
    """Says an average share in everyday words ("About 1 in 4 faces smiled on average."); in a small room its limits."""
    few, many = _is_small_room(windows, expression), did(expression)
    least = percent_text(LEAST_LONG_SHARE)
    if few and average < LEAST_LONG_SHARE:
        return gettext("Under {share} of the faces {did} on average.", share=least, did=many)
    if few and average > 1 - LEAST_LONG_SHARE:
        most = percent_text(1 - LEAST_LONG_SHARE)
        return gettext("Over {share} of the faces {did} on average.", share=most, did=many)
    if 0.05 <= average <= 0.4:
        return gettext("About 1 in {n} faces {did} on average.", n=round(1 / average), did=did(expression, 1))
    if 0.45 <= average < 0.55:
        return gettext("About half of the faces {did} on average.", did=many)
    return gettext("About {share} of the faces {did} on average.", share=percent_text(average), did=many)


def facing_sentence(windows: StageWindows) -> str:
    """Says which part of the faces was turned to the front, and when fewest were; "" if that was not measured."""
    average = overall_share(windows, FACING)
    if np.isnan(average):
        return ""
    sentence = _average_sentence(windows, FACING, average)
    over_s = default_smoothing_s(windows.length_s)
    curve = smoothed_curve(windows, FACING, over_s)
    lowest = int(np.nanargmin(curve.share))
    if average - curve.share[lowest] < _WORTH_NAMING:
        return " ".join([sentence, gettext("That changed little.")])
    fewest = ngettext(
        "Fewest did {where}: {share} of {count} face, averaged over {seconds} s.",
        "Fewest did {where}: {share} of {count} faces, averaged over {seconds} s.",
        round(float(windows.faces[lowest])),
        where=where_text(windows, lowest),
        share=about_text(curve, lowest),
        seconds=decimal(over_s, 1),
    )
    return f"{sentence} {fewest}"


def about_text(curve: ReactionCurve, place: int, *, interval: bool = True) -> str:
    """Formats a curve's share for a sentence: "about 37 % (between 29 % and 46 %)", or if clipped, "over 4 in 5"."""
    figures = float(curve.share[place]), float(curve.share_low[place]), float(curve.share_high[place])
    if not interval_text(*figures):
        return share_text(*figures)
    share, low, high = (percent_text(one) for one in figures)
    if not interval:
        return gettext("about {share}", share=share)
    return gettext("about {share} (between {low} and {high})", share=share, low=low, high=high)


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
    return in_session if np.isnan(windows.timeline_s).all() else gettext("{time} of the session", time=in_session)


def where_text(windows: StageWindows, place: int) -> str:
    """The position of a window with its segment, if any: "at 12:31, in “Demo”"."""
    time = position_text(windows, place)
    if title := windows.segment_title(int(windows.segment[place])):
        return gettext("at {time}, in “{segment}”", time=time, segment=title)
    return gettext("at {time}", time=time)


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
    last = start + int(steps[longest]) - 2
    if found := _break_of(windows, start, last):
        minutes, after = found
        if missed.all():
            sentence = ngettext(
                "There is no picture during the {count}-minute break {after}.",
                "There is no picture during the {count}-minute break {after}.",
                minutes,
                after=after,
            )
        else:
            sentence = ngettext(
                "Nobody was in view during the {count}-minute break {after}.",
                "Nobody was in view during the {count}-minute break {after}.",
                minutes,
                after=after,
            )
    else:
        values = {"duration": _duration(float(lengths[longest])), "when": _when_text(windows, start)}
        if missed.all():
            sentence = gettext("There is no picture for {duration} {when}.", **values)
        else:
            sentence = gettext("Nobody was in view for {duration} {when}.", **values)
    if others := len(long) - 1:
        more = ngettext("There is {count} shorter gap too.", "There are {count} shorter gaps too.", others)
        sentence = f"{sentence} {more}"
    return sentence


def break_at(windows: StageWindows, first: int, last: int) -> str:
    """The break that a gap from one place to another is of, as "6-minute break after slide 6"; "" if it is of none."""
    if found := _break_of(windows, first, last):
        minutes, after = found
        return ngettext("{count}-minute break {after}", "{count}-minute break {after}", minutes, after=after)
    return ""


def _break_of(windows: StageWindows, first: int, last: int) -> tuple[int, str] | None:
    """How many minutes of a break a gap is, and what it comes after; None if it is of no break."""
    for begins, ends, before in breaks(windows):
        if first <= ends and begins <= last:
            return max(1, round((last - first + 1) * windows.width_ms / 60_000)), after_text(windows, before)
    return None


def after_text(windows: StageWindows, index: int) -> str:
    """After which part something came: "after slide 6", and where parts are neither slides nor scenes by its title."""
    if index < 0:
        return gettext("before the first part")
    if windows.session.kind == "talk":
        return gettext("after slide {number}", number=index + 1)
    if windows.session.kind == "screening":
        return gettext("after scene {number}", number=index + 1)
    return gettext("after “{title}”", title=windows.segment_title(index))


def _when_text(windows: StageWindows, place: int) -> str:
    """When a gap was, in the clock that the rest of the headline uses: "at 5:00", "before the start"."""
    if not np.isnan(windows.timeline_s[place]) or np.isnan(windows.timeline_s).all():
        return gettext("at {time}", time=position_text(windows, place))
    before = windows.segment[:place]
    named = np.flatnonzero(before >= 0)
    return after_text(windows, int(before[named[-1]])) if len(named) else gettext("before the start")


def _count_of_heads(windows: StageWindows) -> str:
    recorded = ~np.isnan(windows.faces)
    average = float(windows.faces[recorded].mean())
    top = int(np.nanargmax(windows.faces))
    most = round(float(windows.faces[top]))
    return ngettext(
        "About {count} face in view on average, at most {most} at {time}.",
        "About {count} faces in view on average, at most {most} at {time}.",
        round(average),
        most=most,
        time=position_text(windows, top),
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return gettext("{seconds} s", seconds=decimal(seconds, 1))
    return gettext("{minutes} min", minutes=round(seconds / 60))
