"""Highlights: clips show the seconds they were cut for, with sound beside the picture, and never an audience."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from audience.errors import InvalidValue
from audience.recording_files import fingerprint
from audience.store import Store
from houselights.highlights.clips import Caption, Clip, CutClip
from houselights.highlights.cutting import CutFile, cut_file
from tests.builders import a_progress, a_scorer, a_session, a_stage, a_timeline, a_window, after
from tests.houselights.conftest import Houselights
from tests.portraits import people_video
from tests.talks import CLICK_EVERY_S, FPS, captions_of, clicks_of, pictures_of, write_talk
from tests.videos import write_video

# Pictures are reordered, the middle ones serving others: "bf" alone would place none in flat pictures.
REORDERED = {"preset": "medium", "bf": "3", "x264-params": "b-adapt=0:b-pyramid=normal:scenecut=0"}
OPEN = {**REORDERED, "x264-params": "b-adapt=0:open-gop=1:scenecut=0"}
KEY_S = 4.0


def a_clip(number: int, start_s: float, end_s: float) -> Clip:
    text = f"Slide {number} · 12:3{number}\n37 % (31 to 44 %) of 48 faces smiled"
    return Clip(
        numbers=(number,),
        start_s=start_s,
        end_s=end_s,
        captions=(Caption(at_s=(start_s + end_s) / 2, from_s=start_s, until_s=end_s, text=text),),
    )


THREE = (a_clip(1, 9.3, 16.05), a_clip(2, 30.55, 33.5), a_clip(3, 49.0, 56.2))


def check_clips_show_their_seconds(cut: CutFile, *, every: float = 1 / FPS) -> None:
    """Each picture is that of its second, and no second of a clip is without one."""
    shown = pictures_of(cut.path)
    for one in cut.clips:
        length_s = one.end_s - one.start_s
        inside = [(at, number) for at, number in shown if one.at_s - 0.01 <= at < one.at_s + length_s - 0.01]
        assert len(inside) >= (length_s - every) / (2 * every), one
        for at, number in inside:
            assert number / FPS == pytest.approx(one.start_s + at - one.at_s, abs=0.06), one
        steps = np.diff([at for at, _ in inside])
        assert steps.min() > 0
        assert steps.max() < 3.5 * every


def check_clicks_are_heard_at_their_pictures(cut: CutFile) -> None:
    expected = [
        one.at_s + second - one.start_s
        for one in cut.clips
        for second in range(0, 60, CLICK_EVERY_S)
        if second and one.start_s + 0.1 <= second < one.end_s - 0.1
    ]
    assert clicks_of(cut.path) == pytest.approx(expected, abs=0.05)


def check_starts_and_ends(cuts: Sequence[CutClip], *, early_s: float) -> None:
    for one in cuts:
        assert one.clip.start_s - early_s <= one.start_s <= one.clip.start_s + 0.01
        assert one.clip.end_s - 0.1 <= one.end_s <= one.clip.end_s + 0.6


@pytest.mark.parametrize(
    ("name", "written", "options"),
    [
        ("talk.mp4", "reel.mp4", {"options": REORDERED}),
        ("talk.mp4", "reel.mkv", {"options": OPEN}),
        ("talk.mov", "reel.mov", {}),
        ("talk.mkv", "reel.mp4", {"uneven": True, "options": REORDERED}),
        ("talk.ts", "reel.mp4", {"options": REORDERED}),
        ("talk.webm", "reel.webm", {"codec": "libvpx-vp9", "sound": "libopus"}),
        (
            "talk.mp4",
            "reel.mp4",
            {"codec": "libx265", "options": {"x265-params": "log-level=none:bframes=3:open-gop=1"}},
        ),
        ("talk.mp4", "reel.mp4", {"sound": None}),
        ("talk.mp4", "reel.mp4", {"options": REORDERED, "rotation": 90}),
    ],
    ids=["B-frames", "open groups", "MOV", "uneven", "TS", "WebM", "HEVC", "silent", "turned"],
)
def test_clips_are_copied_and_show_their_seconds(
    tmp_path: Path, name: str, written: str, options: dict[str, Any]
) -> None:
    talk = write_talk(tmp_path / name, 60, **options)
    cut = cut_file(talk, THREE, tmp_path / written)
    assert cut.encoded_because == ""
    check_starts_and_ends(cut.clips, early_s=KEY_S + 0.1)
    if options.get("rotation"):
        with av.open(str(cut.path)) as container:
            assert next(container.decode(video=0)).rotation == options["rotation"]
    check_clips_show_their_seconds(cut)
    if options.get("sound", "aac"):
        check_clicks_are_heard_at_their_pictures(cut)
    said = captions_of(cut.path)
    assert [text for _, _, text in said] == [one.clip.captions[0].text for one in cut.clips]
    assert [begin for begin, _, _ in said] == pytest.approx([one.at_s for one in cut.clips], abs=0.01)


@pytest.mark.parametrize(
    ("name", "options", "because"),
    [
        ("screen.mp4", {"key_every": 10_000, "options": {"x264-params": "scenecut=0"}}, "key frames"),
        ("talk.avi", {"codec": "mpeg4", "sound": "pcm_s16le"}, "when its pictures are shown"),
    ],
    ids=["one key frame", "AVI"],
)
def test_what_cannot_be_copied_is_encoded_anew_from_the_very_second_on(
    tmp_path: Path, name: str, options: dict[str, Any], because: str
) -> None:
    talk = write_talk(tmp_path / name, 60, **options)
    cut = cut_file(talk, THREE, tmp_path / "reel.mp4")
    assert because in cut.encoded_because
    check_starts_and_ends(cut.clips, early_s=0.06)
    check_clips_show_their_seconds(cut)
    check_clicks_are_heard_at_their_pictures(cut)
    assert len(captions_of(cut.path)) == 3


def test_what_the_kind_of_file_cannot_hold_is_encoded_anew(tmp_path: Path) -> None:
    talk = write_talk(tmp_path / "talk.mp4", 20)
    cut = cut_file(talk, (a_clip(1, 3.2, 8.1),), tmp_path / "reel.webm")
    assert cut.encoded_because
    check_clips_show_their_seconds(cut)


def test_burnt_captions_are_in_the_picture_and_in_no_track(tmp_path: Path) -> None:
    plain = write_video(
        tmp_path / "talk.mp4",
        at_ms=range(0, 20_000, 100),
        size=(320, 180),
        picture=lambda _: np.full((180, 320, 3), 90, np.uint8),
    )
    cut = cut_file(plain, (a_clip(1, 5.0, 9.0),), tmp_path / "reel.mp4", burn=True)
    with av.open(str(cut.path)) as container:
        assert not container.streams.subtitles
        image = next(container.decode(video=0)).to_ndarray(format="gray")
    assert image[:90].max() < 130
    assert image[120:].max() > 200
    assert image[120:].min() < 60


def test_the_file_is_its_owners_and_a_failure_leaves_the_old_one(tmp_path: Path) -> None:
    talk = write_talk(tmp_path / "talk.mp4", 20)
    target = tmp_path / "reel.mp4"
    target.write_bytes(b"before")
    with pytest.raises(InvalidValue, match="the recording itself"):
        cut_file(talk, (a_clip(1, 3, 8),), talk)
    with pytest.raises(InvalidValue, match=r"reel\.gif"):
        cut_file(talk, (a_clip(1, 3, 8),), tmp_path / "reel.gif")
    assert target.read_bytes() == b"before"
    cut_file(talk, (a_clip(1, 3, 8),), target)
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reel.mp4", "talk.mp4"]


LENGTH_S = 400
PEAK_S = 200
SLIDES = (("Why bridges hum", 0.0, 150.0), ("The laugh", 150.0, 250.0), ("Thank you", 250.0, 400.0))


@pytest.fixture
def talk(store: Store) -> None:
    """Forty faces of which ten smile, and thirty for ten seconds after the 200th; the hall empties after 300 s."""
    store.put_session(a_session("talk-1", title="Bridges", ended_at=after(LENGTH_S)))
    store.put_stage("talk-1", a_stage(timelines=[a_timeline(*SLIDES)]))
    store.put_scorer(a_scorer())
    store.put_windows(
        [
            a_window(at, smiling=30 if PEAK_S <= at < PEAK_S + 10 else 8 + at % 5, of=40)
            if at < 250
            else a_window(at, smiling=1, of=3)
            for at in range(LENGTH_S)
        ]
    )


@pytest.mark.usefixtures("talk")
def test_the_command_cuts_the_moment_of_the_session_with_its_slide_and_share(
    houselights: Houselights, tmp_path: Path
) -> None:
    # It began 150 s after the session: second 200 of the session is its second 50.
    video = write_talk(tmp_path / "talk.mp4", 100)
    reel, clips = tmp_path / "reel.mp4", tmp_path / "clips"
    words = ("highlights", "talk-1", "--video", video, "--shows", "speaker", "--offset", 150)
    ended = houselights(*words, "--to", reel, "--clips", clips, "--peaks", "--before", 8, "--after", 4)
    assert ended.code == 0, ended.err
    assert str(reel) in ended.out
    numbers = [number for _, number in pictures_of(reel)]
    assert min(numbers) / FPS <= 50 <= max(numbers) / FPS
    assert len(numbers) / FPS < 8 + 10 + 4 + KEY_S + 1
    ((_, _, text),) = captions_of(reel)
    assert "The laugh" in text
    assert "40 faces smiled" in text
    assert [path.name for path in clips.iterdir()] == ["moment-1.mp4"]
    late = houselights(*words[:-1], 350, "--to", tmp_path / "late.mp4")
    assert "ran at none of the moments" in late.complaint
    assert not (tmp_path / "late.mp4").exists()


@pytest.mark.usefixtures("talk")
def test_when_it_began_is_read_from_its_file_or_asked_for(houselights: Houselights, tmp_path: Path) -> None:
    stamped = write_video(
        tmp_path / "stamped.mp4", at_ms=range(0, 100_000, 500), created_at=after(150).isoformat(), key_every=4
    )
    words = ("highlights", "talk-1", "--shows", "screen", "--video")
    assert houselights(*words, stamped, "--to", tmp_path / "reel.mp4").code == 0
    plain = write_video(tmp_path / "plain.mp4", at_ms=range(0, 20_000, 500))
    assert "--offset" in houselights(*words, plain).complaint
    assert "--shows" in houselights("highlights", "talk-1", "--video", plain).err


@pytest.mark.usefixtures("talk")
def test_a_recording_of_the_audience_is_refused(houselights: Houselights, store: Store, tmp_path: Path) -> None:
    words = ("highlights", "talk-1", "--shows", "speaker", "--offset", 198, "--to", tmp_path / "reel.mp4", "--video")
    crowd = people_video(tmp_path / "hall.mp4", [6] * 8)
    assert "6 faces" in houselights(*words, crowd).complaint
    assert not (tmp_path / "reel.mp4").exists()
    speaker = people_video(tmp_path / "speaker.mp4", [1] * 8)
    assert houselights(*words, speaker).code == 0
    assert houselights(*words, crowd, "--faces-allowed").code == 0
    with speaker.open("rb") as file:
        store.put_windows([a_window(0, of=5)], progress=replace(a_progress(), fingerprint=fingerprint(file)))
    assert "was scored" in houselights(*words, speaker, "--faces-allowed").complaint


@pytest.mark.usefixtures("talk")
def test_slides_stand_in_the_order_of_their_shares_and_few_faces_have_none(
    houselights: Houselights, tmp_path: Path
) -> None:
    colours = {0: (200, 40, 40), 150: (40, 200, 40), 250: (40, 40, 200)}  # BGR, by the second from which it is shown

    def picture(number: int) -> Any:
        colour = colours[max(second for second in colours if second <= number)]
        return np.full((120, 160, 3), colour, np.uint8)

    video = write_video(tmp_path / "screen.mp4", at_ms=range(0, 400_000, 1000), key_every=60, picture=picture, fps=1)
    sheet = tmp_path / "slides.png"
    ended = houselights("highlights", "talk-1", "--video", video, "--shows", "screen", "--offset", 0, "--slides", sheet)
    assert ended.code == 0, ended.err
    image = np.asarray(Image.open(io.BytesIO(sheet.read_bytes())))
    places = [image[120 + 112, 48 + number * 424 + 200] for number in range(3)]
    assert [int(np.argmax(place)) for place in places] == [1, 2, 0]  # green, blue (BGR 200 is first), red
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix) == ["screen.mp4", "slides.png"]
