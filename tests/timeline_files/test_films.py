"""Films: the chapters they hold, and scene detection."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from audience.errors import InvalidValue, RecordingUnreadable
from edge_lambda.detectors import Image
from tests.videos import cut, write_video
from timeline_files.reading import read_timeline_file
from timeline_files.scenes import find_scenes

CUTS_S = (3.0, 5.5, 9.0)


def shot(number: int) -> Image:
    """The picture at a tenth of a second: each shot has its own colours and a moving bar."""
    at_s = number / 10
    rng = np.random.default_rng(sum(at_s >= cut_s for cut_s in CUTS_S))
    image = np.kron(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8), np.ones((20, 20, 1), dtype=np.uint8))
    image[:, number % 160] = 255
    return image


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    return write_video(path, at_ms=[number * 100 for number in range(120)], picture=shot)


def with_chapters(path: Path, *chapters: tuple[str, int, int]) -> Path:
    """A film of one black picture and ten seconds, with chapters (title, start, end in milliseconds)."""
    with av.open(str(path), "w") as output:
        output.set_chapters(
            [
                {
                    "id": number,
                    "start": start,
                    "end": end,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": title} if title else {},
                }
                for number, (title, start, end) in enumerate(chapters)
            ]
        )
        stream = output.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(10):
            output.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("ending", "title"), [("mkv", "Demo"), ("mp4", "Demo"), ("mkv", "")])
def test_the_chapters_of_a_film_are_a_timeline(tmp_path: Path, ending: str, title: str) -> None:
    film = with_chapters(tmp_path / f"film.{ending}", ("Opening", 0, 2500), (title, 2500, 6000), ("End", 6000, 10_000))
    timeline = read_timeline_file(film)
    assert timeline.title == "film"
    assert [(part.title, part.start_s, part.end_s) for part in timeline.segments] == [
        ("Opening", 0, 2.5),
        (title or "Chapter 2", 2.5, 6),
        ("End", 6, 10),
    ]


def test_a_film_without_chapters_says_so(film: Path) -> None:
    with pytest.raises(InvalidValue, match=r"film\.mp4: .*--scenes"):
        read_timeline_file(film)


def test_scenes_begin_where_the_picture_cuts(film: Path) -> None:
    positions: list[tuple[float, float | None]] = []
    timeline = find_scenes(film, on_position=lambda at_s, length_s: positions.append((at_s, length_s)))
    assert timeline.title == "scenes of film"
    assert [part.title for part in timeline.segments] == ["Scene 1", "Scene 2", "Scene 3", "Scene 4"]
    assert [part.start_s for part in timeline.segments] == pytest.approx([0, *CUTS_S], abs=1e-3)
    assert timeline.segments[-1].end_s == pytest.approx(11.9, abs=0.15)
    assert positions[0] == (0, pytest.approx(12, abs=0.2))
    assert positions == sorted(positions)


def test_no_scene_is_shorter_than_asked_for(film: Path) -> None:
    starts = [part.start_s for part in find_scenes(film, shortest_s=3.0).segments]
    assert starts == pytest.approx([0, 3, 9], abs=1e-3)


def test_a_damaged_film_gives_its_visible_scenes(film: Path, tmp_path: Path) -> None:
    broken = bytearray(film.read_bytes())
    broken[len(broken) // 2 : len(broken) // 2 + 500] = bytes(500)
    (tmp_path / "broken.mp4").write_bytes(bytes(broken))
    assert len(find_scenes(tmp_path / "broken.mp4").segments) >= 2


@pytest.mark.parametrize("read", [find_scenes, read_timeline_file])
def test_a_file_that_is_not_a_film_is_refused_in_one_line(film: Path, tmp_path: Path, read) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "text.mp4").write_text("not a film")
    for path in (tmp_path / "text.mp4", tmp_path / "absent.mp4", tmp_path, cut(film, 0.2, tmp_path / "cut.mp4")):
        with pytest.raises((RecordingUnreadable, InvalidValue)) as refused:
            read(path)
        assert "\n" not in str(refused.value)


def test_a_film_without_a_picture_has_no_scenes(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "sound.wav"), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), dtype=np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(RecordingUnreadable, match="holds no picture"):
        find_scenes(tmp_path / "sound.wav")
