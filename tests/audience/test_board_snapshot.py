"""The JSON document of a board: small, strict, and without a camera in it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from audience.board.board import Board, BoardRow, Trend
from audience.board.changes import Note
from audience.board.snapshot import board_snapshot, read_snapshot
from audience.errors import HouselightsError
from tests.builders import a_session, after_ms

AT = after_ms(3600)


def a_row(number: int, **fields) -> BoardRow:
    return replace(
        BoardRow(
            stage_id=f"stage-{number:02d}",
            title=f"Stage number {number}",
            state="live",
            rank=number,
            tied=True,
            figure=42.31,
            low=37.02,
            high=47.6,
            faces=128,
            age_s=2.7,
            over_5_min=Trend(change=-6.4, direction="down"),
            over_15_min=Trend(change=1.2, direction="steady"),
            notes=(Note(kind="fewer smile"), Note(kind="set ended", title="Ada & the Looms")),
            sparkline=tuple(40.0 + one for one in range(12)),
            playing="The Night Ferries",
            coming="Marrow",
            coming_at_ms=AT + 600_000,
            directions="6 min from the gate",
        ),
        **fields,
    )


FEW = BoardRow(stage_id="bench", title="Mending workshop", state="too few", faces=3, age_s=1.0)


def a_board(*rows: BoardRow) -> Board:
    return Board(
        session=a_session(title="Riverside"), as_of_ms=AT, ranked_at_ms=AT - 12_000, rows=rows, scorers=("net 1",)
    )


def test_what_is_written_is_read_again_in_whole_points():
    snapshot = read_snapshot(board_snapshot(a_board(a_row(1), FEW)))
    assert (snapshot.session_id, snapshot.title, snapshot.as_of_ms, snapshot.over) == ("talk-1", "Riverside", AT, False)
    assert (snapshot.ranked_at_ms, snapshot.scorers) == (AT - 12_000, ("net 1",))
    first, few = snapshot.stages
    assert (first.figure, first.low, first.high, first.age_s) == (42, 37, 48, 2)
    assert first.over_5_min == Trend(change=-6, direction="down")
    assert first.sparkline == tuple(range(40, 52))
    assert [note.title for note in first.notes] == ["", "Ada & the Looms"]
    assert (first.coming, first.coming_at_ms, first.directions) == ("Marrow", AT + 600_000, "6 min from the gate")
    assert few == replace(FEW, age_s=1.0)


def test_ten_stages_take_less_than_five_kilobytes():
    document = board_snapshot(a_board(*[a_row(number) for number in range(1, 11)]))
    assert len(document) < 5_000


def test_no_camera_and_no_person_is_in_it():
    fields = json.loads(board_snapshot(a_board(a_row(1), FEW)))
    assert not [
        name for name in fields | fields["stages"][0] if "camera" in name or "track" in name or "person" in name
    ]


def test_hostile_titles_stay_data():
    title = "</script><script>alert(1)</script> \u202emain 🎪"
    document = board_snapshot(a_board(a_row(1, title=title)))
    assert document.isascii()
    assert read_snapshot(document).stages[0].title == title


def changed(**changes) -> bytes:
    fields = json.loads(board_snapshot(a_board(a_row(1), FEW)))
    return json.dumps(fields | changes).encode()


def with_stage(**changes) -> bytes:
    fields = json.loads(board_snapshot(a_board(a_row(1))))
    return changed(stages=[fields["stages"][0] | changes])


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format":"houselights-live","schema":3}',
        changed(cameras=[]),
        changed(mode="moods"),
        changed(simulated="yes"),
        changed(title="two\nlines"),
        with_stage(figure=101),
        with_stage(figure=30),
        with_stage(state="asleep"),
        with_stage(state="too few"),
        with_stage(rank=None),
        with_stage(sparkline=[1, 2]),
        with_stage(over_5_min=["sideways", 3]),
        with_stage(faces="many"),
        with_stage(notes=[["began", "Marrow", 0, 0]]),
        with_stage(notes=["more smile"]),
        with_stage(coming_at_ms="soon"),
    ],
)
def test_what_is_no_snapshot_is_refused(document):
    with pytest.raises(HouselightsError):
        read_snapshot(document)
