"""What a report says, in words, for every kind of file; its figures are those of the review that the pages show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from importlib.metadata import version
from math import isnan

import numpy as np

from audience.disclosure import SMALL_ROOM, interval_text, share_text
from audience.exclusions import Annotation, Exclusion
from audience.faces import FACING
from audience.language import N_, decimal, gettext, language, ngettext, whole
from audience.percents import percent_text
from audience.reaction.baseline import BaselineChoice
from audience.reaction.curve import ReactionCurve, StageWindows
from audience.reaction.findings import Finding, findings
from audience.reaction.headline import did, facing_sentence, headline
from audience.reaction.moments import Moment
from audience.reaction.review import Review
from audience.reaction.segments import SegmentRow
from audience.time import clock_text
from dashboard.charts.reaction import numbered_segments
from dashboard.clock import date_text, length_text, span_text
from dashboard.wording import (
    GAPS,
    NOT_FEELING,
    about_facing,
    about_moments,
    band_words,
    expression_name,
    kind_words,
    legend,
    outside_note,
    share_of,
)

SIMULATED = N_("Simulated: a program made these records to show how Houselights works. No audience was watched.")
FACES = N_("Faces in view.")
BAND = N_("The pale band shows how far the line may be off, because only so many faces were in view.")
FRONT = N_("Facing the front")
MOMENTS, SEGMENTS = N_("Moments that stood out"), N_("Part by part")
APPENDIX = N_("Appendix: what stands behind the figures")
LEFT_OUT, NOTES = N_("Left out of every figure"), N_("Notes")
READING, MEASURED, METHOD = N_("How to read it"), N_("What was measured"), N_("How it was worked out")
_FINDINGS = (N_("What stood out"), N_("One finding"), N_("Two findings"), N_("Three findings"))
_MOST_IN_LEGEND = 20
_CHANGES: dict[BaselineChoice, str] = {
    "whole talk": N_("A segment's change is its share less that of the whole."),
    "moving median": N_("A segment's change is its share less the usual share in the five minutes around."),
    "pre-roll": N_("A segment's change is its share less that before it began."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody set down about the stage: when, as people read it, and what."""

    when: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BigNumber:
    """The one number of a report.

    Attributes:
        figure: as text.
        what: what it counts.
        range: how far it might lie off, in one phrase; "" where that is not known.
    """

    figure: str
    what: str
    range: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPictures:
    """Pictures of what was shown, JPEG or PNG; never of the audience.

    Attributes:
        cover: of the whole: a still of the talk's own recording, or its first slide; None for none.
        segments: slides, by the index of their segment.
    """

    cover: bytes | None = None
    segments: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A stage's report, in one language. Texts are as they came: whoever writes them into a file escapes them.

    Attributes:
        title: of the session.
        labels: what kind of session it is, and what to know before reading any figure.
        facts: when (in the reader's zone, which is named), how long, where, how many faces.
        lead: the headline; the peak is left to the findings where it is one.
        number: the share over all, or how many faces; None where there is no figure.
        findings: at most three.
        pictures: of what was shown.
        windows: what all figures are of.
        expression: which; None where only heads were counted, or there is no figure at all.
        curve: its smoothed share; None as `expression`.
        chart_says: what the chart shows, and how to read it.
        facing: the smoothed share of faces turned to the front; None if that was not measured.
        facing_says: what that chart shows, and how to read it.
        moments: what stands out.
        words: for each moment, what was said and the notes of its slide; "" for either that is not known.
        moments_say: what to know of them, or why there are none.
        segments: the segments of the leading timeline.
        against: what they are compared with.
        left_out: exclusions.
        notes: annotations.
        reading: what the terms mean that the figures need.
        measured: what the figures rest on: scorers, detectors, windows, coverage.
        method: how they were worked out, in sentences.
        made: when, and by which version.
        made_at: the same, aware UTC.
        zone: the reader's.
        language: that of its sentences, and of what a file adds to them.
    """

    title: str
    labels: tuple[str, ...]
    facts: tuple[str, ...]
    lead: str
    number: BigNumber | None
    findings: tuple[Finding, ...]
    pictures: ReportPictures
    windows: StageWindows
    expression: str | None
    curve: ReactionCurve | None
    chart_says: tuple[str, ...]
    facing: ReactionCurve | None
    facing_says: tuple[str, ...]
    moments: tuple[Moment, ...]
    words: tuple[tuple[str, str], ...]
    moments_say: str
    segments: tuple[SegmentRow, ...]
    against: BaselineChoice
    left_out: tuple[Note, ...]
    notes: tuple[Note, ...]
    reading: tuple[str, ...]
    measured: tuple[str, ...]
    method: tuple[str, ...]
    made: str
    made_at: datetime
    zone: tzinfo
    language: str

    @property
    def simulated(self) -> bool:
        """Whether the records were made by a program."""
        return self.windows.session.simulated

    @property
    def has_chart(self) -> bool:
        """Whether anything was recorded that a chart can show."""
        return bool(len(self.windows.start_ms))

    @property
    def appendix(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The sections of small print, with their titles; none of them is empty."""
        sections = ((READING, self.reading), (MEASURED, self.measured), (METHOD, self.method))
        return tuple((gettext(title), sentences) for title, sentences in sections if sentences)

    def time_of_day(self, session_s: float) -> str:
        """The reader's clock at a second of the session, as `18:37`."""
        at = self.windows.session.started_at + timedelta(seconds=session_s)
        return f"{at.astimezone(self.zone):%H:%M}"


def report_of(
    review: Review,
    *,
    smoothing_s: float | None = None,
    against: BaselineChoice = "whole talk",
    pictures: ReportPictures | None = None,
    made_at: datetime,
    zone: tzinfo,
) -> Report:
    """The report of a review.

    Args:
        review: of one stage and expression.
        smoothing_s: what the curve is averaged over; 0 for nothing, None for what suits its length.
        against: what segments are compared with.
        pictures: of what was shown; None for none.
        made_at: aware UTC.
        zone: in which dates and times of day are given.
    """
    windows, expression = review.windows, review.expression
    over_s = review.default_smoothing_s if smoothing_s is None else smoothing_s
    shown = () if expression is None else findings(windows, expression, review.moments, review.segments("whole talk"))
    return Report(
        title=windows.session.name,
        labels=tuple(kind_words(windows.session)),
        facts=tuple(_facts(review, zone)),
        lead=headline(windows, review.requested, peak=all(one.kind != "peak" for one in shown)),
        number=_number(review),
        findings=shown,
        pictures=pictures or ReportPictures(),
        windows=windows,
        expression=expression,
        curve=None if expression is None else review.curve(over_s),
        chart_says=(
            *((gettext(FACES),) if expression is None else (f"{_share_of(review, over_s)}.", gettext(BAND))),
            gettext(GAPS),
            legend(windows),
        ),
        facing=review.curve(over_s, FACING) if review.has_facing else None,
        facing_says=(facing_sentence(windows), *about_facing()[:2]) if review.has_facing else (),
        moments=review.moments,
        words=tuple((review.words(one), review.slide_notes(one)) for one in review.moments),
        moments_say="" if expression is None else about_moments(review),
        segments=review.segments(against),
        against=against,
        left_out=tuple(_left_out(review, one) for one in review.notes if isinstance(one, Exclusion)),
        notes=tuple(
            Note(when=review.position_of(one.at), what=f"{one.title} ({one.by})")
            for one in review.notes
            if isinstance(one, Annotation)
        ),
        reading=_reading(review, over_s),
        measured=tuple(_measured(review)),
        method=_method(windows, expression, against),
        made=gettext(
            "Made on {date} by Houselights {version}.",
            date=date_text(made_at, zone),
            version=version("houselights"),
        ),
        made_at=made_at,
        zone=zone,
        language=language(),
    )


def findings_title(report: Report) -> str:
    """The heading of the findings."""
    return gettext(_FINDINGS[len(report.findings)])


def curve_title(report: Report) -> str:
    """The heading of the first chart."""
    if report.expression is None:
        return gettext("The faces along the session")
    return gettext("The reaction along the session")


def legend_of(report: Report, width: int) -> dict[int, str]:
    """What the numbers above a curve of some width stand for; empty where they would be too many to be read."""
    titles = numbered_segments(report.windows, width) if report.has_chart else {}
    return titles if len(titles) <= _MOST_IN_LEGEND else {}


def curve_notes(report: Report, width: int) -> tuple[str, ...]:
    """How to read the curve, at some width."""
    too_many = report.has_chart and len(numbered_segments(report.windows, width)) > _MOST_IN_LEGEND
    numbers = gettext("The numbers above the curve are those under “{heading}”.", heading=gettext(SEGMENTS))
    return (numbers if too_many else "", *report.chart_says)


def slide_text(report: Report, index: int) -> str:
    """What a slide's picture shows, for those who cannot see it."""
    return gettext("Slide: {title}", title=report.windows.segment_title(index)) if index >= 0 else ""


def _share_of(review: Review, over_s: float) -> str:
    assert review.expression is not None
    return share_of(review.expression, over_s, corrected=review.curve(over_s).corrected)


def _facts(review: Review, zone: tzinfo) -> list[str]:
    session = review.windows.session
    facts = [span_text(session.started_at, session.ended_at, zone)]
    if review.length_s:
        facts.append(length_text(review.length_s))
    facts.append(review.windows.stage.name)
    if not isnan(review.most_faces):
        facts.append(ngettext("up to {count} face in view", "up to {count} faces in view", round(review.most_faces)))
    return facts


def _number(review: Review) -> BigNumber | None:
    """The share over the whole session; of a head count, the mean number of faces."""
    if review.expression is not None:
        all_of_it = review.baseline("whole talk")
        known = np.flatnonzero(~np.isnan(all_of_it.share))
        if not len(known):
            return None
        figures = [float(values[known[0]]) for values in (all_of_it.share, all_of_it.share_low, all_of_it.share_high)]
        between = interval_text(*figures, unit=" %")
        return BigNumber(
            figure=share_text(*figures),
            what=gettext("of the faces {did}, on average over the session", did=did(review.expression)),
            range=gettext("Another audience of this size might have shown {between}.", between=between)
            if between
            else "",
        )
    faces = review.windows.faces
    if review.windows.session.mode != "head count" or not np.nan_to_num(faces).any():
        return None
    mean = round(float(np.nanmean(faces)))
    what = ngettext("face in view on average", "faces in view on average", mean)
    return BigNumber(figure=whole(mean), what=what, range="")


def _left_out(review: Review, exclusion: Exclusion) -> Note:
    begin, end = review.position_of(exclusion.from_at), review.position_of(exclusion.until_at)
    when = gettext("{from_time} to {until_time}", from_time=begin, until_time=end)
    reason = f": {exclusion.reason}" if exclusion.reason else ""
    return Note(when=when, what=f"{exclusion.title}{reason} ({exclusion.by})")


def _reading(review: Review, over_s: float) -> tuple[str, ...]:
    if review.expression is None:
        return ()
    bands = [band_words(review.curve(over_s).band_allows_for)]
    return (
        gettext("A share is the part of the faces in view that show the expression; points are percentage points."),
        gettext("A 95 % interval is a range made so that it holds the true figure in 95 of 100 cases."),
        *bands,
    )


def _measured(review: Review) -> list[str]:
    said = []
    windows, expression, coverage = review.windows, review.expression, review.coverage
    if expression is not None:
        thresholds = {scorer.name: scorer.thresholds.get(expression) for scorer in review.scorers}
        for name in windows.table.scorers:
            threshold = thresholds.get(name)
            if threshold is None:
                said.append(gettext("Scored by {scorer}.", scorer=name))
            else:
                said.append(
                    gettext(
                        "Scored by {scorer}, which counts faces at confidence {threshold} or more.",
                        scorer=name,
                        threshold=decimal(threshold, 2),
                    )
                )
        if any(expression in scorer.experimental for scorer in review.scorers):
            said.append(
                gettext(
                    "Experimental: how well this scorer tells the expression “{expression}” is not established.",
                    expression=expression_name(expression),
                )
            )
    if detectors := sorted({one.detector for one in review.recordings}):
        said.append(gettext("Faces found by {detectors}.", detectors=", ".join(detectors)))
    said += review.recording_notes
    cameras = len(windows.table.cameras)
    if cameras > 1:
        said.append(ngettext("{count} camera was used.", "{count} cameras were used.", cameras))
    if not np.isnan(coverage):
        if windows.stage.audience_size:
            line = gettext(
                "Coverage: on average {share} of the audience size that was stated.", share=percent_text(coverage)
            )
        else:
            line = gettext(
                "Coverage: on average {share} of the faces estimated to be there.", share=percent_text(coverage)
            )
        said.append(line)
    if expression is not None and review.withheld_s:
        said.append(
            gettext(
                "{length} of it had too few faces in view ({why_withheld}): no figure is shown there.",
                length=clock_text(review.withheld_s),
                why_withheld=windows.why_withheld,
            )
        )
    if outside := outside_note(windows):
        said.append(outside)
    if review.excluded_s:
        length = clock_text(review.excluded_s)
        said.append(gettext("{length} of it is excluded from every figure (see above).", length=length))
    return said


def _method(windows: StageWindows, expression: str | None, against: BaselineChoice) -> tuple[str, ...]:
    if expression is None:
        return (gettext(NOT_FEELING), gettext("Faces were found in the picture and counted. Nobody was recognised."))
    return (
        gettext(NOT_FEELING),
        gettext(
            "Faces were found and followed through the picture. Each was scored once a window, and the share is that "
            "of the faces whose confidence reaches the scorer's threshold. Nobody was recognised."
        ),
        gettext(
            "A share's interval is its 95 % Wilson interval over the people present; neither it nor a change's "
            "interval allows for scorer errors."
        ),
        gettext(_CHANGES[against]),
        gettext(
            "Its 95 % interval allows for how long people keep an expression, for what they did together within the "
            "segment, and for a share that drifts. Moments are found by comparing the session with as many people "
            "reacting independently."
        ),
        gettext(
            "The parts among the findings differ from the whole session beyond chance, for how many parts there are."
        ),
        *_few_faces(windows.min_faces),
    )


def _few_faces(min_faces: int) -> tuple[str, ...]:
    """What is not shown, so that nobody's own face can be read from it."""
    if min_faces <= 1:
        return ()
    return (
        gettext(
            "Figures over fewer than {min_faces} faces are not shown. Where a camera sees {small_room} or fewer, only "
            "seconds with the usual number have figures, so that they reveal nobody who comes or goes, and shares near "
            "none or all read “under 1 in 5” or “over 4 in 5”, or over a minute or more “under 5 %” or “over 95 %”.",
            min_faces=min_faces,
            small_room=SMALL_ROOM,
        ),
    )
