"""What a report says, in words, for every kind of file; its figures are those of the review that the pages show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from importlib.metadata import version

import numpy as np

from audience.disclosure import SMALL_ROOM
from audience.exclusions import Annotation, Exclusion
from audience.faces import FACING
from audience.percents import percent_text
from audience.reaction.baseline import BaselineChoice
from audience.reaction.curve import ReactionCurve, StageWindows
from audience.reaction.headline import facing_sentence
from audience.reaction.moments import Moment
from audience.reaction.review import Review
from audience.reaction.segments import SegmentRow
from audience.time import clock_text
from dashboard.clock import date_text
from dashboard.wording import (
    GAPS,
    NOT_FEELING,
    about_facing,
    about_moments,
    band_words,
    kind_words,
    legend,
    outside_note,
    review_facts,
    share_of,
)

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
        expression: which; None where only heads were counted, or there is no figure at all.
        curve: its smoothed share; None as `expression`.
        chart_says: what the chart shows, and how to read it.
        facing: the smoothed share of faces turned to the front; None if that was not measured.
        facing_says: what that chart shows, and how to read it.
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
    facing: ReactionCurve | None
    facing_says: tuple[str, ...]
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
    review: Review,
    *,
    smoothing_s: float | None = None,
    against: BaselineChoice = "whole talk",
    made_at: datetime,
    zone: tzinfo,
) -> Report:
    """The report of a review.

    Args:
        review: of one stage and expression.
        smoothing_s: what the curve is averaged over; 0 for nothing, None for what suits its length.
        against: what segments are compared with.
        made_at: aware UTC.
        zone: in which dates are given.
    """
    windows, expression = review.windows, review.expression
    over_s = review.default_smoothing_s if smoothing_s is None else smoothing_s
    return Report(
        title=windows.session.name,
        labels=tuple(kind_words(windows.session)),
        facts=tuple(review_facts(review, zone)),
        lead=review.headline,
        windows=windows,
        expression=expression,
        curve=None if expression is None else review.curve(over_s),
        chart_says=(
            *(
                (FACES,)
                if expression is None
                else (
                    f"{share_of(expression, over_s, corrected=review.curve(over_s).corrected)}.",
                    band_words(review.curve(over_s).band_allows_for),
                )
            ),
            GAPS,
            legend(windows),
        ),
        facing=review.curve(over_s, FACING) if review.has_facing else None,
        facing_says=(facing_sentence(windows), *about_facing()) if review.has_facing else (),
        moments=review.moments,
        moments_say="" if expression is None else about_moments(review),
        segments=review.segments(against),
        against=against,
        left_out=tuple(_left_out(review, one) for one in review.notes if isinstance(one, Exclusion)),
        notes=tuple(
            Note(when=review.position_of(one.at), what=f"{one.title} ({one.by})")
            for one in review.notes
            if isinstance(one, Annotation)
        ),
        measured=tuple(_measured(review)),
        method=_method(windows, expression, against),
        made=f"Made on {date_text(made_at, zone)} by Houselights {version('houselights')}.",
    )


def _left_out(review: Review, exclusion: Exclusion) -> Note:
    when = f"{review.position_of(exclusion.from_at)} to {review.position_of(exclusion.until_at)}"
    reason = f": {exclusion.reason}" if exclusion.reason else ""
    return Note(when=when, what=f"{exclusion.title}{reason} ({exclusion.by})")


def _measured(review: Review) -> list[str]:
    said = []
    windows, expression, coverage = review.windows, review.expression, review.coverage
    if expression is not None:
        thresholds = {scorer.name: scorer.thresholds.get(expression) for scorer in review.scorers}
        for name in windows.table.scorers:
            threshold = thresholds.get(name)
            counts = f", which counts faces at confidence {threshold:.2f} or more" if threshold is not None else ""
            said.append(f"Scored by {name}{counts}.")
        if any(expression in scorer.experimental for scorer in review.scorers):
            said.append(f"Experimental: how well this scorer tells {expression} is not established.")
    if detectors := sorted({one.detector for one in review.recordings}):
        said.append(f"Faces found by {', '.join(detectors)}.")
    said += review.recording_notes
    cameras = len(windows.table.cameras)
    if cameras > 1:
        said.append(f"{cameras} cameras were used.")
    if not np.isnan(coverage):
        of = "the audience size that was stated" if windows.stage.audience_size else "the faces estimated to be there"
        said.append(f"Coverage: on average {percent_text(coverage)} of {of}.")
    if expression is not None and review.withheld_s:
        said.append(
            f"{clock_text(review.withheld_s)} of it had too few faces in view ({windows.why_withheld}): no figure is "
            "shown there."
        )
    if outside := outside_note(windows):
        said.append(outside)
    if review.excluded_s:
        said.append(f"{clock_text(review.excluded_s)} of it is excluded from every figure (see above).")
    return said


def _method(windows: StageWindows, expression: str | None, against: BaselineChoice) -> tuple[str, ...]:
    if expression is None:
        return (NOT_FEELING, "Faces were found in the picture and counted. Nobody was recognised.")
    return (
        NOT_FEELING,
        "Faces were found and followed through the picture. Each was scored once a window, and the share is that of "
        "the faces whose confidence reaches the scorer's threshold. Nobody was recognised.",
        "A share's interval is its 95 % Wilson interval over the people present; neither it nor a change's interval "
        "allows for scorer errors. A segment's change is its share less "
        f"{_BASELINES[against]}; its 95 % interval allows for how long people keep an expression, for what they did "
        "together within the segment, and for a share that drifts. Moments are found by comparing the session with as "
        "many people reacting independently.",
        *_few_faces(windows.min_faces),
    )


def _few_faces(min_faces: int) -> tuple[str, ...]:
    """What is not shown, so that nobody's own face can be read from it."""
    if min_faces <= 1:
        return ()
    return (
        f"Figures over fewer than {min_faces} faces are not shown. Where a camera sees {SMALL_ROOM} or fewer, only "
        "seconds with the usual number have figures, so that they reveal nobody who comes or goes, and shares near "
        "none or all read “under 1 in 5” or “over 4 in 5”, or over a minute or more “under 5 %” or “over 95 %”.",
    )
