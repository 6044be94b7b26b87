"""The snapshot: a board as a small JSON document for public pages.

It contains counts and figures over five or more faces, and nothing on single faces or cameras.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from audience.board.board import SPARK_STEPS, Board, BoardRow, Direction, State, Trend, session_is_over
from audience.board.changes import MOST_NOTES, NOTE_KINDS, Note
from audience.deliveries.strict_json import dump, fields_of, items_of, number, object_of, parse, text, whole
from audience.errors import InvalidValue
from audience.ids import check_id, check_title

FORMAT: Final = "houselights-live"
SCHEMA: Final = 2
LARGEST_SNAPSHOT: Final = 200_000
MOST_STAGES: Final = 500
MOST_SCORERS: Final = 20

_FIELDS = (
    "format",
    "schema",
    "session",
    "title",
    "as_of_ms",
    "ranked_at_ms",
    "mode",
    "simulated",
    "over",
    "scorers",
    "stages",
)
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
    "notes",
    "sparkline",
    "playing",
    "coming",
    "coming_at_ms",
    "directions",
)
_DIRECTIONS: tuple[str, ...] = get_args(Direction)
_STATES: tuple[str, ...] = get_args(State)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A parsed snapshot.

    Attributes:
        session_id, title: of the session.
        as_of_ms: the board's instant, milliseconds since the epoch.
        ranked_at_ms: when the stages were last ranked.
        mode: "expressions" or "head count".
        simulated: whether the records are simulated.
        over: whether the session had ended.
        scorers: names of the scorers; figures of different ones must not be compared.
        stages: from the top; figures in whole points of 0..100, ages in whole seconds.
    """

    session_id: str
    title: str
    as_of_ms: int
    ranked_at_ms: int
    mode: str
    simulated: bool
    over: bool
    scorers: tuple[str, ...]
    stages: tuple[BoardRow, ...]


def board_snapshot(board: Board) -> bytes:
    """Serialises a board, deterministically; about 330 bytes per stage."""
    session = board.session
    return dump(
        {
            "format": FORMAT,
            "schema": SCHEMA,
            "session": session.session_id,
            "title": session.name,
            "as_of_ms": board.as_of_ms,
            "ranked_at_ms": board.ranked_at_ms,
            "mode": session.mode,
            "simulated": session.simulated,
            "over": session_is_over(session, board.as_of_ms),
            "scorers": list(board.scorers),
            "stages": [_stage_fields(row) for row in board.rows],
        }
    )


def read_snapshot(document: bytes) -> Snapshot:
    """Parses a snapshot strictly: exactly the known fields, every value in its range.

    Raises:
        InvalidValue: it is not a snapshot, or of another schema.
        SheetRejected: it is not JSON, or a value has the wrong type.
    """
    if len(document) > LARGEST_SNAPSHOT:
        raise InvalidValue(f"it has {len(document)} bytes: a snapshot of a board has at most {LARGEST_SNAPSHOT}")
    fields = object_of(parse(document, "the snapshot"), "the snapshot")
    if (fields.get("format"), fields.get("schema")) != (FORMAT, SCHEMA):
        raise InvalidValue(f"it is not a snapshot of a board of schema {SCHEMA}")
    _, _, session, title, as_of_ms, ranked_at_ms, mode, simulated, over, scorers, stages = fields_of(
        fields, "the snapshot", _FIELDS
    )
    if mode not in ("expressions", "head count"):
        raise InvalidValue(f"mode {mode!r} is unknown")
    return Snapshot(
        session_id=check_id("session id", text(session, "the session's id")),
        title=check_title("session title", text(title, "the session's title")),
        as_of_ms=whole(as_of_ms, "the instant"),
        ranked_at_ms=whole(ranked_at_ms, "the instant of the ranking"),
        mode=mode,
        simulated=_yes_or_no(simulated),
        over=_yes_or_no(over),
        scorers=tuple(text(name, "a scorer") for name in items_of(scorers, "scorers", MOST_SCORERS)),
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
        "notes": [[note.kind, note.title, note.faces, note.faces_before] for note in row.notes],
        "sparkline": [_points(value) for value in row.sparkline] if row.figure is not None else [],
        "playing": row.playing,
        "coming": row.coming,
        "coming_at_ms": row.coming_at_ms,
        "directions": row.directions,
    }


def _points(figure: float | None) -> int | None:
    return None if figure is None else round(figure)


def _trend_fields(trend: Trend | None) -> list[Any] | None:
    return None if trend is None else [trend.direction, round(trend.change)]


def _stage(value: Any) -> BoardRow:
    fields = dict(zip(_STAGE, fields_of(value, "a stage", _STAGE), strict=True))
    state, rank = fields["state"], fields["rank"]
    if state not in _STATES:
        raise InvalidValue(f"state {state!r} of a stage is unknown")
    figure, low, high = (_within(fields[name], 0, 100, name) for name in ("figure", "low", "high"))
    if (figure is None) != (state not in ("live", "stale")) or (rank is None) != (state != "live"):
        raise InvalidValue(f"a stage that is {state!r} cannot have figure {figure} and rank {rank}")
    if figure is not None and not (low is not None and high is not None and low <= figure <= high):
        raise InvalidValue(f"figure {figure:g} of a stage lies outside its interval")
    faces, coming_at_ms = fields["faces"], fields["coming_at_ms"]
    age_s = fields["age_s"]
    spark = items_of(fields["sparkline"], "a stage's sparkline", SPARK_STEPS)
    if len(spark) not in (0, SPARK_STEPS):
        raise InvalidValue(f"a sparkline has {len(spark)} figures and should have {SPARK_STEPS}")
    return BoardRow(
        stage_id=check_id("stage id", text(fields["id"], "a stage's id")),
        title=check_title("stage title", text(fields["title"], "a stage's title")),
        state=state,
        rank=None if rank is None else whole(rank, "a rank"),
        tied=_yes_or_no(fields["tied"]),
        figure=figure,
        low=low,
        high=high,
        faces=None if faces is None else whole(faces, "a stage's faces"),
        age_s=None if age_s is None else number(age_s, "a stage's age"),
        over_5_min=_trend(fields["over_5_min"]),
        over_15_min=_trend(fields["over_15_min"]),
        notes=tuple(_note(note) for note in items_of(fields["notes"], "notes on a stage", MOST_NOTES)),
        sparkline=tuple(_within(one, 0, 100, "a sparkline's figure") for one in spark) or (None,) * SPARK_STEPS,
        playing=check_title("segment title", text(fields["playing"], "what is on")),
        coming=check_title("segment title", text(fields["coming"], "what is next")),
        coming_at_ms=None if coming_at_ms is None else whole(coming_at_ms, "when the next set begins"),
        directions=check_title("way to a stage", text(fields["directions"], "the way to a stage")),
    )


def _note(value: Any) -> Note:
    fields = items_of(value, "the parts of a note", 4)
    if len(fields) != 4 or fields[0] not in NOTE_KINDS:
        raise InvalidValue(f"note {fields} is not a known kind with a title and two numbers of faces")
    kind, title, faces, faces_before = fields
    return Note(
        kind=kind,
        title=check_title("segment title", text(title, "a set that began or ended")),
        faces=whole(faces, "faces in view"),
        faces_before=whole(faces_before, "faces in view before"),
    )


def _trend(value: Any) -> Trend | None:
    if value is None:
        return None
    fields = items_of(value, "the parts of a trend", 2)
    if len(fields) != 2 or fields[0] not in _DIRECTIONS:
        raise InvalidValue(f"trend {fields} is not a direction and a change")
    return Trend(direction=fields[0], change=whole(fields[1], "a change"))


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
