"""The reaction curve: the share of faces that show an expression, its interval and mean confidence, window by window.

Smoothed over a moving stretch it is calmer to read, and its band is still that of the people present.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audience.disclosure import MIN_FACES, bounded, default_min_faces, is_bounded, shown_cells, withheld_text
from audience.exclusions import excluded_windows
from audience.sessions import BEFORE_MS, LONGEST_MS, Camera, Session, Stage, cues_of, overlapping, shown_span_ms
from audience.time import to_ms
from audience.timelines import timeline_seconds
from audience.window_table import WindowTable
from audience.windows import EXPECTED_OVER_MS

Floats = NDArray[np.float64]

Allowance = Literal["people seen", "scorer's errors"]
"""What the band of a share allows for: chance in who was seen, and what the scorer gets wrong about them."""

Z_95 = 1.959963984540054


def wilson(count: Floats, n: Floats, z: float = Z_95) -> tuple[Floats, Floats]:
    """The Wilson score interval of a share (E. B. Wilson, JASA 22, 1927, p. 209).

    Args:
        count: (k,) how many of n, 0..n; need not be whole where n is an effective number.
        n: (k,) how many in all; where it is 0 the bounds are NaN.
        z: normal quantile; 1.96 gives 95 %.

    Returns:
        Lower and upper bounds, (k,) each, within 0..1.
    """
    n = np.where(n > 0, n, np.nan)
    share = np.clip(count / n, 0, 1)  # a count worked out of a share may be rounded past n
    spread = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    centre = share + z * z / (2 * n)
    scale = 1 + z * z / n
    # Rounding must not push a bound past the share itself, which at 0 and 1 is the bound.
    low = np.clip((centre - spread) / scale, 0, share)
    return low, np.clip((centre + spread) / scale, share, 1)


def difference_interval(
    first: tuple[Floats, Floats, Floats], second: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats]:
    """The interval of `first - second`, made from the interval of each (R. G. Newcombe, "Interval estimation for the
    difference between independent proportions", Statistics in Medicine 17, 1998, method 10).

    Args:
        first, second: the figure, its lower and its upper bound; (k,) each.

    Returns:
        Lower and upper bounds of the difference, (k,) each; NaN where a figure or a bound is.
    """
    one, one_low, one_high = first
    other, other_low, other_high = second
    difference = one - other
    low = difference - np.sqrt((one - one_low) ** 2 + (other_high - other) ** 2)
    return low, difference + np.sqrt((one_high - one) ** 2 + (other - other_low) ** 2)


Ints = NDArray[np.int64]

LONGEST = (BEFORE_MS + LONGEST_MS) // 1000  # windows of an axis: the longest session there can be, in seconds

# Why a window has no figure; `SHOWN` where it has one.
SHOWN, NOBODY, NO_PICTURE, FEW, EXCLUDED = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageWindows:
    """A stage's windows laid on a gapless axis: one place for every window of the session, seen or not.

    Attributes:
        session: whose windows.
        stage: of which stage.
        start_ms: (n,) start of each window, milliseconds since the epoch, `width_ms` apart.
        width_ms: width of the windows.
        session_s: (n,) seconds from the session's start to the window's start; negative before it began.
        timeline_s: (n,) seconds of what was shown when the window began, 0 or more; NaN where nothing was shown in its
            middle.
        segment: (n,) index into the first timeline's segments, -1 where there is none.
        faces: (n,) faces in view, a mean where windows were summed over time; 0 where nobody was, NaN where no camera
            looked.
        coverage: (n,) faces / faces expected, 0..1; NaN where nobody was expected or no camera looked.
        excluded: (n,) whether any part of the window lies in one of the stage's exclusions.
        min_faces: figures over fewer faces are withheld.
        table: the windows there are, summed over cameras, small ones withheld and excluded ones without figures.
        place: (len(table),) where on the axis each row of `table` belongs.
        outside: how many records of each camera lie so far from the session that they are in no figure and on no axis:
            the camera's clock was wrong, or the session's times are.
        intervals_allow_for: what the intervals of shares allow for. Whoever widens them by more says so here, and every
            page, report and manifest with them.
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
    def expressions(self) -> tuple[str, ...]:
        """The expressions there are figures for."""
        return self.table.expressions

    @property
    def withheld(self) -> NDArray[np.bool_]:
        """(n,) whether faces were in view, yet no figure is shown: too few of them, or only heads were counted.

        Windows that somebody left out are not among them.
        """
        few = np.zeros(len(self.start_ms), dtype=bool)
        few[self.place] = (self.table.faces > 0) & (self.table.scored.sum(axis=1) == 0)
        return few & ~self.excluded

    @property
    def why_withheld(self) -> str:
        """What figures of the windows that are `withheld` would rest on: "fewer than 5"."""
        return withheld_text(self.min_faces, as_usual=not (self.faces[self.withheld] >= self.min_faces).any())

    def segment_title(self, index: int) -> str:
        """Title of the segment at an index of `segment`; empty for -1."""
        return self.stage.timelines[0].segments[index].title if index >= 0 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionCurve:
    """One expression along the axis of a `StageWindows`; every array is (n,), NaN where there is no figure.

    Attributes:
        expression: which.
        share: share of the faces at or over the scorer's threshold, 0..1; of a small room within 1 in 5 and 4 in 5.
        share_low, share_high: its 95 % Wilson interval; n is the number of tracks, not of frames. Where the share was
            brought to 1 in 5 or 4 in 5 (`disclosure.bounded`), the range that it lies in.
        level: mean confidence over tracks, 0..1; NaN where the share is a range.
        band_allows_for: what `share_low` and `share_high` allow for.
    """

    expression: str
    share: Floats
    share_low: Floats
    share_high: Floats
    level: Floats
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
    """Lays a stage's windows on the session's axis.

    Args:
        session: whose windows.
        stage: of which stage.
        cameras: the stage's cameras; those that overlap are told from it.
        table: the stage's windows as the store gives them.
        width_ms: wider windows to sum into; a multiple of the table's width. None keeps the width.
        min_faces: figures over fewer faces are withheld; None takes 5, or 1 for an audience of one.

    Returns:
        The axis from the window the session began in, or the first there is if that is earlier, to the last there is.
        Windows far outside the session (`shown_span_ms`) are left out of it and counted.

    Raises:
        InvalidValue: `width_ms` is no multiple.
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
        coverage[place] = windows.faces / np.where(windows.expected > 0, windows.expected, np.nan)

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
    """A stage's records that may be shown as the session's, and how many of each camera may not.

    One record of a wrong clock must not make an axis of years for everybody.
    """
    from_ms, until_ms = shown_span_ms(session)
    inside = (table.start_ms >= from_ms) & (table.start_ms < until_ms)
    # Windows of less than a second fill the axis sooner.
    first_ms = min(to_ms(session.started_at), int(table.start_ms[inside].min(initial=until_ms)))
    inside &= table.start_ms < first_ms + LONGEST * table.width_ms
    if inside.all():
        return table, {}
    counts = np.bincount(table.camera[~inside], minlength=len(table.cameras)).tolist()
    outside = {camera: count for camera, count in zip(table.cameras, counts, strict=True) if count}
    return table.only(inside), outside


def retimed(windows: StageWindows, stage: Stage) -> StageWindows:
    """The same windows with other timelines and cues laid along them: those of `stage`; no figure changes."""
    timeline_s, segment = _along_timeline(windows.session, stage, windows.start_ms, windows.width_ms)
    kept = replace(windows.stage, timelines=stage.timelines, cues=stage.cues)
    return replace(windows, stage=kept, timeline_s=timeline_s, segment=segment)


def _along_timeline(session: Session, stage: Stage, start_ms: Ints, width: int) -> tuple[Floats, Ints]:
    """Where what was shown stood at the start of each window, and the segment of each, as `StageWindows` has them."""
    # A window is where its middle is, so that one beginning half a second early still counts as the beginning.
    middle_s = timeline_seconds(start_ms + width // 2, cues_of(session, stage))
    segment = np.full(len(start_ms), -1, dtype=np.int64)
    if stage.timelines:
        segment = stage.timelines[0].segment_indices(middle_s)
    return np.maximum(middle_s - width / 2000.0, 0.0), segment


def _expected_by_absent(table: WindowTable, cameras: Sequence[str], at_ms: Ints) -> Ints:
    """What cameras that have no window at some instants still lead one to expect there.

    The people in front of a camera that fell silent are taken to be there for another minute: coverage must not stay
    high because half of an audience is no longer looked at.

    Args:
        table: the stage's windows, of single cameras.
        cameras: those to take into account.
        at_ms: (n,) starts of windows that other cameras have.

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


def reaction_curve(windows: StageWindows, expression: str) -> ReactionCurve:
    """The curve of one expression; NaN throughout where nobody was scored for it."""
    table, n = windows.table, len(windows.start_ms)
    arrays = {name: np.full(n, np.nan) for name in ("share", "share_low", "share_high", "level")}
    faces = np.full(n, np.nan)
    if expression in table.expressions:
        column = table.expressions.index(expression)
        some = table.scored[:, column] > 0
        place, scored = windows.place[some], table.scored[some, column].astype(np.float64)
        over = table.over[some, column]
        # Over a wide window the same people are counted again in each of its spans: n is how many there are at once,
        # in the spans that somebody was scored in.
        spans = table.scored_spans[some, column]
        arrays["share"][place] = over / scored
        arrays["share_low"][place], arrays["share_high"][place] = wilson(over / spans, scored / spans)
        arrays["level"][place] = table.total[some, column] / scored
        faces[place] = scored / spans
    curve = ReactionCurve(expression=expression, **arrays, band_allows_for=windows.intervals_allow_for)
    return shown_curve(curve, faces, windows)


def shown_curve(curve: ReactionCurve, faces: Floats, windows: StageWindows) -> ReactionCurve:
    """A curve as it may be shown: where few faces show none or all of an expression, it gives a range only.

    Args:
        curve: as it was measured.
        faces: (n,) behind each figure at once.
        windows: whose curve it is.
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
    """Share over all windows that are shown, each face-window counting once; NaN where there is none."""
    table = windows.table
    if expression not in table.expressions:
        return float("nan")
    column = table.expressions.index(expression)
    scored = int(table.scored[:, column].sum())
    return float(table.over[:, column].sum() / scored) if scored else float("nan")


def default_smoothing_s(length_s: float) -> float:
    """The stretch to smooth over where nobody chose: 5 s for a clip, 15 s for a talk, 60 s for more than an hour."""
    if length_s < 180:
        return 5.0
    return 15.0 if length_s <= 3600 else 60.0


def smoothed_curve(windows: StageWindows, expression: str, over_s: float) -> ReactionCurve:
    """The curve of one expression, each figure summed over the windows around it.

    A window without a figure stays without one: gaps keep their edges. Where figures are withheld or nobody was in
    view, nothing is added to a neighbour's sum either.

    The same people are counted again in every window of the stretch, so the interval's n is not the sum but the mean
    number of faces at once (as in `reaction_curve` for windows summed over time): smoothing does not narrow the band.

    Args:
        windows: the stage's windows.
        expression: which.
        over_s: length of the stretch, centred on each window, rounded to an odd number of windows; at most one
            window's width changes nothing.
    """
    reach = round((over_s * 1000 / windows.width_ms - 1) / 2)
    curve = reaction_curve(windows, expression)
    if reach < 1 or expression not in windows.expressions:
        return curve
    table = windows.table
    column = table.expressions.index(expression)
    columns = (
        table.scored[:, column],
        table.over[:, column],
        table.total[:, column],
        table.scored_spans[:, column],
    )
    scored, over, total, spans = (_moving_sum(_placed(windows, values), reach) for values in columns)
    known = ~np.isnan(curve.share)
    scored, spans = np.where(known, scored, np.nan), np.where(known, spans, np.nan)
    low, high = wilson(over / spans, scored / spans)
    smooth = replace(curve, share=over / scored, share_low=low, share_high=high, level=total / scored)
    return shown_curve(smooth, scored / spans, windows)


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
    """Stretches of equal values: the value, and the first and last place of each."""
    edges = np.flatnonzero(np.diff(values)) + 1
    starts = np.concatenate([[0], edges])
    ends = np.concatenate([edges, [len(values)]]) - 1
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield int(values[start]), start, end


def span(windows: StageWindows, first: int, last: int) -> tuple[float, float]:
    """From the start of one window to the end of another, seconds of the session."""
    return float(windows.session_s[first]), float(windows.session_s[last]) + windows.width_ms / 1000


def shown(windows: StageWindows) -> list[tuple[float, float, float]]:
    """Stretches in which the timeline ran: from, until, and how far it is ahead of the session, in seconds each."""
    running = ~np.isnan(windows.timeline_s)
    ahead_ms = np.where(running, np.round(1000 * (windows.timeline_s - windows.session_s)), 0).astype(np.int64)
    # A timeline that begins within a window stands at 0 as that window does: it is as far ahead as in the next.
    beginning = np.flatnonzero((windows.timeline_s == 0)[:-1] & running[1:])
    ahead_ms[beginning] = ahead_ms[beginning + 1]
    pieces = runs(np.where(running, ahead_ms, np.iinfo(np.int64).min))
    return [(*span(windows, first, last), ahead / 1000) for ahead, first, last in pieces if running[first]]


def _placed(windows: StageWindows, values: NDArray[np.int64] | Floats) -> Floats:
    axis = np.zeros(len(windows.start_ms))
    axis[windows.place] = values
    return axis


def _moving_sum(values: Floats, reach: int) -> Floats:
    """Sum over the `reach` places on either side and the place itself; fewer at the ends."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    place = np.arange(len(values))
    first, after = np.maximum(place - reach, 0), np.minimum(place + reach + 1, len(values))
    moving: Floats = sums[after] - sums[first]
    return moving
