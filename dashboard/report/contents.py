"""What a report says, worked out once for every kind of file by the functions the pages draw from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from importlib.metadata import version

import numpy as np

from audience.disclosure import SMALL_ROOM
from audience.faces import LEAD_EXPRESSION
from audience.percents import percent_text
from audience.reaction.baseline import BaselineChoice
from audience.reaction.curve import ReactionCurve, StageWindows, default_smoothing_s, smoothed_curve
from audience.reaction.headline import headline, second_text
from audience.reaction.moments import Moment, moments
from audience.reaction.segments import SegmentRow, segment_rows
from audience.store import RecordingProgress, ScorerRecord
from audience.time import clock_text, to_ms
from dashboard.clock import date_text, length_text
from dashboard.stretches import legend
from dashboard.wording import GAPS, LATER, NOT_FEELING, about_moments, band_words, kind_words, outside_note, share_of

# As the pages have it, so that a report never differs from them.
SEED = 0
SIMULATED = "Simulated: a program made these records to show how Houselights works. No audience was watched."
FACES = "Faces in view."
_BASELINES: dict[BaselineChoice, str] = {
    "whole talk": "that of the whole",
    "moving median": "the usual share in the five minutes around",
    "pre-roll": "that before it began",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody set down about the stage: when, as people read it, and what."""

    when: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A stage's report. Texts are as they came: whoever writes them into a file escapes them.

    Attributes:
        title: of the session.
        labels: what kind of session it is, and what to know before reading any figure.
        facts: when, how long, where, how many faces, how much of the audience they were.
        lead: the headline.
        windows: what all figures are of.
        expression: which is told; None where only heads were counted, or there is no figure at all.
        curve: its smoothed share; None as `expression`.
        chart_says: what the chart shows, and how to read it.
        moments: what stands out.
        moments_say: what to know of them, or why there are none.
        segments: the segments of the leading timeline.
        against: what they are compared with.
        left_out: exclusions.
        notes: annotations.
        measured: what the figures rest on: scorers, detectors, windows, coverage.
        method: how they were worked out, in sentences.
        made: when, and by which version.
    """

    title: str
    labels: tuple[str, ...]
    facts: tuple[str, ...]
    lead: str
    windows: StageWindows
    expression: str | None
    curve: ReactionCurve | None
    chart_says: tuple[str, ...]
    moments: tuple[Moment, ...]
    moments_say: str
    segments: tuple[SegmentRow, ...]
    against: BaselineChoice
    left_out: tuple[Note, ...]
    notes: tuple[Note, ...]
    measured: tuple[str, ...]
    method: tuple[str, ...]
    made: str

    @property
    def simulated(self) -> bool:
        """Whether the records were made by a program."""
        return self.windows.session.simulated


def report_of(
    windows: StageWindows,
    expression: str = LEAD_EXPRESSION,
    *,
    scorers: Mapping[str, ScorerRecord],
    recordings: Sequence[RecordingProgress] = (),
    smoothing_s: float | None = None,
    against: BaselineChoice = "whole talk",
    live: bool = False,
    made_at: datetime,
    zone: tzinfo,
) -> Report:
    """The report of one stage and expression.

    Args:
        windows: the stage's windows.
        expression: which; left aside where only heads were counted.
        scorers: all that the store knows, by name.
        recordings: those of the stage that were scored; they name the detectors.
        smoothing_s: the stretch the curve is averaged over; 0 for none, None for what suits its length.
        against: what segments are compared with.
        live: whether records still come in: what stands out is not known before the end.
        made_at: aware UTC.
        zone: in which dates are told.
    """
    length_s = len(windows.start_ms) * windows.width_ms / 1000
    over_s = default_smoothing_s(length_s) if smoothing_s is None else smoothing_s
    told = expression if expression in windows.expressions and windows.table.scored.any() else None
    found = moments(windows, told, seed=SEED) if told and not live else ()
    names = [scorers[name] for name in windows.table.scorers if name in scorers]
    return Report(
        title=windows.session.name,
        labels=tuple(kind_words(windows.session)),
        facts=_facts(windows, length_s, zone),
        lead=headline(windows, expression),
        windows=windows,
        expression=told,
        curve=smoothed_curve(windows, told, over_s) if told else None,
        chart_says=(
            *((f"{share_of(told, over_s)}.", band_words(windows.intervals_allow_for)) if told else (FACES,)),
            GAPS,
            legend(windows),
        ),
        moments=found,
        moments_say=_of_moments(windows, told, found, live),
        segments=segment_rows(windows, expression, seed=SEED, against=against),
        against=against,
        left_out=tuple(_left_out(windows)),
        notes=tuple(
            Note(when=_when(windows, note.at), what=f"{note.title} ({note.by})")
            for note in sorted(windows.stage.annotations, key=lambda note: note.at)
        ),
        measured=tuple(_measured(windows, told, names, recordings)),
        method=_method(windows, told, against),
        made=f"Made on {date_text(made_at, zone)} by Houselights {version('houselights')}.",
    )


def _facts(windows: StageWindows, length_s: float, zone: tzinfo) -> tuple[str, ...]:
    facts = [date_text(windows.session.started_at, zone), length_text(length_s), windows.stage.name]
    if len(windows.place):
        facts.append(f"up to {np.nanmax(windows.faces):.0f} faces")
    if not np.isnan(coverage := _coverage(windows)):
        facts.append(f"coverage {percent_text(coverage)}")
    return tuple(facts)


def _coverage(windows: StageWindows) -> float:
    """Its mean while anybody was in view; NaN where nobody was, or nobody was expected."""
    known = windows.coverage[(np.nan_to_num(windows.faces) > 0) & ~np.isnan(windows.coverage)]
    return float(known.mean()) if len(known) else float("nan")


def _of_moments(windows: StageWindows, expression: str | None, found: Sequence[Moment], live: bool) -> str:
    if expression is None:
        return ""
    return LATER if live else about_moments(windows, expression, found)


def _left_out(windows: StageWindows) -> list[Note]:
    notes = []
    for exclusion in sorted(windows.stage.exclusions, key=lambda exclusion: exclusion.from_at):
        when = f"{_when(windows, exclusion.from_at)} to {_when(windows, exclusion.until_at)}"
        reason = f": {exclusion.reason}" if exclusion.reason else ""
        notes.append(Note(when=when, what=f"{exclusion.title}{reason} ({exclusion.by})"))
    return notes


def _when(windows: StageWindows, at: datetime) -> str:
    """Where an instant stands, as everything else in the report is placed."""
    session_s = (to_ms(at) - to_ms(windows.session.started_at)) / 1000
    return second_text(windows, session_s) if len(windows.start_ms) else clock_text(session_s)


def _measured(
    windows: StageWindows,
    expression: str | None,
    scorers: Sequence[ScorerRecord],
    recordings: Sequence[RecordingProgress],
) -> list[str]:
    said = []
    if expression is not None:
        thresholds = {scorer.name: scorer.thresholds.get(expression) for scorer in scorers}
        for name in windows.table.scorers:
            threshold = thresholds.get(name)
            counts = f", which counts a face from a confidence of {threshold:.2f} on" if threshold is not None else ""
            said.append(f"Scored by {name}{counts}.")
        if any(expression in scorer.experimental for scorer in scorers):
            said.append(f"Experimental: how well this scorer tells {expression} is not established.")
    if detectors := sorted({one.detector for one in recordings}):
        said.append(f"Faces found by {', '.join(detectors)}.")
    said += [line for one in recordings for line in one.remarks]
    cameras = len(windows.table.cameras)
    if cameras > 1:
        said.append(f"{cameras} cameras looked.")
    if not np.isnan(coverage := _coverage(windows)):
        of = "the audience size that was stated" if windows.stage.audience_size else "the faces estimated to be there"
        said.append(f"Coverage: on average {percent_text(coverage)} of {of}.")
    few = int(windows.withheld.sum()) * windows.width_ms / 1000
    if expression is not None and few:
        said.append(
            f"{clock_text(few)} of it had too few faces in view ({windows.why_withheld}): no figure is shown there."
        )
    if outside := outside_note(windows):
        said.append(outside)
    if left_out_s := int((windows.excluded & ~np.isnan(windows.faces)).sum()) * windows.width_ms / 1000:
        said.append(f"{clock_text(left_out_s)} of it was left out of every figure, as told above.")
    return said


def _method(windows: StageWindows, expression: str | None, against: BaselineChoice) -> tuple[str, ...]:
    if expression is None:
        return (NOT_FEELING, "Faces were found in the picture and counted. Nobody was recognised.")
    return (
        NOT_FEELING,
        "Faces were found and followed through the picture. Each was scored once a window, and the share is that of "
        "the faces whose confidence reaches the scorer's threshold. Nobody was recognised.",
        "The interval of a share is its 95 % Wilson interval over the people present; like that of a change it does "
        "not allow for errors of the scorer. A segment's change is its share less "
        f"{_BASELINES[against]}; its 95 % interval allows for how long people keep an expression, for what they did "
        "together within the segment, and for a share that drifts. Moments are told by holding the session against as "
        "many people who each go their own way.",
        *_few_faces(windows.min_faces),
    )


def _few_faces(min_faces: int) -> tuple[str, ...]:
    """What is not shown, so that nobody's own face can be read from it."""
    if min_faces <= 1:
        return ()
    return (
        f"Figures over fewer than {min_faces} faces are not shown. Where a camera sees {SMALL_ROOM} or fewer, only "
        "the seconds with as many as usual have figures, so that nobody who comes or goes can be read from them, and "
        "nearly none or nearly all of them is given as “under 1 in 5” or “over 4 in 5”, over a minute and more as "
        "“under 5 %” or “over 95 %”.",
    )
