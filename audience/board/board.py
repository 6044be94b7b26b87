"""The live board: a session's stages at one instant, the liveliest first, each with its recent changes.

A board is a pure function of the records before its instant: computed now or years later from the same records, it is
the same. It depends on the records since `reads_from_ms` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audience.board.changes import Change, Note, notes_of
from audience.board.liveliness import (
    MINUTE_MS,
    NEEDED_MS,
    UPDATE_MS,
    Liveliness,
    StageSums,
    Z,
    liveliness,
    shrink_toward,
    stretches,
    without_small_rooms,
)
from audience.board.programme import coming, playing
from audience.board.ranking import RENEW_MS, Ranking, chain_start_ms, held_rankings, in_order
from audience.disclosure import SMALL_ROOM
from audience.exclusions import excluded_windows
from audience.language import gettext
from audience.privacy import reason_text
from audience.sessions import Session
from audience.time import to_ms

Floats = NDArray[np.float64]

State = Literal["live", "stale", "new", "too few", "left out", "silent", "heads only"]
Direction = Literal["up", "down", "steady"]

WITHOUT_FIGURE = ("new", "too few", "left out", "silent")
"""The states without a figure, in their order below the others."""

STALE_MS = 15_000
SPARK_STEP_MS, SPARK_STEPS = 5_000, 12
_Z_95 = 1.96
_WORTH_AN_ARROW = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The change of a figure since an earlier instant.

    Attributes:
        change: in points of 0..100.
        direction: "up" or "down" if the change is significant, else "steady".
    """

    change: float
    direction: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One stage of a board.

    Attributes:
        stage_id: the stage.
        title: its display name.
        state: "live"; "stale" (its newest window ended more than 15 s ago); "new" (ranked when the ranking is next
            renewed, within half a minute); "too few" (twenty faces or fewer in view,
            or for too short a time); "left out" (somebody excluded the last minute); "silent" (no camera recorded in
            the last minute); "heads only" (the session measures no expressions).
        rank: 1 for the top, the same for a group; None if there is no figure or it is stale.
        tied: whether it is in a group of live stages that are too close to call.
        figure: liveliness when the stages were last ranked, 0..100; None if there is none. It never rises from a live
            row to the next.
        low, high: its interval.
        faces: mean number of faces in view over the last minute; None if no camera recorded.
        age_s: seconds since its newest window ended, 0 or more, by the camera's clock; None if no window was read.
        over_5_min, over_15_min: the trend until then; None without a figure at either end.
        notes: what changed in five minutes; none if nothing notable did.
        sparkline: twelve figures of 5 s each over the last minute; None where there was none.
        playing: title of the current set; "" between sets.
        coming: title of the next set; "" for none.
        coming_at_ms: when it begins, milliseconds since the epoch; None for none.
        directions: how to get there: a link to a map, or words such as "6 min from the gate"; "" if nobody said.
    """

    stage_id: str
    title: str
    state: State
    rank: int | None = None
    tied: bool = False
    figure: float | None = None
    low: float | None = None
    high: float | None = None
    faces: int | None = None
    age_s: float | None = None
    over_5_min: Trend | None = None
    over_15_min: Trend | None = None
    notes: tuple[Note, ...] = ()
    sparkline: tuple[float | None, ...] = (None,) * SPARK_STEPS
    playing: str = ""
    coming: str = ""
    coming_at_ms: int | None = None
    directions: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All stages at one instant.

    Attributes:
        session: the session.
        as_of_ms: the instant, milliseconds since the epoch.
        ranked_at_ms: when the stages were last ranked, which is the instant of their figures.
        rows: from the top: live stages by rank, then stale ones, then those without a figure.
        scorers: the scorers of the windows it depends on, sorted.
    """

    session: Session
    as_of_ms: int
    ranked_at_ms: int
    rows: tuple[BoardRow, ...]
    scorers: tuple[str, ...] = ()

    @property
    def caution(self) -> str:
        """A sentence to show with the figures, in the reader's language; "" for none."""
        if self.session.mode == "head count":
            return reason_text(self.session.mode, self.session.mode_reason)
        if len(self.scorers) < 2:
            return ""
        return gettext(
            "Scored by {scorers}: figures of different scorers must not be compared.", scorers=", ".join(self.scorers)
        )


def reads_from_ms(as_of_ms: int) -> int:
    """The start of the first window that the board at an instant depends on: 23 to 38 minutes before it."""
    return chain_start_ms(as_of_ms) - RENEW_MS - NEEDED_MS


def board(session: Session, stages: Sequence[StageSums], as_of_ms: int) -> Board:
    """Computes the board at an instant.

    It changes at multiples of `UPDATE_MS`, so that all viewers see the same. Figures and places are those of the
    update at which the stages were last ranked (`ranking.held_rankings`); ages, faces and sparklines are newer. Windows
    that end after `as_of_ms` are ignored.

    Args:
        session: the session.
        stages: its stages with their windows from `reads_from_ms` on; earlier windows have no effect.
        as_of_ms: now, or any earlier instant, milliseconds since the epoch.
    """
    stages = [without_small_rooms(_between(sums, reads_from_ms(as_of_ms), as_of_ms)) for sums in stages]
    if session.mode == "head count":
        at_ms = as_of_ms - as_of_ms % UPDATE_MS
        faces = [float(stretches(sums, np.array([at_ms])).faces[0]) for sums in stages]
        rows = [
            replace(_row(session, sums, in_view, as_of_ms), state="heads only")
            for sums, in_view in zip(stages, faces, strict=True)
        ]
        return Board(session=session, as_of_ms=as_of_ms, ranked_at_ms=at_ms, rows=tuple(rows))
    ranked = _ranked(stages, as_of_ms)
    figures, ranking = ranked.figures, ranked.ranking
    groups: dict[str, list[BoardRow]] = {state: [] for state in ("live", "stale", *WITHOUT_FIGURE)}
    group_of = dict(zip(ranking.order, ranking.groups, strict=True))
    live_groups: list[int] = []
    for place in (*ranking.order, *(place for place in range(len(stages)) if place not in group_of)):
        row = _row(session, stages[place], float(figures.faces[-1, place]), as_of_ms)
        if not np.isnan(figures.figure[-1, place]) and row.faces is not None and row.faces > SMALL_ROOM:
            if place in group_of:
                row = _row_with_figure(row, stages[place], ranked, place, session)
            else:
                row = replace(row, state="new")
        if row.state == "live":
            live_groups.append(group_of[place])
        groups[row.state].append(row)
    return Board(
        session=session,
        as_of_ms=as_of_ms,
        ranked_at_ms=int(figures.at_ms[ranked.at]),
        rows=(*_numbered(groups.pop("live"), live_groups), *chain.from_iterable(groups.values())),
        scorers=tuple(sorted({name for sums in stages for name in sums.scorers})),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranked:
    """The ranking that stands, and the figures behind it.

    Attributes:
        figures: from 16 minutes before the ranking at least, until now.
        ranking: that stands now.
        five_min_before: the one that stood five minutes before it was made.
        at: index of the update at which it was made, in `figures`.
        shown: the figure of each stage, 0..100, none higher than that of the stage above.
    """

    figures: Liveliness
    ranking: Ranking
    five_min_before: Ranking
    at: int
    shown: dict[int, float]

    def places_gained(self, place: int) -> int:
        before = self.five_min_before.order
        return before.index(place) - self.ranking.order.index(place) if place in before else 0


def _ranked(stages: Sequence[StageSums], as_of_ms: int) -> _Ranked:
    # A trend reaches back from the ranking, which is up to a minute old.
    figures = liveliness(stages, chain_start_ms(as_of_ms) - RENEW_MS, as_of_ms)
    since = int(np.searchsorted(figures.at_ms, chain_start_ms(as_of_ms)))
    rankings = held_rankings(figures.figure[since:], (figures.high - figures.low)[since:] / 2)
    ranking = rankings[-1]
    at = since + ranking.made_at
    raw = [100 * float(figures.figure[at, place]) for place in ranking.order]
    return _Ranked(
        figures=figures,
        ranking=ranking,
        five_min_before=rankings[max(0, ranking.made_at - 300_000 // UPDATE_MS)],
        at=at,
        shown=dict(zip(ranking.order, in_order(raw), strict=True)),
    )


def _numbered(rows: Sequence[BoardRow], groups: Sequence[int]) -> list[BoardRow]:
    """Numbers live rows: those of one group have one rank."""
    numbered: list[BoardRow] = []
    for _, members in groupby(zip(groups, rows, strict=True), key=lambda one: one[0]):
        of_group = [row for _, row in members]
        rank = len(numbered) + 1
        numbered += [replace(row, rank=rank, tied=len(of_group) > 1) for row in of_group]
    return numbered


def _between(sums: StageSums, from_ms: int, until_ms: int) -> StageSums:
    """Keeps the windows within [from_ms, until_ms], so that figures do not depend on what else was read."""
    inside = slice(
        int(np.searchsorted(sums.end_ms, from_ms + sums.width_ms, side="left")),
        int(np.searchsorted(sums.end_ms, until_ms, side="right")),
    )
    columns = ("end_ms", "faces", "scored", "total", "squares")
    return replace(sums, **{name: getattr(sums, name)[inside] for name in columns})


def _row(session: Session, sums: StageSums, faces: float, as_of_ms: int) -> BoardRow:
    """The row of a stage without a figure."""
    newest = int(sums.end_ms[-1]) if len(sums.end_ms) else None
    state: State = "too few"
    if np.isnan(faces):
        state = "silent"
    elif excluded_windows(np.array([as_of_ms - MINUTE_MS]), MINUTE_MS, sums.stage.exclusions).any():
        state = "left out"
    following = coming(session, sums.stage, as_of_ms)
    return BoardRow(
        stage_id=sums.stage.stage_id,
        title=sums.stage.name,
        state=state,
        faces=None if np.isnan(faces) else round(faces),
        age_s=None if newest is None else (as_of_ms - newest) / 1000,
        playing=playing(session, sums.stage, as_of_ms),
        coming=following[0] if following else "",
        coming_at_ms=following[1] if following else None,
        directions=sums.stage.directions,
    )


def _row_with_figure(row: BoardRow, sums: StageSums, ranked: _Ranked, place: int, session: Session) -> BoardRow:
    """Adds to a row the figure that it was ranked by."""
    figures, at = ranked.figures, ranked.at
    assert row.age_s is not None
    over_5_min = _trend(figures, place, at, 300_000)
    then, ranked_at_ms = at - 300_000 // UPDATE_MS, int(figures.at_ms[at])
    change = Change(
        direction=over_5_min.direction if over_5_min else "steady",
        places=ranked.places_gained(place) if over_5_min else 0,
        lead=int(figures.lead[at, place]),
        lead_before=int(figures.lead[then, place]),
        faces=float(figures.faces[at, place]),
        faces_before=float(figures.faces[then, place]),
        playing=playing(session, sums.stage, ranked_at_ms),
        playing_before=playing(session, sums.stage, ranked_at_ms - 300_000),
    )
    figure = ranked.shown[place]
    return replace(
        row,
        state="stale" if row.age_s * 1000 > STALE_MS else "live",
        figure=figure,
        low=min(figure, 100 * float(figures.low[at, place])),
        high=max(figure, 100 * float(figures.high[at, place])),
        over_5_min=over_5_min,
        over_15_min=_trend(figures, place, at, 900_000),
        notes=notes_of(change),
        sparkline=_sparkline(sums, int(figures.at_ms[-1]), float(figures.mean[-1]), float(figures.k[-1])),
    )


def _trend(figures: Liveliness, place: int, at: int, over_ms: int) -> Trend | None:
    then = at - over_ms // UPDATE_MS
    now, before = (100 * figures.figure[instant, place] for instant in (at, then))
    if np.isnan(now) or np.isnan(before):
        return None
    errors = [100 * (figures.high[instant, place] - figures.low[instant, place]) / (2 * Z) for instant in (at, then)]
    needed = max(_WORTH_AN_ARROW, _Z_95 * float(np.hypot(*errors)))
    change = float(now - before)
    return Trend(change=change, direction="steady" if abs(change) < needed else "up" if change > 0 else "down")


def _sparkline(sums: StageSums, at_ms: int, mean: float, k: float) -> tuple[float | None, ...]:
    """The last minute in steps, each shrunk like the figure, so that both have the same scale."""
    ends = at_ms - SPARK_STEP_MS * np.arange(SPARK_STEPS - 1, -1, -1, dtype=np.int64)
    steps = stretches(sums, ends, max(SPARK_STEP_MS, sums.width_ms), sums.width_ms)
    shrunk = 100 * shrink_toward(steps.level, steps.n, mean, k)
    return tuple(None if np.isnan(value) else float(value) for value in shrunk)


def session_is_over(session: Session, as_of_ms: int) -> bool:
    """Whether the session had ended by an instant."""
    return session.ended_at is not None and as_of_ms >= to_ms(session.ended_at)


def public_instant_ms(session: Session, at_ms: int) -> int | None:
    """The instant of the public board: now, or the end of a session that has ended.

    Args:
        session: any session.
        at_ms: now, milliseconds since the epoch.

    Returns:
        Milliseconds since the epoch; None if the session has no public board, which only festivals have.
    """
    if session.kind != "festival":
        return None
    return at_ms if session.ended_at is None else min(at_ms, to_ms(session.ended_at))
