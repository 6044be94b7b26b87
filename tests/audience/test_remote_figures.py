"""Viewers at home become windows of one stage: sums of five and more, which forget who is in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from audience.errors import AccessRefused, InvalidValue
from audience.remote_audience import RemoteAudience, RemoteAudiences
from audience.remote_figures import HELD_S, LATEST_S, MOST_ROWS, RemoteFigures, row_order
from audience.scorers import EXPRESSIONNET
from tests.builders import BEGAN, BEGAN_MS, after

ORDER = row_order(EXPRESSIONNET)
SMILING = tuple(0.9 if name == "happy" else 0.1 / (len(ORDER) - 1) for name in ORDER)
CALM = tuple(0.9 if name == "calm" else 0.1 / (len(ORDER) - 1) for name in ORDER)
NOT_MEASURED: tuple[float, ...] = ()


@pytest.fixture
def audience(tmp_path: Path) -> RemoteAudience:
    folder = RemoteAudiences(tmp_path / "remote")
    return folder.open("talk-1", now=BEGAN, valid_for=timedelta(hours=6), starts_at=BEGAN, film="f")


@pytest.fixture
def figures(audience: RemoteAudience) -> RemoteFigures:
    return RemoteFigures(audience, EXPRESSIONNET, part="r1")


def send(figures: RemoteFigures, second: int, *rows: Sequence[float], at_s: float = 0, first: int = 0) -> None:
    """One row of each of several viewers, of one second."""
    for number, row in enumerate(rows, start=first):
        figures.add(f"v{number}", [(second, row)], now_s=at_s, second_now=None)


def test_a_second_is_the_sum_of_its_viewers(figures: RemoteFigures) -> None:
    send(figures, 7, SMILING, SMILING, CALM, CALM, CALM, CALM, NOT_MEASURED)
    (window,) = figures.due(5)
    assert (window.start_ms, window.faces, window.expected) == (BEGAN_MS + 7000, 6, 7)
    smile = window.tallies["smile"]
    assert (smile.faces, smile.over) == (6, 2)
    assert smile.total == pytest.approx(2 * 0.9 + 4 * CALM[0], abs=1e-3)
    assert window.scorer == EXPRESSIONNET.name


def test_of_fewer_than_five_nothing_is_written_and_nobody_is_added_alone(figures: RemoteFigures) -> None:
    send(figures, 7, *[CALM] * 4)
    assert figures.due(60) == []
    send(figures, 7, CALM, first=4, at_s=60)
    (window,) = figures.due(62)
    assert window.expected == 5
    send(figures, 7, *[SMILING] * 4, first=5, at_s=70)
    assert figures.due(600) == []  # four more could be told from the difference
    send(figures, 7, SMILING, first=9, at_s=600)
    (window,) = figures.due(602)
    assert (window.expected, window.tallies["smile"].over) == (10, 5)


def test_a_figure_of_fewer_than_five_faces_is_withheld_where_others_were_not_measured(figures: RemoteFigures) -> None:
    send(figures, 7, SMILING, SMILING, SMILING, SMILING, NOT_MEASURED, NOT_MEASURED)
    (window,) = figures.due(5)
    assert (window.faces, window.expected, window.tallies) == (4, 6, {})


def test_a_row_that_comes_twice_and_a_scene_that_is_seen_again_count_once(figures: RemoteFigures) -> None:
    send(figures, 7, *[CALM] * 6)
    send(figures, 7, *[SMILING] * 6)
    (window,) = figures.due(5)
    assert (window.expected, window.tallies["smile"].over) == (6, 0)
    send(figures, 7, *[SMILING] * 6, at_s=6)
    assert figures.due(20) == []


def test_who_takes_back_is_subtracted_to_the_last_digit(figures: RemoteFigures) -> None:
    send(figures, 7, SMILING, *[CALM] * 6)
    send(figures, 8, SMILING)
    before = figures.due(5)
    assert figures.withdraw("v0") == 2
    (after_it,) = figures.due(6)
    others = RemoteFigures(figures.audience, EXPRESSIONNET, part="r1")
    send(others, 7, *[CALM] * 6, first=1)
    assert [after_it] == others.due(5)
    assert before != [after_it]
    assert figures.withdraw("v0") == 0
    # What waited is gone too: four more do not make five with it.
    send(figures, 8, *[CALM] * 4, first=1, at_s=7)
    assert figures.due(60) == []


def test_after_an_hour_nobody_can_be_told_from_the_sums(figures: RemoteFigures) -> None:
    send(figures, 7, *[CALM] * 6)
    send(figures, 8, SMILING)
    figures.due(5)
    assert figures.count(5).joined == 6
    assert figures.due(HELD_S + 10) == []
    assert figures.count(HELD_S + 10).joined == 0
    assert figures.withdraw("v0") == 0
    # The row that still waits goes on without a name.
    send(figures, 8, *[CALM] * 4, first=20, at_s=HELD_S + 11)
    (window,) = figures.due(HELD_S + 20)
    assert (window.expected, window.tallies["smile"].over) == (5, 1)


def test_the_last_viewers_of_a_stream_are_waited_for(audience: RemoteAudience) -> None:
    figures = RemoteFigures(replace(audience, film="", delay_s=20), EXPRESSIONNET, part="r1")

    def send_at(at_s: float, *viewers: int, second: int) -> None:
        for number in viewers:
            figures.add(f"v{number}", [(second, CALM)], now_s=at_s, second_now=second)

    send_at(0, *range(7), second=100)
    assert [window.expected for window in figures.due(1.5, second_now=101)] == [7]
    send_at(2, *range(5), second=102)
    assert figures.due(3.2, second_now=103) == []  # two more are on their way
    send_at(3.3, 5, 6, second=102)
    (window,) = figures.due(3.4, second_now=103)
    assert (window.expected, window.start_ms) == (7, BEGAN_MS + 82_000)  # the stream runs 20 s behind the room


def test_a_stream_takes_what_is_of_now(audience: RemoteAudience) -> None:
    figures = RemoteFigures(replace(audience, film=""), EXPRESSIONNET, part="r1")
    rows = [(second, CALM) for second in (1000, 1000 - LATEST_S, 1000 - LATEST_S - 1, 1010)]
    assert figures.add("v", rows, now_s=0, second_now=1000) == 2


@pytest.mark.parametrize(
    "row",
    [
        (-1, CALM),
        (10**7, CALM),
        (1, CALM[:-1]),
        (1, (0.0,) * len(ORDER)),
        (1, (1.0,) * len(ORDER)),
        (1, (float("nan"), *CALM[1:])),
        (1, (2.0, -1.0, *CALM[2:])),
    ],
)
def test_a_row_that_no_face_can_have_is_refused_with_all_that_came_with_it(
    figures: RemoteFigures, row: tuple[int, tuple[float, ...]]
) -> None:
    with pytest.raises(InvalidValue):
        figures.add("v", [(1, CALM), row], now_s=0, second_now=None)
    assert figures.count(0).watching == 0


def test_one_viewer_sends_a_row_a_second_and_no_more(figures: RemoteFigures) -> None:
    figures.add("v", [(second, CALM) for second in range(MOST_ROWS)], now_s=0, second_now=None)
    with pytest.raises(InvalidValue):
        figures.add("v", [(second, CALM) for second in range(200, 220)], now_s=10, second_now=None)
    assert figures.add("v", [(second, CALM) for second in range(200, 210)], now_s=10, second_now=None) == 10


def test_viewers_are_bounded(audience: RemoteAudience) -> None:
    figures = RemoteFigures(replace(audience, most_viewers=5), EXPRESSIONNET, part="r1")
    send(figures, 1, *[CALM] * 5)
    with pytest.raises(AccessRefused):
        send(figures, 1, CALM, first=9)
    figures.withdraw("v0")
    send(figures, 1, CALM, first=9)


def test_a_link_ends_with_its_time_and_with_being_closed(tmp_path: Path) -> None:
    folder = RemoteAudiences(tmp_path)
    first = folder.open("talk-1", now=BEGAN, valid_for=timedelta(hours=1), starts_at=BEGAN)
    assert folder.opened_by(first.token, after(60)) == first
    for token in (first.token[:-1] + "0x"[first.token[-1] == "0"], "talk-1~a~b", "../talk-1~a~b", "", "~~", "ü" * 300):
        with pytest.raises(AccessRefused):
            folder.opened_by(token, after(60))
    with pytest.raises(AccessRefused):
        folder.opened_by(first.token, after(3600))
    second = folder.open("talk-1", now=BEGAN, valid_for=timedelta(hours=1), starts_at=BEGAN)
    with pytest.raises(AccessRefused):
        folder.opened_by(first.token, after(60))
    folder.close("talk-1")
    with pytest.raises(AccessRefused):
        folder.opened_by(second.token, after(60))
    assert (tmp_path / "talk-1.json").exists() is False


def test_viewers_names_are_signed(audience: RemoteAudience) -> None:
    name = audience.new_viewer()
    assert audience.viewer_id(name) == name.split("~")[0]
    for made_up in ("", "~", name[:-1], f"x{name[1:]}", "é~é"):
        with pytest.raises(AccessRefused):
            audience.viewer_id(made_up)
