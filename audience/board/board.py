"""The live board: a session's stages at one instant, the liveliest first, each with its recent changes.

A board is a pure function of the records before its instant: computed now or years later from the same records, it is
the same. It depends on the records since `reads_from_ms` only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audience.board.liveliness import (
    LIVELY,
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
from audience.board.ranking import chain_start_ms, stable_orders
from audience.disclosure import SMALL_ROOM
from audience.exclusions import excluded_windows
from audience.sessions import Session, Stage
from audience.time import to_ms
from audience.timelines import Cue, timeline_seconds

_MORE_FACES = 1.5
_MANY_PLACES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A stage now and five minutes ago.

    Attributes:
        direction: direction of its figure: "up", "down" or "steady".
        places: places gained; negative for places lost.
        lead, lead_before: index into `LIVELY` of the strongest expression; -1 without a figure.
        faces, faces_before: mean number of faces in view; NaN if no camera recorded.
        playing, playing_before: title of the current set; "" between sets.
    """

    direction: str
    places: int
    lead: int
    lead_before: int
    faces: float
    faces_before: float
    playing: str
    playing_before: str


def why(change: Change) -> str:
    """Describes a change, such as "more faces smile, “Ada & the Looms” began"; "" if nothing notable changed."""
    parts = [part for part in (_faces_phrase(change), _set_phrase(change), _in_view_phrase(change)) if part]
    if not parts and abs(change.places) >= _MANY_PLACES:
        return "moved up as others fell" if change.places > 0 else "moved down as others rose"
    return ", ".join(parts[:2])


def _faces_phrase(change: Change) -> str:
    if change.direction == "steady":
        return ""
    quantity = "more" if change.direction == "up" else "fewer"
    lead = change.lead if change.direction == "up" else change.lead_before
    if lead >= 0 and LIVELY[lead] == "surprised":
        return f"{quantity} faces look surprised"
    return f"{quantity} faces smile"


def _set_phrase(change: Change) -> str:
    if change.playing == change.playing_before:
        return ""
    if change.playing:
        return f"“{change.playing}” began"
    return f"“{change.playing_before}” ended"


def _in_view_phrase(change: Change) -> str:
    now, before = change.faces, change.faces_before
    if math.isnan(now) or math.isnan(before) or min(now, before) < 1:
        return ""
    if now >= _MORE_FACES * before:
        return f"more faces in view ({now:.0f}, {before:.0f} five minutes ago)"
    if before >= _MORE_FACES * now:
        return f"fewer faces in view ({now:.0f}, {before:.0f} five minutes ago)"
    return ""


Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

State = Literal["live", "stale", "too few", "left out", "silent", "heads only"]
Direction = Literal["up", "down", "steady"]

WITHOUT_FIGURE = ("too few", "left out", "silent")
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
        state: "live"; "stale" (its newest window ended more than 15 s ago); "too few" (twenty faces or fewer in view,
            or for too short a time); "left out" (somebody excluded the last minute); "silent" (no camera recorded in
            the last minute); "heads only" (the session measures no expressions).
        rank: 1 for the top, the same for ties; None if there is no figure or it is stale.
        tied: whether other stages have the same rank, because their intervals overlap that of the first of them.
        figure: liveliness, 0..100; None if there is none.
        low, high: its interval.
        faces: mean number of faces in view over the last minute; None if no camera recorded.
        age_s: seconds since its newest window ended, 0 or more, by the camera's clock; None if no window was read.
        over_5_min, over_15_min: the trend; None without a figure at either end.
        why: recent changes in a phrase; "" if nothing notable changed.
        sparkline: twelve figures of 5 s each over the last minute; None where there was none.
        playing: title of the current set; "" between sets.
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
    why: str = ""
    sparkline: tuple[float | None, ...] = (None,) * SPARK_STEPS
    playing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All stages at one instant.

    Attributes:
        session: the session.
        as_of_ms: the instant, milliseconds since the epoch.
        rows: from the top: live stages by rank, then stale ones, then those without a figure.
        caution: a note to show with the figures: why there are none, or that windows are of several scorers; "" for
            none.
    """

    session: Session
    as_of_ms: int
    rows: tuple[BoardRow, ...]
    caution: str = ""


def reads_from_ms(as_of_ms: int) -> int:
    """The start of the first window that the board at an instant depends on: 22 to 37 minutes before it."""
    return chain_start_ms(as_of_ms) - NEEDED_MS


def board(session: Session, stages: Sequence[StageSums], as_of_ms: int) -> Board:
    """Computes the board at an instant.

    Figures and order are those of the last multiple of `UPDATE_MS`, so that all viewers see the same. Windows that end
    after `as_of_ms` are ignored.

    Args:
        session: the session.
        stages: its stages with their windows from `reads_from_ms` on; earlier windows have no effect.
        as_of_ms: now, or any earlier instant, milliseconds since the epoch.
    """
    stages = [without_small_rooms(_between(sums, reads_from_ms(as_of_ms), as_of_ms)) for sums in stages]
    if session.mode == "head count":
        at_ms = np.array([as_of_ms - as_of_ms % UPDATE_MS])
        faces = [float(stretches(sums, at_ms).faces[0]) for sums in stages]
        rows = [
            replace(_row(session, sums, in_view, as_of_ms), state="heads only")
            for sums, in_view in zip(stages, faces, strict=True)
        ]
        return Board(session=session, as_of_ms=as_of_ms, rows=tuple(rows), caution=session.mode_reason)
    figures = liveliness(stages, chain_start_ms(as_of_ms), as_of_ms)
    orders = stable_orders(figures.figure)
    rows_with_figures = [
        _row_with_figure(session, sums, figures, orders, place, as_of_ms) for place, sums in enumerate(stages)
    ]
    groups: dict[str, list[BoardRow]] = {state: [] for state in ("live", "stale", *WITHOUT_FIGURE)}
    for place in orders[-1].tolist():
        groups[rows_with_figures[place].state].append(rows_with_figures[place])
    return Board(
        session=session,
        as_of_ms=as_of_ms,
        rows=(*_ranked(groups.pop("live")), *chain.from_iterable(groups.values())),
        caution=_caution(stages),
    )


def overlap(one: BoardRow, other: BoardRow) -> bool:
    """Whether the intervals of two stages overlap, so that neither ranks above the other."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return one.low <= other.high and other.low <= one.high


def _ranked(rows: Sequence[BoardRow]) -> list[BoardRow]:
    """Assigns ranks: a row ties with those directly above while it overlaps the first of them."""
    ties: list[list[BoardRow]] = []
    for row in rows:
        if ties and overlap(ties[-1][0], row):
            ties[-1].append(row)
        else:
            ties.append([row])
    ranked: list[BoardRow] = []
    for tie in ties:
        rank = len(ranked) + 1
        ranked += [replace(row, rank=rank, tied=len(tie) > 1) for row in tie]
    return ranked


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
    return BoardRow(
        stage_id=sums.stage.stage_id,
        title=sums.stage.name,
        state=state,
        faces=None if np.isnan(faces) else round(faces),
        age_s=None if newest is None else (as_of_ms - newest) / 1000,
        playing=playing(session, sums.stage, as_of_ms),
    )


def _row_with_figure(
    session: Session, sums: StageSums, figures: Liveliness, orders: Ints, place: int, as_of_ms: int
) -> BoardRow:
    row = _row(session, sums, float(figures.faces[-1, place]), as_of_ms)
    figure = 100 * float(figures.figure[-1, place])
    if np.isnan(figure) or row.age_s is None or row.faces is None or row.faces <= SMALL_ROOM:
        return row
    over_5_min = _trend(figures, place, 300_000)
    then = -1 - 300_000 // UPDATE_MS
    change = Change(
        direction=over_5_min.direction if over_5_min else "steady",
        places=int((orders[then] == place).argmax() - (orders[-1] == place).argmax()) if over_5_min else 0,
        lead=int(figures.lead[-1, place]),
        lead_before=int(figures.lead[then, place]),
        faces=float(figures.faces[-1, place]),
        faces_before=float(figures.faces[then, place]),
        playing=row.playing,
        playing_before=playing(session, sums.stage, as_of_ms - 300_000),
    )
    return replace(
        row,
        state="stale" if row.age_s * 1000 > STALE_MS else "live",
        figure=figure,
        low=100 * float(figures.low[-1, place]),
        high=100 * float(figures.high[-1, place]),
        over_5_min=over_5_min,
        over_15_min=_trend(figures, place, 900_000),
        why=why(change),
        sparkline=_sparkline(sums, int(figures.at_ms[-1]), float(figures.mean[-1]), float(figures.k[-1])),
    )


def _trend(figures: Liveliness, place: int, over_ms: int) -> Trend | None:
    then = -1 - over_ms // UPDATE_MS
    now, before = (100 * figures.figure[at, place] for at in (-1, then))
    if np.isnan(now) or np.isnan(before):
        return None
    errors = [100 * (figures.high[at, place] - figures.low[at, place]) / (2 * Z) for at in (-1, then)]
    needed = max(_WORTH_AN_ARROW, _Z_95 * float(np.hypot(*errors)))
    change = float(now - before)
    return Trend(change=change, direction="steady" if abs(change) < needed else "up" if change > 0 else "down")


def _sparkline(sums: StageSums, at_ms: int, mean: float, k: float) -> tuple[float | None, ...]:
    """The last minute in steps, each shrunk like the figure, so that both have the same scale."""
    ends = at_ms - SPARK_STEP_MS * np.arange(SPARK_STEPS - 1, -1, -1, dtype=np.int64)
    steps = stretches(sums, ends, max(SPARK_STEP_MS, sums.width_ms), sums.width_ms)
    shrunk = 100 * shrink_toward(steps.level, steps.n, mean, k)
    return tuple(None if np.isnan(value) else float(value) for value in shrunk)


def playing(session: Session, stage: Stage, at_ms: int) -> str:
    """Title of the segment of a stage's first timeline at an instant; "" for none."""
    if not stage.timelines:
        return ""
    cues = stage.cues or (Cue(at=session.started_at, timeline_s=0.0),)
    timeline = stage.timelines[0]
    (index,) = timeline.segment_indices(timeline_seconds(np.array([at_ms], dtype=np.int64), cues)).tolist()
    return timeline.segments[index].title if index >= 0 else ""


def _caution(stages: Sequence[StageSums]) -> str:
    scorers = sorted({name for sums in stages for name in sums.scorers})
    if len(scorers) < 2:
        return ""
    return f"Scored by {' and '.join(scorers)}: figures of different scorers must not be compared."


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
