"""The reaction curve: the share of faces that show an expression, its interval and the level, window by window.

A curve may be smoothed over a moving stretch; its band still reflects the number of people present."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audience.disclosure import MIN_FACES, bounded, default_min_faces, is_bounded, shown_cells, withheld_text
from audience.exclusions import excluded_windows
from audience.language import gettext
from audience.sessions import BEFORE_MS, LONGEST_MS, Camera, Session, Stage, cues_of, overlapping, shown_span_ms
from audience.time import to_ms
from audience.timelines import timeline_seconds
from audience.window_table import WindowTable
from audience.windows import EXPECTED_OVER_MS

Floats = NDArray[np.float64]

Allowance = Literal["people seen", "scorer's errors"]
"""Sources of uncertainty in the band of a share: sampling of the people seen, and errors of the scorer."""

Z_95 = 1.959963984540054


def wilson(count: Floats, n: Floats, z: float = Z_95) -> tuple[Floats, Floats]:
    """The Wilson score interval of a share (E. B. Wilson, JASA 22, 1927, p. 209).

    Args:
        count: (k,) successes, 0..n; fractional if n is an effective number.
        n: (k,) trials; where it is 0 the bounds are NaN.
        z: normal quantile; 1.96 gives 95 %.

    Returns:
        Lower and upper bounds, (k,) each, within 0..1.
    """
    n = np.where(n > 0, n, np.nan)
    share = np.clip(count / n, 0, 1)  # a count computed from a share may exceed n by rounding
    spread = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    centre = share + z * z / (2 * n)
    scale = 1 + z * z / n
    # Rounding must not push a bound past the share, which at 0 and 1 equals the bound.
    low = np.clip((centre - spread) / scale, 0, share)
    return low, np.clip((centre + spread) / scale, share, 1)


def corrected_interval(estimate: Floats, variance: Floats, n: Floats) -> tuple[Floats, Floats]:
    """The interval of a corrected share: Wilson's, with as many faces as a perfect scorer would need to be as certain.

    The variance of the share is p(1 - p) / n for the sample of people plus `variance` / n² for the scorer's errors; the
    effective number n' is that with p(1 - p) / n' of the same size (Kish, "Survey Sampling", 1965, section 8.2). p is
    drawn half a face towards each end, so that an estimate of none or all keeps its uncertainty. Near none and all,
    where Wilson's interval never reaches the end, the scorer's errors alone are as often on either side: the interval
    holds 1.96 of their standard deviations. Faces are whole: a bound within half a face of none or all is none or all.

    Args:
        estimate: (k,) faces that show the expression, corrected; 0..n.
        variance: (k,) of that, faces².
        n: (k,) faces; where it is 0 the bounds are NaN.

    Returns:
        Lower and upper bounds, (k,) each, within 0..1.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = (estimate + 0.5) / (n + 1)
        of_people = n * drawn * (1 - drawn)
        effective = n * of_people / (of_people + variance)
        low, high = wilson(estimate / n * effective, effective)
        of_scorer = Z_95 * np.sqrt(variance) / n
        low, high = np.minimum(low, estimate / n - of_scorer), np.maximum(high, estimate / n + of_scorer)
        return np.where(low * n < 0.5, 0.0, low), np.where((1 - high) * n < 0.5, 1.0, high)


def difference_interval(
    first: tuple[Floats, Floats, Floats], second: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats]:
    """The interval of `first - second`, from the interval of each (R. G. Newcombe, "Interval estimation for the
    difference between independent proportions", Statistics in Medicine 17, 1998, method 10).

    Args:
        first, second: figure, lower bound and upper bound; (k,) each.

    Returns:
        Lower and upper bounds of the difference, (k,) each; NaN where a figure or a bound is.
    """
    one, one_low, one_high = first
    other, other_low, other_high = second
    difference = one - other
    low = difference - np.sqrt((one - one_low) ** 2 + (other_high - other) ** 2)
    return low, difference + np.sqrt((one_high - one) ** 2 + (other - other_low) ** 2)


Ints = NDArray[np.int64]

LONGEST = (BEFORE_MS + LONGEST_MS) // 1000  # the most windows of an axis: the longest session, in seconds

# Why a window has no figure; `SHOWN` where it has one.
SHOWN, NOBODY, NO_PICTURE, FEW, EXCLUDED = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageWindows:
    """A stage's windows on a gapless time axis, with one place for every window of the session, recorded or not.

    Attributes:
        session: the session.
        stage: the stage.
        start_ms: (n,) start of each window, milliseconds since the epoch, `width_ms` apart.
        width_ms: width of the windows.
        session_s: (n,) seconds from the session's start to the window's start; negative before it.
        timeline_s: (n,) timeline second at the window's start, 0 or more; NaN if nothing was shown in its middle.
        segment: (n,) index into the first timeline's segments, -1 for none.
        faces: (n,) faces in view, a mean if windows were widened; 0 if nobody was, NaN if no camera recorded.
        coverage: (n,) faces scored / faces expected, 0..1 (where only heads are counted, faces in view / expected); NaN
            if nobody was expected or no camera recorded.
        excluded: (n,) whether any part of the window lies in one of the stage's exclusions.
        min_faces: figures over fewer faces are withheld.
        table: the recorded windows, summed over cameras; withheld and excluded ones without figures.
        place: (len(table),) position of each row of `table` on the axis.
        outside: by camera, the number of records too far from the session to be used: the camera's clock was wrong, or
            the session's times are.
        intervals_allow_for: sources of uncertainty in the intervals of shares. Code that widens them adds its source
            here, and every page, report and manifest shows it.
    """

    session: Session
    stage: Stage
    start_ms: Ints
    width_ms: int
    session_s: Floats
    timeline_s: Floats
    segment: Ints
    faces: Floats
    coverage: Floats
    excluded: NDArray[np.bool_]
    min_faces: int
    table: WindowTable
    place: Ints
    outside: Mapping[str, int] = field(default_factory=dict)
    intervals_allow_for: tuple[Allowance, ...] = ("people seen",)

    @property
    def length_s(self) -> float:
        """From the first window to the end of the last, seconds; 0 where there is none."""
        return len(self.start_ms) * self.width_ms / 1000

    @property
    def expressions(self) -> tuple[str, ...]:
        """The expressions with figures."""
        return self.table.expressions

    @property
    def measures(self) -> tuple[str, ...]:
        """Everything with figures: the expressions first, then what is none (`audience.faces.MEASURES`)."""
        return self.table.measures

    @property
    def withheld(self) -> NDArray[np.bool_]:
        """Mask (n,): whether faces were in view but no figure is shown (too few, or a head count).

        Excluded windows are not withheld.
        """
        few = np.zeros(len(self.start_ms), dtype=bool)
        few[self.place] = (self.table.faces > 0) & (self.table.scored[:, : len(self.expressions)].sum(axis=1) == 0)
        return few & ~self.excluded

    @property
    def why_withheld(self) -> str:
        """The numbers of faces for which figures are withheld, as text: "fewer than 5"."""
        return withheld_text(self.min_faces, as_usual=not (self.faces[self.withheld] >= self.min_faces).any())

    def segment_title(self, index: int) -> str:
        """Title of the segment with an index of `segment`, marked where its times are a guess; "" for -1."""
        if index < 0:
            return ""
        segment = self.stage.timelines[0].segments[index]
        return gettext("{title} (draft)", title=segment.title) if segment.guessed else segment.title


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionCurve:
    """One expression along the axis of a `StageWindows`; every array is (n,), NaN where there is no figure.

    Attributes:
        expression: the expression.
        share: share of the faces that show the expression, 0..1; of a small room clipped to 1/5..4/5. It is corrected
            for the scorer's errors if `corrected`, else the raw share: the faces at or over the scorer's threshold.
        share_low, share_high: its 95 % interval, where n is the number of tracks, not of frames: `corrected_interval`,
            or Wilson's. If the share was clipped (`disclosure.bounded`), the range it lies in.
        level: mean confidence over tracks, 0..1; NaN if the share was clipped.
        corrected: whether `share` is corrected, which every window of the curve must allow.
        band_allows_for: sources of uncertainty in `share_low` and `share_high`.
    """

    expression: str
    share: Floats
    share_low: Floats
    share_high: Floats
    level: Floats
    corrected: bool = False
    band_allows_for: tuple[Allowance, ...] = ("people seen",)


def stage_windows(
    session: Session,
    stage: Stage,
    cameras: Sequence[Camera],
    table: WindowTable,
    *,
    width_ms: int | None = None,
    min_faces: int | None = None,
) -> StageWindows:
    """Places a stage's windows on the session's time axis, and withholds what may not be shown.

    Args:
        session: the session.
        stage: the stage.
        cameras: the stage's cameras, which name those they overlap with.
        table: the stage's windows from the store.
        width_ms: width to widen windows to, a multiple of the table's; None keeps it.
        min_faces: figures over fewer faces are withheld; None takes 5, or 1 for an audience of one.

    Returns:
        An axis from the window in which the session began, or the first recorded if earlier, to the last recorded.
        Windows far outside the session (`shown_span_ms`) are dropped and counted.

    Raises:
        InvalidValue: `width_ms` is not a multiple.
    """
    table, outside = within_session(session, table)
    pairs = overlapping(cameras)
    if min_faces is None:
        at_home = session.setting == "home" and stage.audience_size is None
        most = int(table.over_cameras(pairs).faces.max(initial=0)) if at_home else MIN_FACES
        min_faces = default_min_faces(stage.audience_size, session.setting, most)
    began_ms = to_ms(session.started_at)
    windows = shown_cells(table, min_faces, pairs, since_ms=began_ms).over_cameras(pairs)
    alone = [camera for camera in table.cameras if not any(camera in pair for pair in pairs)]
    windows = replace(windows, expected=windows.expected + _expected_by_absent(table, alone, windows.start_ms))
    if stage.audience_size is not None:
        size = np.full(len(windows), stage.audience_size, dtype=np.int64)
        windows = replace(windows, expected=np.maximum(size, windows.faces))
    left_out = excluded_windows(windows.start_ms, windows.width_ms, stage.exclusions)
    windows = windows.without_figures(left_out[:, None])
    if width_ms is not None and width_ms != windows.width_ms:
        windows = windows.widened(width_ms)
    width = windows.width_ms

    first = min(began_ms - began_ms % width, int(windows.start_ms.min(initial=began_ms)))
    last = int(windows.start_ms.max(initial=first))
    start_ms = np.arange(first, last + width if len(windows) else first, width, dtype=np.int64)
    place = (windows.start_ms - first) // width
    faces = np.full(len(start_ms), np.nan)
    faces[place] = windows.faces / windows.spans
    coverage = np.full(len(start_ms), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        coverage[place] = windows.covered / np.where(windows.expected > 0, windows.expected, np.nan)

    timeline_s, segment = _along_timeline(session, stage, start_ms, width)
    return StageWindows(
        session=session,
        stage=stage,
        start_ms=start_ms,
        width_ms=width,
        session_s=(start_ms - began_ms) / 1000.0,
        timeline_s=timeline_s,
        segment=segment,
        faces=faces,
        coverage=coverage,
        excluded=excluded_windows(start_ms, width, stage.exclusions),
        min_faces=min_faces,
        table=windows,
        place=place,
        outside=outside,
    )


def within_session(session: Session, table: WindowTable) -> tuple[WindowTable, dict[str, int]]:
    """Splits off records far outside the session: the records to use, and the number dropped by camera.

    A single record with a wrong clock must not stretch the axis to years.
    """
    from_ms, until_ms = shown_span_ms(session)
    inside = (table.start_ms >= from_ms) & (table.start_ms < until_ms)
    # Windows shorter than a second reach the axis limit sooner.
    first_ms = min(to_ms(session.started_at), int(table.start_ms[inside].min(initial=until_ms)))
    inside &= table.start_ms < first_ms + LONGEST * table.width_ms
    if inside.all():
        return table, {}
    counts = np.bincount(table.camera[~inside], minlength=len(table.cameras)).tolist()
    outside = {camera: count for camera, count in zip(table.cameras, counts, strict=True) if count}
    return table.only(inside), outside


def retimed(windows: StageWindows, stage: Stage) -> StageWindows:
    """Replaces the timelines and cues of windows by those of `stage`; no figure changes."""
    timeline_s, segment = _along_timeline(windows.session, stage, windows.start_ms, windows.width_ms)
    kept = replace(windows.stage, timelines=stage.timelines, cues=stage.cues)
    return replace(windows, stage=kept, timeline_s=timeline_s, segment=segment)


def _along_timeline(session: Session, stage: Stage, start_ms: Ints, width: int) -> tuple[Floats, Ints]:
    """The timeline second and the segment of each window, see `StageWindows`."""
    # A window belongs where its middle is, so that one starting up to half a second early still counts.
    middle_s = timeline_seconds(start_ms + width // 2, cues_of(session, stage))
    segment = np.full(len(start_ms), -1, dtype=np.int64)
    if stage.timelines:
        segment = stage.timelines[0].segment_indices(middle_s)
    return np.maximum(middle_s - width / 2000.0, 0.0), segment


def _expected_by_absent(table: WindowTable, cameras: Sequence[str], at_ms: Ints) -> Ints:
    """Faces still expected in front of cameras that have no window at some instants.

    People are assumed to stay in front of a silent camera for another minute, so that coverage does not stay high when
    part of the audience is no longer recorded.

    Args:
        table: the stage's windows by camera.
        cameras: the cameras to consider.
        at_ms: (n,) starts of windows of other cameras.

    Returns:
        (n,) faces expected in addition.
    """
    expected = np.zeros(len(at_ms), dtype=np.int64)
    for camera in cameras:
        own = table.rows(table.camera == table.cameras.index(camera)).over_cameras()
        latest = np.searchsorted(own.start_ms, at_ms, side="right") - 1
        silent_ms = at_ms - own.start_ms[np.clip(latest, 0, None)]
        absent = (latest >= 0) & (silent_ms > 0) & (silent_ms < EXPECTED_OVER_MS)
        expected += np.where(absent, own.expected[np.clip(latest, 0, None)], 0)
    return expected


def reaction_curve(windows: StageWindows, expression: str, *, corrected: bool = True) -> ReactionCurve:
    """Computes the curve of one expression; NaN throughout if nobody was scored for it.

    Args:
        windows: the stage's windows.
        expression: the expression.
        corrected: whether the share is corrected if it can be; False for the raw share.
    """
    return _curve(windows, expression, 0, corrected=corrected)


def is_corrected(windows: StageWindows, expression: str) -> bool:
    """Whether the corrected share of an expression is known in every window with a figure, and in one at least."""
    table = windows.table
    if expression not in table.measures:
        return False
    column = table.measures.index(expression)
    some = table.scored[:, column] > 0
    return bool(some.any()) and not bool(np.isnan(table.estimate[some, column]).any())


def bounded_curve(curve: ReactionCurve, faces: Floats, windows: StageWindows) -> ReactionCurve:
    """Clips a curve for small rooms (`disclosure.bounded`): a share near 0 or 1 of few faces becomes a range.

    Args:
        curve: as measured.
        faces: (n,) number of faces at once behind each figure.
        windows: the stage's windows.
    """
    share, low, high = bounded(curve.share, curve.share_low, curve.share_high, faces=faces, min_faces=windows.min_faces)
    return replace(
        curve,
        share=share,
        share_low=low,
        share_high=high,
        level=np.where(is_bounded(share, low, high), np.nan, curve.level),
    )


def overall_share(windows: StageWindows, expression: str) -> float:
    """The share over all shown windows, counting each face in each window; NaN if there is none.

    Corrected if it can be.
    """
    table = windows.table
    if expression not in table.measures:
        return float("nan")
    column = table.measures.index(expression)
    scored = int(table.scored[:, column].sum())
    counts = table.estimate if is_corrected(windows, expression) else table.over
    return float(counts[:, column].sum() / scored) if scored else float("nan")


def default_smoothing_s(length_s: float) -> float:
    """The default smoothing: 5 s for a clip, 15 s for a talk, 60 s for more than an hour."""
    if length_s < 180:
        return 5.0
    return 15.0 if length_s <= 3600 else 60.0


def smoothed_curve(windows: StageWindows, expression: str, over_s: float, *, corrected: bool = True) -> ReactionCurve:
    """Computes the curve of one expression, smoothed over a moving stretch.

    A window without a figure stays without one, so gaps keep their edges, and it adds nothing to its neighbours.

    The stretch counts the same people in every window, so the interval's n is the mean number of faces at once, not
    their sum (as in `reaction_curve` for widened windows): smoothing does not narrow the band.

    Args:
        windows: the stage's windows.
        expression: the expression.
        over_s: length of the stretch, centred on each window, rounded to an odd number of windows; a stretch of one
            window or less returns the plain curve.
        corrected: whether the share is corrected if it can be; False for the raw share.
    """
    reach = max(0, round((over_s * 1000 / windows.width_ms - 1) / 2))
    return _curve(windows, expression, reach, corrected=corrected)


def _curve(windows: StageWindows, expression: str, reach: int, *, corrected: bool) -> ReactionCurve:
    """The curve over each window and `reach` windows on either side."""
    table, n = windows.table, len(windows.start_ms)
    if expression not in table.measures:
        nothing = np.full(n, np.nan)
        allowances = windows.intervals_allow_for
        return ReactionCurve(
            expression=expression,
            share=nothing,
            share_low=nothing,
            share_high=nothing,
            level=nothing,
            band_allows_for=allowances,
        )
    column = table.measures.index(expression)
    corrected = corrected and is_corrected(windows, expression)
    counts = table.estimate if corrected else table.over

    def summed(values: NDArray[np.int64] | Floats) -> Floats:
        placed = _placed(windows, values)
        return _moving_sum(placed, reach) if reach else placed

    known = _placed(windows, table.scored[:, column]) > 0
    scored, spans = (
        np.where(known, summed(values[:, column]), np.nan) for values in (table.scored, table.scored_spans)
    )
    count = summed(counts[:, column])
    # A widened window counts the same people in each of its spans, so n is the mean number per scored span.
    faces = scored / spans
    if corrected:
        low, high = corrected_interval(count / spans, summed(table.variance[:, column]) / spans, faces)
    else:
        low, high = wilson(count / spans, faces)
    errors: tuple[Allowance, ...] = ("scorer's errors",) if corrected else ()
    curve = ReactionCurve(
        expression=expression,
        share=count / scored,
        share_low=low,
        share_high=high,
        level=summed(table.total[:, column]) / scored,
        corrected=corrected,
        band_allows_for=tuple(dict.fromkeys((*windows.intervals_allow_for, *errors))),
    )
    return bounded_curve(curve, faces, windows)


def states(windows: StageWindows) -> NDArray[np.int64]:
    """(n,) why a window has no figure; `SHOWN` where it has one."""
    state = np.full(len(windows.start_ms), SHOWN, dtype=np.int64)
    if windows.session.mode != "head count":
        state[windows.withheld] = FEW
    state[windows.faces == 0] = NOBODY
    state[np.isnan(windows.faces)] = NO_PICTURE
    state[windows.excluded] = EXCLUDED
    return state


def runs(values: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Yields runs of equal values: the value, and the first and last place of each."""
    edges = np.flatnonzero(np.diff(values)) + 1
    starts = np.concatenate([[0], edges])
    ends = np.concatenate([edges, [len(values)]]) - 1
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield int(values[start]), start, end


def span(windows: StageWindows, first: int, last: int) -> tuple[float, float]:
    """The start of one window and the end of another, session seconds."""
    return float(windows.session_s[first]), float(windows.session_s[last]) + windows.width_ms / 1000


def shown(windows: StageWindows) -> list[tuple[float, float, float]]:
    """Stretches in which the timeline ran: start, end, and its offset from the session's clock, in seconds."""
    running = ~np.isnan(windows.timeline_s)
    ahead_ms = np.where(running, np.round(1000 * (windows.timeline_s - windows.session_s)), 0).astype(np.int64)
    # A timeline that begins within a window is at 0 there: take the offset of the next window.
    beginning = np.flatnonzero((windows.timeline_s == 0)[:-1] & running[1:])
    ahead_ms[beginning] = ahead_ms[beginning + 1]
    pieces = runs(np.where(running, ahead_ms, np.iinfo(np.int64).min))
    return [(*span(windows, first, last), ahead / 1000) for ahead, first, last in pieces if running[first]]


LONGEST_BRIDGE_S = 2.0
"""Gaps up to this long, between two figures, are bridged by a thin line: a blink of a camera is no event."""

_SHORTEST_BREAK_S = 60.0


def bridges(windows: StageWindows, share: Floats) -> list[tuple[int, int]]:
    """The last place with a figure before, and the first after, each gap that is short enough to be bridged.

    A bridge helps the eye and is no figure. What somebody excluded stays a gap.

    Args:
        windows: the stage's windows.
        share: (n,) a curve's shares.
    """
    known = np.flatnonzero(~np.isnan(share))
    apart = np.diff(known)
    short = np.flatnonzero((apart > 1) & ((apart - 1) * windows.width_ms <= 1000 * LONGEST_BRIDGE_S))
    pairs = [(int(known[at]), int(known[at + 1])) for at in short]
    return [(before, after) for before, after in pairs if not windows.excluded[before + 1 : after].any()]


def breaks(windows: StageWindows) -> list[tuple[int, int, int]]:
    """The breaks: stretches of a minute or more in which nothing was shown, between two in which something was.

    Returns:
        First and last place of each, and the index of the last segment shown before it, -1 if there is none.
    """
    found = []
    for paused, first, last in runs(np.isnan(windows.timeline_s).astype(np.int64)):
        inner = first > 0 and last < len(windows.start_ms) - 1
        if paused and inner and (last - first + 1) * windows.width_ms >= 1000 * _SHORTEST_BREAK_S:
            before = windows.segment[:first]
            named = np.flatnonzero(before >= 0)
            found.append((first, last, int(before[named[-1]]) if len(named) else -1))
    return found


def _placed(windows: StageWindows, values: NDArray[np.int64] | Floats) -> Floats:
    axis = np.zeros(len(windows.start_ms))
    axis[windows.place] = values
    return axis


def _moving_sum(values: Floats, reach: int) -> Floats:
    """Sums over each place and `reach` places on either side; fewer at the ends."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    place = np.arange(len(values))
    first, after = np.maximum(place - reach, 0), np.minimum(place + reach + 1, len(values))
    moving: Floats = sums[after] - sums[first]
    return moving
