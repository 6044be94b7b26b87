"""`houselights timeline`: adds timelines to a session, and finds their start."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audience.sessions import Stage
from audience.store import Store
from audience.timelines import Cue, Timeline
from houselights.cli import run
from tests.audience.test_alignment import heard_in_a_room, recorded, speech, two_audiences
from tests.builders import a_cue, a_progress, a_session, a_stage, a_timeline, a_window, after, after_ms, an_annotation
from tests.houselights.conftest import Houselights
from tests.timeline_files.test_slide_matching import DECK, recording
from tests.timeline_files.test_sound import RATE, write_sound
from tests.videos import write_video

SLIDES = "Opening,0\nDemo,1:15\nQuestions,2:10.5\n"


@pytest.fixture(autouse=True)
def talk(store: Store) -> None:
    store.put_session(a_session("talk-1", ended_at=after(300)))
    store.put_stage("talk-1", a_stage(title="Great hall"))


@pytest.fixture
def slides(tmp_path: Path) -> Path:
    path = tmp_path / "slides.csv"
    path.write_text(SLIDES)
    return path


def begun_at(cue: Cue) -> float:
    """How many seconds after the session second 0 was shown."""
    return (cue.at - after(0)).total_seconds() - cue.timeline_s


def stage_of(store: Store, session_id: str = "talk-1") -> Stage:
    (stage,) = store.stages(session_id)
    return stage


def test_a_file_is_laid_along_the_session_and_the_stage_keeps_what_it_had(
    houselights: Houselights, store: Store, slides: Path
) -> None:
    ended = houselights("timeline", "talk-1", slides)
    assert (ended.code, ended.err) == (0, "")
    assert "slides: 3 segments, 0:00 to 5:00" in ended.out
    assert "starts with the session" in ended.out
    timeline = a_timeline(("Opening", 0, 75), ("Demo", 75, 130.5), ("Questions", 130.5, 300))
    assert stage_of(store) == a_stage(title="Great hall", timelines=[timeline])


def test_the_same_title_replaces_and_another_comes_after_it(
    houselights: Houselights, store: Store, slides: Path, tmp_path: Path
) -> None:
    (tmp_path / "chapters.txt").write_text("0:00 All of it")
    houselights("timeline", "talk-1", slides)
    houselights("timeline", "talk-1", tmp_path / "chapters.txt")
    ended = houselights("timeline", "talk-1", tmp_path / "chapters.txt", "--title", "slides")
    assert "slides: 1 segment, 0:00 to 5:00 (main)" in ended.out
    assert [(one.title, len(one.segments)) for one in stage_of(store).timelines] == [("slides", 1), ("chapters", 1)]
    houselights("timeline", "talk-1", "--remove", "slides")
    assert [one.title for one in stage_of(store).timelines] == ["chapters"]
    assert "has no timeline 'slides'" in houselights("timeline", "talk-1", "--remove", "slides").complaint


def test_an_offset_says_when_it_began_and_where_it_ended(houselights: Houselights, store: Store, slides: Path) -> None:
    out = houselights("timeline", "talk-1", slides, "--offset", "12.5").out
    assert "at 2026-05-04 19:30:12.500+00:00: position 0:00" in out
    assert stage_of(store).cues == (a_cue(12.5, 0),)
    assert stage_of(store).timelines[0].segments[-1].end_s == 287.5
    houselights("timeline", "talk-1", "--offset", "-600")
    assert stage_of(store).cues == (a_cue(0, 600),)
    houselights("timeline", "talk-1", "--starts-at", after(3).isoformat())
    assert stage_of(store).cues == (a_cue(3, 0),)
    assert len(stage_of(store).timelines) == 1


def test_pauses_and_restarts_are_added_to_what_is_known(houselights: Houselights, store: Store) -> None:
    houselights("timeline", "talk-1", "--pause", "1:00+0:30")
    assert stage_of(store).cues == (a_cue(0, 0), a_cue(60, 60), a_cue(90, 60))
    houselights("timeline", "talk-1", "--offset", "10", "--pause", "1:00+30", "--pause", "2:00+10", "--restart", "90")
    known = [(cue.at, cue.timeline_s) for cue in stage_of(store).cues]
    assert known == [
        (after(at_s), timeline_s)
        for at_s, timeline_s in [(10, 0), (70, 60), (100, 60), (130, 90), (130, 0), (250, 120), (260, 120)]
    ]


def test_an_open_end_is_that_of_the_recording_where_the_session_has_none(
    houselights: Houselights, store: Store, slides: Path
) -> None:
    store.put_session(a_session("talk-1"))
    store.put_windows([a_window(0, of=5)], progress=a_progress(done_s=200, finished=True))
    houselights("timeline", "talk-1", slides)
    assert stage_of(store).timelines[0].segments[-1].end_s == 200


def test_without_a_file_or_a_change_it_lists_what_there_is(houselights: Houselights, store: Store) -> None:
    store.put_stage("talk-1", a_stage(timelines=[a_timeline(("A", 0, 5))], cues=[a_cue(2, 0)]))
    assert houselights("timeline", "talk-1").out.splitlines() == [
        "Session talk-1, stage main:",
        "  slides: 1 segment, 0:00 to 0:05",
        "  at 2026-05-04 19:30:02.000+00:00: position 0:00",
    ]


def test_a_timeline_may_be_there_before_anybody_was_recorded(
    houselights: Houselights, store: Store, slides: Path
) -> None:
    store.put_session(a_session("tonight"))
    houselights("timeline", "tonight", slides)
    assert stage_of(store, "tonight").stage_id == "main"


def test_of_several_stages_one_must_be_named(houselights: Houselights, store: Store, slides: Path) -> None:
    store.put_stage("talk-1", a_stage("tent"))
    assert (
        "has several stages: give --stage with one of main, tent" in houselights("timeline", "talk-1", slides).complaint
    )
    assert "has no stage 'tnet'" in houselights("timeline", "talk-1", slides, "--stage", "tnet").complaint
    houselights("timeline", "talk-1", slides, "--stage", "tent")
    assert [len(stage.timelines) for stage in store.stages("talk-1")] == [0, 1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere"], "nowhere"),
        (["talk-1", "absent.csv"], "absent.csv cannot be read"),
        (["talk-1", "--scenes"], "give FILE"),
        (["talk-1", "--pause", "31:00"], "pause '31:00' has no length: write it as 31:00+10:00"),
        (["talk-1", "--pause", "soon+5"], "'soon' is not a time"),
        (["talk-1", "--offset", "-600", "--pause", "5:00+1:00"], "never reached 300 s"),
        (["talk-1", "--offset", "nan"], "offset nan s is out of range"),
        (["talk-1", "--offset", "5", "--starts-at", "2026-05-04T19:30:00Z"], "give one of --offset"),
        (["talk-1", "--align-reaction", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(
    houselights: Houselights, store: Store, words: list[str], says: str
) -> None:
    before = stage_of(store)
    assert says in houselights("timeline", *words).complaint
    assert stage_of(store) == before


def test_a_bad_file_changes_neither_timelines_nor_cues(houselights: Houselights, store: Store, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("A,0\nB,soon")
    assert (
        "bad.csv: line 2: 'soon'" in houselights("timeline", "talk-1", tmp_path / "bad.csv", "--offset", "5").complaint
    )
    assert stage_of(store).cues == ()


def test_an_unclear_file_is_refused_with_the_answers_and_read_with_one(
    houselights: Houselights, store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "sets.csv"
    file.write_text("First set,19:30:00\nSecond set,19:32:30\n")
    assert "--read-as clock" in houselights("timeline", "talk-1", file).complaint
    assert stage_of(store).timelines == ()
    assert "sets: 2 segments, 0:00 to 5:00" in houselights("timeline", "talk-1", file, "--read-as", "clock").out


def test_what_was_taken_as_likeliest_is_said(houselights: Houselights, tmp_path: Path) -> None:
    file = tmp_path / "film.edl"
    file.write_text("001 AX V C 00:00:00:00 00:00:10:12 01:00:00:00 01:00:10:12\n")
    ended = houselights("timeline", "talk-1", file)
    assert ended.code == 0
    assert "23.976" in ended.err
    assert "--read-as 25fps" in ended.err
    assert houselights("timeline", "talk-1", file, "--read-as", "25fps").err == ""


def test_scenes_of_a_film_are_found(houselights: Houselights, store: Store, tmp_path: Path) -> None:
    shades = [np.full((120, 160, 3), shade, dtype=np.uint8) for shade in (0, 200)]
    film = write_video(tmp_path / "film.mp4", at_ms=range(0, 8000, 100), picture=lambda number: shades[number >= 40])
    assert "scenes of film: 2 segments, 0:00 to 0:07" in houselights("timeline", "talk-1", film, "--scenes").out


def test_changes_by_others_while_a_film_is_read_are_kept(
    houselights: Houselights, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = a_timeline(("Theirs", 0, 9), title="slides")
    said = a_stage(title="Great hall", timelines=[theirs], cues=[a_cue(7, 0)], annotations=[an_annotation(5)])

    def meanwhile(*_: object, **__: object) -> Timeline:
        store.put_stage("talk-1", said)
        return a_timeline(("Scene 1", 0, 5), title="scenes of film")

    monkeypatch.setattr("timeline_files.scenes.find_scenes", meanwhile)
    assert houselights("timeline", "talk-1", tmp_path / "film.mp4", "--scenes").code == 0
    scenes = a_timeline(("Scene 1", 0, 5), title="scenes of film")
    assert stage_of(store) == replace(said, timelines=(theirs, scenes))


@pytest.fixture
def sounds(tmp_path: Path) -> tuple[Path, Path]:
    """The sound of an audience's recording in which a talk begins after 12.5 s, and that of the talk."""
    random = np.random.default_rng(2)
    talk = speech(random, 60)
    audience = heard_in_a_room(random, recorded(talk, 12.5, 60), noise=0.5)
    return tuple(
        write_sound(tmp_path / name, np.repeat(samples, RATE // 8000) / 4)
        for name, samples in (("audience.wav", audience), ("talk.wav", talk))
    )  # type: ignore[return-value]


def test_the_start_is_found_from_sound_and_used_when_the_user_agrees(
    houselights: Houselights, store: Store, sounds: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.confirm", lambda text: False)
    ended = houselights("timeline", "talk-1", "--align-audio", *sounds)
    assert ended.code == 1
    assert "It began 12.5" in ended.out
    assert "Nothing was changed." in ended.out
    assert stage_of(store).cues == ()
    ended = houselights("timeline", "talk-1", "--align-audio", *sounds, "--yes")
    assert ended.code == 0
    (cue,) = stage_of(store).cues
    assert begun_at(cue) == pytest.approx(12.5, abs=0.1)


def test_the_recording_is_taken_to_begin_when_it_was_scored_to_have(
    houselights: Houselights, store: Store, sounds: tuple[Path, Path]
) -> None:
    for camera_id, late_s in (("cam-1", 0), ("cam-2", 100)):
        progress = a_progress(camera_id=camera_id)
        store.put_windows([], progress=replace(progress, started_ms=after_ms(late_s)))
    ended = houselights("timeline", "talk-1", "--align-audio", *sounds, "--yes")
    assert "cam-1, cam-2 began at different times: choose one with --camera" in ended.complaint
    houselights("timeline", "talk-1", "--align-audio", *sounds, "--yes", "--camera", "cam-2")
    assert begun_at(stage_of(store).cues[0]) == pytest.approx(112.5, abs=0.1)


def test_without_a_sure_alignment_nothing_is_changed_even_with_yes(
    houselights: Houselights, store: Store, sounds: tuple[Path, Path], tmp_path: Path
) -> None:
    other = write_sound(tmp_path / "other.wav", np.repeat(speech(np.random.default_rng(9), 60), 2) / 4)
    ended = houselights("timeline", "talk-1", "--align-audio", sounds[0], other, "--yes")
    assert ended.code == 1
    assert "Cannot tell when it began" in ended.out
    assert stage_of(store).cues == ()


def test_the_start_is_found_from_another_audience(houselights: Houselights, store: Store) -> None:
    ours, theirs = two_audiences(1, 900, laughs=12)
    store.put_session(a_session("premiere"))
    store.put_stage("premiere", a_stage("hall", timelines=[a_timeline(("All", 0, 900))], cues=[a_cue(20, 0)]))
    for session_id, stage_id, share, late_s in (("talk-1", "main", ours, 45), ("premiere", "hall", theirs, 20)):
        store.put_windows(
            [
                a_window(second + late_s, smiling=round(of * 30), of=30, session_id=session_id, stage_id=stage_id)
                for second, of in enumerate(share)
            ]
        )
    ended = houselights("timeline", "talk-1", "--align-reaction", "premiere", "--yes")
    assert ended.code == 0, ended
    assert begun_at(stage_of(store).cues[0]) == pytest.approx(45, abs=1)


def test_another_session_without_a_timeline_cannot_be_aligned_with(houselights: Houselights, store: Store) -> None:
    store.put_session(a_session("premiere"))
    store.put_stage("premiere", a_stage())
    assert "'premiere' has no timeline" in houselights("timeline", "talk-1", "--align-reaction", "premiere").complaint


def test_it_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["timeline", "--help"]) == 0
    assert "title,start[,end]" in capsys.readouterr().out


def test_slides_are_found_in_the_talk_and_what_is_not_certain_is_listed(
    houselights: Houselights, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "bridges.pdf").write_bytes(DECK)
    talk = recording(tmp_path, (0, 0), (None, 8), (3, 20))
    ended = houselights("timeline", "talk-1", tmp_path / "bridges.pdf", "--match", talk)
    assert ended.code == 0
    assert "Not seen: slide 5, Questions and thanks" in ended.out
    assert "Not certain: Loads that nobody plans for" in ended.out
    assert "draft" in ended.out
    (timeline,) = stage_of(store).timelines
    assert (timeline.title, timeline.segments[0].title) == ("bridges", "Why bridges hum")
    assert [segment.guessed for segment in timeline.segments] == [False, True, True, True]
    assert {segment.picture for segment in timeline.segments} == store.slide_pictures("talk-1", "main").keys() - {""}


def test_a_report_shows_the_slides_of_a_deck_in_pdf_until_its_timeline_is_removed(
    houselights: Houselights, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "bridges.pdf").write_bytes(DECK)
    report = ("report", "talk-1", "--to", tmp_path / "talk.html")
    assert houselights("timeline", "talk-1", tmp_path / "bridges.pdf").code == 0
    (timeline,) = stage_of(store).timelines
    pictures = store.slide_pictures("talk-1", "main")
    assert {segment.picture for segment in timeline.segments} == pictures.keys()
    assert len(pictures) == 5
    assert houselights(*report).code == 0
    cover = b64encode(pictures[timeline.segments[0].picture]).decode()
    assert cover in (tmp_path / "talk.html").read_text(encoding="utf-8")
    assert houselights("timeline", "talk-1", "--remove", "bridges").code == 0
    assert store.slide_pictures("talk-1", "main") == {}
    assert houselights(*report).code == 0
    assert cover not in (tmp_path / "talk.html").read_text(encoding="utf-8")


def test_a_file_that_is_no_deck_cannot_be_found_and_changes_nothing(
    houselights: Houselights, store: Store, slides: Path, tmp_path: Path
) -> None:
    ended = houselights("timeline", "talk-1", slides, "--match", tmp_path / "talk.mp4")
    assert ended.code == 2
    assert "slides.csv" in ended.err
    assert stage_of(store).timelines == ()


def test_a_transcript_is_stored_beside_the_timelines_and_removed(
    houselights: Houselights, store: Store, slides: Path, tmp_path: Path
) -> None:
    captions = tmp_path / "talk.vtt"
    captions.write_text("WEBVTT\n\n00:01.000 --> 00:04.000\nWelcome.\n\n00:04.000 --> 00:09.000\nThis is it.\n")
    ended = houselights("timeline", "talk-1", slides, "--transcript", captions)
    assert (ended.code, ended.err) == (0, "")
    assert "transcript talk: 2 lines, until 0:09" in ended.out
    assert [line.text for line in store.transcript("talk-1", "main").lines] == ["Welcome.", "This is it."]
    assert len(stage_of(store).timelines) == 1
    assert houselights("timeline", "talk-1", "--remove-transcript").code == 0
    assert store.transcript("talk-1", "main") is None
    assert len(stage_of(store).timelines) == 1
    assert houselights("timeline", "talk-1", "--remove-transcript").code == 2
