"""`houselights prepare`: sets up session, stage and camera before a device delivers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from audience.store import Store
from edge_lambda.settings import read_settings
from tests.houselights.conftest import Houselights


def settings_in(out: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in out.splitlines())


def test_a_session_its_stage_and_its_camera_are_set_up(houselights: Houselights, store: Store) -> None:
    ended = houselights(
        "prepare",
        *("--session", "fest", "--stage", "tent", "--camera", "cam-7", "--title", "Festival", "--kind", "festival"),
        *("--setting", "event", "--country", "de", "--notice-given", "--audience-size", "80"),
    )
    assert ended.code == 0
    session = store.session("fest")
    assert (session.title, session.kind, session.country, session.notice_given) == ("Festival", "festival", "DE", True)
    assert [(stage.stage_id, stage.audience_size) for stage in store.stages("fest")] == [("tent", 80)]
    assert [camera.camera_id for camera in store.cameras("fest", "tent")] == ["cam-7"]
    assert "Expressions are measured" in ended.err


def test_the_lines_printed_are_the_settings_of_the_device(houselights: Houselights) -> None:
    ended = houselights(
        "prepare", "--session", "work", "--camera", "cam-2", "--setting", "workplace", "--country", "FR"
    )
    assert settings_in(ended.out) == {
        "HOUSELIGHTS_SESSION": "work",
        "HOUSELIGHTS_STAGE": "main",
        "HOUSELIGHTS_CAMERA": "cam-2",
        "HOUSELIGHTS_SETTING": "workplace",
        "HOUSELIGHTS_COUNTRY": "FR",
        "HOUSELIGHTS_HEADS_ONLY": "yes",
    }
    assert "Only heads are counted" in ended.err


def test_a_device_takes_them(houselights: Houselights, tmp_path: Path) -> None:
    ended = houselights("prepare", "--session", "quiet", "--heads-only")
    environment = {**settings_in(ended.out), "HOUSELIGHTS_SOURCE": "webcam:0", "HOUSELIGHTS_BUCKET": "dir:/tmp/x"}
    settings = read_settings(environment, state_folder=lambda: tmp_path)
    assert (settings.session_id, settings.heads_only) == ("quiet", True)


def test_a_second_camera_joins_and_changes_nothing_else(houselights: Houselights, store: Store) -> None:
    houselights("prepare", "--session", "talk", "--title", "Talk", "--heads-only")
    before = store.session("talk")
    ended = houselights("prepare", "--session", "talk", "--camera", "cam-2")
    assert store.session("talk") == before
    assert [camera.camera_id for camera in store.cameras("talk", "main")] == ["cam-1", "cam-2"]
    assert settings_in(ended.out)["HOUSELIGHTS_HEADS_ONLY"] == "yes"


def test_what_a_session_measures_is_not_widened(houselights: Houselights) -> None:
    houselights("prepare", "--session", "talk")
    assert "was set up to measure expressions" in houselights("prepare", "--session", "talk", "--heads-only").complaint


def test_film_cut_city_and_tags_stay_until_they_are_set_again(houselights: Houselights, store: Store) -> None:
    about = ("--film", "Ferry", "--cut", "Short", "--city", "Lyon", "--tag", "students", "--tag", "paid")
    houselights("prepare", "--session", "ferry", *about)
    session = store.session("ferry")
    assert (session.film, session.cut, session.city, session.tags) == ("Ferry", "Short", "Lyon", ("paid", "students"))
    houselights("prepare", "--session", "ferry", "--camera", "cam-2")
    assert store.session("ferry") == session
    houselights("prepare", "--session", "ferry", "--cut", "Long", "--tag", "members")
    assert store.session("ferry") == replace(session, cut="Long", tags=("members",))


def test_a_session_is_prepared_for_when_it_begins(houselights: Houselights, store: Store) -> None:
    houselights("prepare", "--session", "talk", "--started-at", "2031-05-04T19:30:00+02:00")
    assert store.session("talk").started_at == datetime(2031, 5, 4, 17, 30, tzinfo=UTC)
    houselights("prepare", "--session", "talk", "--camera", "cam-2")
    assert store.session("talk").started_at == datetime(2031, 5, 4, 17, 30, tzinfo=UTC)
    houselights("prepare", "--session", "talk", "--started-at", "2031-05-04T20:00:00+02:00")
    assert store.session("talk").started_at == datetime(2031, 5, 4, 18, 0, tzinfo=UTC)


def test_a_new_session_has_rules_for_failing_cameras_and_keeps_them(houselights: Houselights, store: Store) -> None:
    houselights("prepare", "--session", "tonight")
    first, second = store.alerting.book("tonight").rules
    assert {first.what, second.what} == {"camera", "delay"}
    store.alerting.drop("tonight", first)
    houselights("prepare", "--session", "tonight", "--camera", "cam-2")
    assert store.alerting.book("tonight").rules == (second,)
