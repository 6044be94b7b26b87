"""One audience's reaction to one expression, computed once for the page, the report and whatever else shows it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from audience.exclusions import Annotation, Exclusion
from audience.faces import LEAD_EXPRESSION
from audience.reaction.baseline import Baseline, BaselineChoice, baseline
from audience.reaction.curve import ReactionCurve, StageWindows, default_smoothing_s, smoothed_curve
from audience.reaction.headline import headline
from audience.reaction.moments import Moment, lack_of_moments, moments
from audience.reaction.prominence import Lack
from audience.reaction.segments import SegmentRow, segment_rows
from audience.store import Heartbeat, RecordingProgress, ScorerRecord
from audience.time import from_ms, to_ms

_Figure = TypeVar("_Figure")

# States in which a detail is about the pictures; while a camera is away or starts, it is about that moment alone.
_OF_PICTURES = ("running", "stopped", "finished")


@dataclass(frozen=True, kw_only=True, eq=False)
class Review:
    """The figures of one stage. Each is computed when it is first asked for, and kept: a review is asked by many.

    Attributes:
        windows: the stage's windows; there may be none yet.
        requested: the expression somebody chose.
        scorers: those the windows were scored by, as far as the store knows them.
        recordings: how far each recording of the stage was scored.
        heartbeats: how each live camera of the stage is, or was when it ended.
        live: whether records still come in.
    """

    windows: StageWindows
    requested: str = LEAD_EXPRESSION
    scorers: tuple[ScorerRecord, ...] = ()
    recordings: tuple[RecordingProgress, ...] = ()
    heartbeats: tuple[Heartbeat, ...] = ()
    live: bool = False
    _kept: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def expression(self) -> str | None:
        """The one requested; None where only heads were counted, or it was not scored."""
        windows = self.windows
        return self.requested if self.requested in windows.expressions and windows.table.scored.any() else None

    @property
    def length_s(self) -> float:
        """From the first window to the end of the last, seconds."""
        return len(self.windows.start_ms) * self.windows.width_ms / 1000

    @property
    def usual_smoothing_s(self) -> float:
        """What a curve of this length is averaged over unless somebody says otherwise, seconds."""
        return default_smoothing_s(self.length_s)

    @cached_property
    def most_faces(self) -> float:
        """The most faces in view in a window; NaN where no camera has recorded."""
        return float(np.nanmax(self.windows.faces)) if len(self.windows.place) else float("nan")

    @cached_property
    def coverage(self) -> float:
        """Its mean while anybody was in view, 0..1; NaN where nobody was, or nobody was expected."""
        windows = self.windows
        known = windows.coverage[(np.nan_to_num(windows.faces) > 0) & ~np.isnan(windows.coverage)]
        return float(known.mean()) if len(known) else float("nan")

    @property
    def withheld_s(self) -> float:
        """Seconds in which there were too few faces for a figure."""
        return int(self.windows.withheld.sum()) * self.windows.width_ms / 1000

    @property
    def excluded_s(self) -> float:
        """Seconds that somebody left out of every figure and in which a camera recorded."""
        return int((self.windows.excluded & ~np.isnan(self.windows.faces)).sum()) * self.windows.width_ms / 1000

    @cached_property
    def headline(self) -> str:
        """What a presenter reads first, in one or two sentences."""
        return headline(self.windows, self.requested)

    def curve(self, over_s: float, expression: str | None = None) -> ReactionCurve:
        """The reaction curve, averaged over so many seconds; 0 gives it window by window.

        Args:
            over_s: seconds.
            expression: another than the leading one.
        """
        name = self._named(expression)
        return self._once(("curve", name, over_s), lambda: smoothed_curve(self.windows, name, over_s))

    def baseline(self, against: BaselineChoice) -> Baseline:
        """What the leading expression is compared with."""
        return self._once(("baseline", against), lambda: baseline(self.windows, self._named(), against))

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """What stands out further than chance; empty while records come in, as half an hour does not show the whole."""
        return moments(self.windows, self.expression) if self.expression is not None and not self.live else ()

    @property
    def lack_of_moments(self) -> Lack:
        """Why there are no moments."""
        return lack_of_moments(self.windows, self._named())

    def segments(self, against: BaselineChoice) -> tuple[SegmentRow, ...]:
        """The segments of the leading timeline, compared with a baseline; of a head count, their faces."""
        return self._once(("segments", against), lambda: segment_rows(self.windows, self.requested, against=against))

    @cached_property
    def notes(self) -> tuple[Annotation | Exclusion, ...]:
        """What people wrote and what they left out, in the order in which it begins."""
        stage = self.windows.stage
        written: list[Annotation | Exclusion] = [*stage.annotations, *stage.exclusions]
        return tuple(sorted(written, key=lambda one: one.at if isinstance(one, Annotation) else one.from_at))

    def second_of(self, at: datetime) -> float:
        """Where an instant stands in the session, seconds from its start."""
        return (to_ms(at) - to_ms(self.windows.session.started_at)) / 1000

    @cached_property
    def recording_notes(self) -> tuple[str, ...]:
        """What to know of the recordings and cameras before their curve is believed, a line each."""
        lines: list[str] = []
        for one in self.recordings:
            found = list(one.remarks)
            if one.start_certainty == "doubtful":
                found.insert(
                    0, f"Doubtful start: {from_ms(one.started_ms):%Y-%m-%d %H:%M:%S} UTC is {one.started_from}."
                )
            lines += [f"{one.camera_id}: {line}" for line in found] if len(self.recordings) > 1 else found
        live = [beat for beat in self.heartbeats if beat.detail and beat.state in _OF_PICTURES]
        return (*lines, *(f"{beat.camera_id}: {beat.detail}." for beat in live))

    def _named(self, expression: str | None = None) -> str:
        if (name := expression or self.expression) is None:
            raise ValueError("a head count has no expression")
        return name

    def _once(self, key: Hashable, compute: Callable[[], _Figure]) -> _Figure:
        if key not in self._kept:
            self._kept[key] = compute()
        figure: _Figure = self._kept[key]
        return figure


def review_of(
    windows: StageWindows,
    expression: str = LEAD_EXPRESSION,
    *,
    scorers: dict[str, ScorerRecord],
    recordings: list[RecordingProgress],
    heartbeats: list[Heartbeat],
    live: bool,
) -> Review:
    """The review of a stage.

    Args:
        windows: the stage's windows.
        expression: which.
        scorers: all that the store knows, by name.
        recordings: of the session.
        heartbeats: of the session.
        live: whether records still come in.
    """
    stage_id = windows.stage.stage_id
    return Review(
        windows=windows,
        requested=expression,
        scorers=tuple(scorers[name] for name in windows.table.scorers if name in scorers),
        recordings=tuple(one for one in recordings if one.stage_id == stage_id),
        heartbeats=tuple(one for one in heartbeats if one.stage_id == stage_id),
        live=live,
    )
