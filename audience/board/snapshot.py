"""The board as the small JSON document that public pages read: figures, titles, and no camera.

It says nothing of single faces: counts and figures over five or more. Stages are keyed by their ids, cameras are left
out, and the words are the board's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from audience.board.board import SPARK_STEPS, Board, BoardRow, Direction, State, Trend, session_is_over
from audience.deliveries.strict_json import dump, fields_of, items_of, number, object_of, parse, text, whole
from audience.errors import InvalidValue
from audience.ids import check_id, check_title

FORMAT: Final = "houselights-live"
SCHEMA: Final = 1
LARGEST_SNAPSHOT: Final = 200_000
MOST_STAGES: Final = 500

_FIELDS = ("format", "schema", "session", "title", "as_of_ms", "mode", "simulated", "over", "caution", "stages")
_STAGE = (
    "id",
    "title",
    "state",
    "rank",
    "tied",
    "figure",
    "low",
    "high",
    "faces",
    "age_s",
    "over_5_min",
    "over_15_min",
    "why",
    "sparkline",
    "playing",
)
_DIRECTIONS: tuple[str, ...] = get_args(Direction)
_STATES: tuple[str, ...] = get_args(State)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A board as it was written.

    Attributes:
        session_id, title: of the session.
        as_of_ms: the board's instant.
        mode: "expressions" or "head count".
        simulated: whether the records were made by a program.
        over: whether the session had ended.
        caution: what has to be said with the figures.
        stages: from the top; figures in whole points of 0..100, ages in whole seconds.
    """

    session_id: str
    title: str
    as_of_ms: int
    mode: str
    simulated: bool
    over: bool
    caution: str
    stages: tuple[BoardRow, ...]


def board_snapshot(board: Board) -> bytes:
    """The document; the same for the same board, about 280 bytes a stage."""
    session = board.session
    return dump(
        {
            "format": FORMAT,
            "schema": SCHEMA,
            "session": session.session_id,
            "title": session.name,
            "as_of_ms": board.as_of_ms,
            "mode": session.mode,
            "simulated": session.simulated,
            "over": session_is_over(session, board.as_of_ms),
            "caution": board.caution,
            "stages": [_stage_fields(row) for row in board.rows],
        }
    )


def read_snapshot(document: bytes) -> Snapshot:
    """Reads a document strictly: every field there and no other, every value in its range.

    Raises:
        InvalidValue: it is none, or of another schema.
        SheetRejected: it is no JSON, or a value is of the wrong kind.
    """
    if len(document) > LARGEST_SNAPSHOT:
        raise InvalidValue(f"it has {len(document)} bytes: a snapshot of a board has at most {LARGEST_SNAPSHOT}")
    told = object_of(parse(document, "the snapshot"), "the snapshot")
    if (told.get("format"), told.get("schema")) != (FORMAT, SCHEMA):
        raise InvalidValue(f"it is no snapshot of a board of schema {SCHEMA}")
    _, _, session, title, as_of_ms, mode, simulated, over, caution, stages = fields_of(told, "the snapshot", _FIELDS)
    if mode not in ("expressions", "head count"):
        raise InvalidValue(f"mode {mode!r} is unknown")
    return Snapshot(
        session_id=check_id("session id", text(session, "the session's id")),
        title=check_title("session title", text(title, "the session's title")),
        as_of_ms=whole(as_of_ms, "the instant"),
        mode=mode,
        simulated=_yes_or_no(simulated),
        over=_yes_or_no(over),
        caution=text(caution, "the caution"),
        stages=tuple(_stage(stage) for stage in items_of(stages, "stages", MOST_STAGES)),
    )


def _stage_fields(row: BoardRow) -> Mapping[str, Any]:
    return {
        "id": row.stage_id,
        "title": row.title,
        "state": row.state,
        "rank": row.rank,
        "tied": row.tied,
        "figure": _points(row.figure),
        "low": _points(row.low),
        "high": _points(row.high),
        "faces": row.faces,
        "age_s": None if row.age_s is None else int(row.age_s),
        "over_5_min": _trend_fields(row.over_5_min),
        "over_15_min": _trend_fields(row.over_15_min),
        "why": row.why,
        "sparkline": [_points(value) for value in row.sparkline] if row.figure is not None else [],
        "playing": row.playing,
    }


def _points(figure: float | None) -> int | None:
    return None if figure is None else round(figure)


def _trend_fields(trend: Trend | None) -> list[Any] | None:
    return None if trend is None else [trend.direction, round(trend.change)]


def _stage(value: Any) -> BoardRow:
    told = dict(zip(_STAGE, fields_of(value, "a stage", _STAGE), strict=True))
    state, rank = told["state"], told["rank"]
    if state not in _STATES:
        raise InvalidValue(f"state {state!r} of a stage is unknown")
    figure, low, high = (_within(told[name], 0, 100, name) for name in ("figure", "low", "high"))
    if (figure is None) != (state not in ("live", "stale")) or (rank is None) != (state != "live"):
        raise InvalidValue(f"a stage that is {state!r} cannot have figure {figure} and rank {rank}")
    if figure is not None and not (low is not None and high is not None and low <= figure <= high):
        raise InvalidValue(f"figure {figure:g} of a stage lies outside its interval")
    faces = told["faces"]
    age_s = told["age_s"]
    spark = items_of(told["sparkline"], "a stage's sparkline", SPARK_STEPS)
    if len(spark) not in (0, SPARK_STEPS):
        raise InvalidValue(f"a sparkline has {len(spark)} figures and should have {SPARK_STEPS}")
    return BoardRow(
        stage_id=check_id("stage id", text(told["id"], "a stage's id")),
        title=check_title("stage title", text(told["title"], "a stage's title")),
        state=state,
        rank=None if rank is None else whole(rank, "a rank"),
        tied=_yes_or_no(told["tied"]),
        figure=figure,
        low=low,
        high=high,
        faces=None if faces is None else whole(faces, "a stage's faces"),
        age_s=None if age_s is None else number(age_s, "a stage's age"),
        over_5_min=_trend(told["over_5_min"]),
        over_15_min=_trend(told["over_15_min"]),
        why=text(told["why"], "what has changed"),
        sparkline=tuple(_within(one, 0, 100, "a sparkline's figure") for one in spark) or (None,) * SPARK_STEPS,
        playing=check_title("segment title", text(told["playing"], "what is on")),
    )


def _trend(value: Any) -> Trend | None:
    if value is None:
        return None
    told = items_of(value, "the parts of a trend", 2)
    if len(told) != 2 or told[0] not in _DIRECTIONS:
        raise InvalidValue(f"trend {told} is none")
    return Trend(direction=told[0], change=whole(told[1], "a change"))


def _within(value: Any, least: float, most: float, what: str) -> float | None:
    if value is None:
        return None
    if not least <= number(value, what) <= most:
        raise InvalidValue(f"{what} {value} is not within {least:g}..{most:g}")
    return float(value)


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidValue(f"{value!r} is neither true nor false")
    return value
