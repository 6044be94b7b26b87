"""Faces turned to the front, from a video to the store; and `houselights axis`, which measures where that is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from audience.faces import FACING
from audience.store import Store
from edge_lambda.facing import axis_of
from tests.houselights.conftest import Houselights
from tests.portraits import people_video

STARTED_AT = "2026-05-04T19:30:00+00:00"


@pytest.fixture(scope="module")
def six_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six faces for six seconds, all of which look at the camera."""
    return people_video(tmp_path_factory.mktemp("videos") / "six.mp4", [6] * 6)


def facing_shares(store: Store, session_id: str) -> list[float]:
    table = store.windows(session_id, "main")
    if FACING not in table.measures:
        return []
    column = table.measures.index(FACING)
    return [over / of for over, of in zip(table.over[:, column], table.scored[:, column], strict=True)]


def test_heads_are_counted_with_how_many_face_the_front(
    houselights: Houselights, store: Store, six_people: Path
) -> None:
    ended = houselights("score", six_people, "--session", "heads", "--started-at", STARTED_AT, "--heads-only")
    assert ended.code == 0, ended.err
    assert facing_shares(store, "heads") == [1.0] * 6
    assert store.windows("heads", "main").expressions == (), "a head count has no expressions"


def test_an_axis_far_from_where_they_look_makes_them_face_elsewhere(
    houselights: Houselights, store: Store, six_people: Path
) -> None:
    words = ("score", six_people, "--session", "aside", "--started-at", STARTED_AT, "--facing-axis", "45,0")
    assert houselights(*words).code == 0
    assert facing_shares(store, "aside") == [0.0] * 6


@pytest.mark.parametrize("setting", ["workplace", "education"])
def test_at_work_and_in_education_it_is_not_measured(
    houselights: Houselights, store: Store, six_people: Path, setting: str
) -> None:
    place = ("--setting", setting, "--country", "DE")
    assert houselights("score", six_people, "--session", setting, "--started-at", STARTED_AT, *place).code == 0
    assert facing_shares(store, setting) == []


def test_the_axis_of_a_room_is_printed_as_options_and_settings_read_it(
    six_people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from houselights.cli import run

    assert run(["axis", f"file:{six_people}"]) == 0
    printed = capsys.readouterr().out
    (option,) = re.findall(r"--facing-axis (\S+)", printed)
    assert f"HOUSELIGHTS_FACING_AXIS={option}" in printed
    axis = axis_of(option)
    assert max(abs(axis.yaw), abs(axis.pitch)) <= 25


@pytest.mark.parametrize(
    ("words", "names"), [(["--seconds", "2"], "12 looks"), (["--detector", "haar"], "haar-1")], ids=["short", "haar"]
)
def test_what_cannot_be_measured_is_one_line(
    six_people: Path, capsys: pytest.CaptureFixture[str], words: list[str], names: str
) -> None:
    from houselights.cli import run

    assert run(["axis", f"file:{six_people}", *words]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert names in line


@pytest.mark.parametrize("axis", ["left", "12", "90,0", "nan,0"])
def test_an_axis_that_is_none_is_refused(houselights: Houselights, six_people: Path, axis: str) -> None:
    ended = houselights("score", six_people, "--session", "wrong", "--facing-axis", axis)
    assert "such as 12,-5" in ended.complaint
