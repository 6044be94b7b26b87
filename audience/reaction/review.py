"""The review of a stage: the figures for one expression, computed once for the page, the report and exports."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from audience.exclusions import Annotation, Exclusion
from audience.faces import FACING, LEAD_EXPRESSION
from audience.language import gettext, ngettext
from audience.reaction.baseline import Baseline, BaselineChoice, baseline
from audience.reaction.curve import ReactionCurve, StageWindows, default_smoothing_s, smoothed_curve
from audience.reaction.headline import headline, second_text
from audience.reaction.moments import Moment, moments, no_moments_reason
from audience.reaction.prominence import NoMomentsReason
from audience.reaction.segments import SegmentRow, segment_rows
from audience.store import Heartbeat, RecordingProgress, ScorerRecord
from audience.time import clock_text, from_ms, to_ms
from audience.transcripts import Transcript, first_sentences

_Figure = TypeVar("_Figure")

# The words of a moment: from so long before its beginning, but at most so long before its highest point, to that point.
_WORDS_BEFORE_S, _WORDS_AT_MOST_S = 5.0, 25.0

# States in which a heartbeat's detail is about the pictures and not about a connection.
_OF_PICTURES = ("running", "stopped", "finished")


@dataclass(frozen=True, kw_only=True, eq=False)
class Review:
    """The figures of one stage. Each is computed on first use and cached, sentences in the language then in use.

    Attributes:
        windows: the stage's windows; may be empty.
        requested: the expression that the user chose.
        scorers: the scorers of the windows that the store knows.
        recordings: progress of each recording of the stage.
        heartbeats: latest heartbeat of each live camera of the stage.
        live: whether records still arrive.
        transcript: what was said; None if that is not known.
    """

    windows: StageWindows
    requested: str = LEAD_EXPRESSION
    scorers: tuple[ScorerRecord, ...] = ()
    recordings: tuple[RecordingProgress, ...] = ()
    heartbeats: tuple[Heartbeat, ...] = ()
    live: bool = False
    transcript: Transcript | None = None
    _cache: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def expression(self) -> str | None:
        """The requested measure; None if it has no figures, as an expression where only heads are counted."""
        windows = self.windows
        return self.requested if self.requested in windows.measures and windows.table.scored.any() else None

    @property
    def has_facing(self) -> bool:
        """Whether there are figures of faces turned to the front."""
        windows = self.windows
        return FACING in windows.measures and bool(windows.table.scored[:, windows.measures.index(FACING)].any())

    @property
    def length_s(self) -> float:
        """From the first window to the end of the last, seconds."""
        return self.windows.length_s

    @property
    def default_smoothing_s(self) -> float:
        """The default smoothing for this length, seconds."""
        return default_smoothing_s(self.length_s)

    @cached_property
    def most_faces(self) -> float:
        """The most faces in view in a window; NaN if no camera has recorded."""
        return float(np.nanmax(self.windows.faces)) if len(self.windows.place) else float("nan")

    @cached_property
    def coverage(self) -> float:
        """Mean coverage while anybody was in view, 0..1; NaN if nobody was, or nobody was expected."""
        windows = self.windows
        known = windows.coverage[(np.nan_to_num(windows.faces) > 0) & ~np.isnan(windows.coverage)]
        return float(known.mean()) if len(known) else float("nan")

    @property
    def withheld_s(self) -> float:
        """Seconds whose figures are withheld."""
        return int(self.windows.withheld.sum()) * self.windows.width_ms / 1000

    @property
    def excluded_s(self) -> float:
        """Seconds that a camera recorded and somebody excluded."""
        return int((self.windows.excluded & ~np.isnan(self.windows.faces)).sum()) * self.windows.width_ms / 1000

    @cached_property
    def headline(self) -> str:
        """The headline, in one or two sentences."""
        return headline(self.windows, self.requested)

    def curve(self, over_s: float, expression: str | None = None) -> ReactionCurve:
        """The reaction curve, smoothed over some seconds.

        Args:
            over_s: length of the moving stretch; 0 for no smoothing.
            expression: None for the requested one.
        """
        name = self._named(expression)
        return self._cached(("curve", name, over_s), lambda: smoothed_curve(self.windows, name, over_s))

    def baseline(self, against: BaselineChoice) -> Baseline:
        """The baseline of the requested expression."""
        return self._cached(("baseline", against), lambda: baseline(self.windows, self._named(), against))

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """The moments; empty while live, because they depend on the whole session."""
        return moments(self.windows, self.expression) if self.expression is not None and not self.live else ()

    def words(self, moment: Moment) -> str:
        """The words said before and at a moment, in whole sentences where there are any; "" if they are not known.

        Of a turn, those said around it.
        """
        if self.transcript is None:
            return ""
        windows, width_s = self.windows, self.windows.width_ms / 1000
        own = windows.session_s if np.isnan(windows.timeline_s).all() else windows.timeline_s
        until_s = float(own[moment.place]) + width_s
        rise_s = float(windows.session_s[moment.place] - windows.session_s[moment.first])
        from_s = until_s - min(rise_s + _WORDS_BEFORE_S, _WORDS_AT_MOST_S)
        return self.transcript.words(max(from_s, 0.0), until_s)

    def slide_notes(self, moment: Moment) -> str:
        """The speaker's notes of the segment shown at a moment, in whole sentences; "" if there are none."""
        index = int(self.windows.segment[moment.place])
        notes = self.windows.stage.timelines[0].segments[index].notes if index >= 0 else ""
        return first_sentences(" ".join(notes.split()))

    @cached_property
    def no_moments_reason(self) -> NoMomentsReason:
        """Why no moment can be detected; "" if one can."""
        return no_moments_reason(self.windows, self._named())

    def segments(self, against: BaselineChoice) -> tuple[SegmentRow, ...]:
        """The segments of the first timeline against a baseline; in a head count, with faces only."""
        return self._cached(("segments", against), lambda: segment_rows(self.windows, self.requested, against=against))

    @cached_property
    def notes(self) -> tuple[Annotation | Exclusion, ...]:
        """Annotations and exclusions, sorted by start."""
        stage = self.windows.stage
        written: list[Annotation | Exclusion] = [*stage.annotations, *stage.exclusions]
        return tuple(sorted(written, key=lambda one: one.at if isinstance(one, Annotation) else one.from_at))

    def second_of(self, at: datetime) -> float:
        """Seconds from the session's start to an instant."""
        return (to_ms(at) - to_ms(self.windows.session.started_at)) / 1000

    def position_of(self, at: datetime) -> str:
        """The position of an instant as text: in the timeline, else in the session."""
        session_s = self.second_of(at)
        return second_text(self.windows, session_s) if self.length_s else clock_text(session_s)

    @cached_property
    def recording_notes(self) -> tuple[str, ...]:
        """Warnings about the recordings, the cameras and the times of slides, one line each."""
        lines: list[str] = []
        for timeline in self.windows.stage.timelines[:1]:
            if timeline.is_draft:
                guessed = sum(segment.guessed for segment in timeline.segments)
                lines.append(
                    ngettext(
                        "Draft: {count} of {times} times of {title} is a guess that nobody has confirmed.",
                        "Draft: {count} of {times} times of {title} are a guess that nobody has confirmed.",
                        guessed,
                        times=len(timeline.segments),
                        title=timeline.title,
                    )
                )
        for one in self.recordings:
            found = list(one.remarks)
            if one.start_certainty == "doubtful":
                started = f"{from_ms(one.started_ms):%Y-%m-%d %H:%M:%S} UTC"
                found.insert(0, gettext("Doubtful start: {time} is {source}.", time=started, source=one.started_from))
            lines += [f"{one.camera_id}: {line}" for line in found] if len(self.recordings) > 1 else found
        live = [beat for beat in self.heartbeats if beat.detail and beat.state in _OF_PICTURES]
        return (*lines, *(f"{beat.camera_id}: {beat.detail}." for beat in live))

    def _named(self, expression: str | None = None) -> str:
        if (name := expression or self.expression) is None:
            raise ValueError("a head count has no expression")
        return name

    def _cached(self, key: Hashable, compute: Callable[[], _Figure]) -> _Figure:
        if key not in self._cache:
            self._cache[key] = compute()
        figure: _Figure = self._cache[key]
        return figure


def review_of(
    windows: StageWindows,
    expression: str = LEAD_EXPRESSION,
    *,
    scorers: dict[str, ScorerRecord],
    recordings: list[RecordingProgress],
    heartbeats: list[Heartbeat],
    live: bool,
    transcript: Transcript | None = None,
) -> Review:
    """Builds the review of a stage.

    Args:
        windows: the stage's windows.
        expression: the requested expression.
        scorers: the store's scorers, by name.
        recordings: of the session.
        heartbeats: of the session.
        live: whether records still arrive.
        transcript: what was said on the stage; None if that is not known.
    """
    stage_id = windows.stage.stage_id
    return Review(
        windows=windows,
        requested=expression,
        scorers=tuple(scorers[name] for name in windows.table.scorers if name in scorers),
        recordings=tuple(one for one in recordings if one.stage_id == stage_id),
        heartbeats=tuple(one for one in heartbeats if one.stage_id == stage_id),
        live=live,
        transcript=transcript,
    )
