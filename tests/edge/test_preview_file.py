"""The preview as a browser would play it, and as nothing at all where it was given up."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from audience.errors import ExportFailed
from edge_lambda.preview.file import PreviewFile
from tests.videos import every_picture, numbered, quadrants


def boxes(path: Path) -> list[bytes]:
    """The names of an MP4 file's outermost boxes, in order."""
    content, names, place = path.read_bytes(), [], 0
    while place < len(content):
        names.append(content[place + 4 : place + 8])
        place += int.from_bytes(content[place : place + 4], "big")
    return names


def test_pictures_come_at_their_true_times(tmp_path: Path) -> None:
    at_s = [0.0, 1.0, 2.04, 5.0, 5.033, 9.5]
    with PreviewFile(tmp_path / "preview.mp4") as preview:
        for number, at in enumerate(at_s):
            preview.add(at, numbered(number))
    assert every_picture(tmp_path / "preview.mp4") == [(at, number) for number, at in enumerate(at_s)]


def test_the_first_picture_keeps_its_time_too(tmp_path: Path) -> None:
    with PreviewFile(tmp_path / "preview.mp4") as preview:
        preview.add(3.0, numbered(1))
        preview.add(4.0, numbered(2))
    with av.open(str(tmp_path / "preview.mp4")) as played:
        assert [frame.time for frame in played.decode(video=0)] == [3.0, 4.0]


def test_it_is_what_every_browser_plays(tmp_path: Path) -> None:
    with PreviewFile(tmp_path / "preview.mp4") as preview:
        for second in range(30):
            preview.add(float(second), numbered(second, 1921, 1081))
    names = boxes(tmp_path / "preview.mp4")
    assert names.index(b"moov") < names.index(b"mdat")  # plays before it is loaded whole
    with av.open(str(tmp_path / "preview.mp4")) as played:
        stream = played.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.codec_context.width, stream.codec_context.height) == (1280, 720)
        assert stream.duration is not None
        assert stream.time_base is not None
        assert float(stream.duration * stream.time_base) == pytest.approx(30.0, abs=0.1)
        keys = [packet.is_keyframe for packet in played.demux(stream)]
        assert sum(keys) >= 3


def test_a_picture_of_another_shape_keeps_its_own(tmp_path: Path) -> None:
    with PreviewFile(tmp_path / "preview.mp4") as preview:
        preview.add(0.0, np.full((240, 320, 3), 200, np.uint8))
        preview.add(1.0, np.full((320, 240, 3), 200, np.uint8))
    with av.open(str(tmp_path / "preview.mp4")) as played:
        _, turned = (frame.to_ndarray(format="gray") for frame in played.decode(video=0))
    across, down = (turned.max(axis=0) > 100).sum(), (turned.max(axis=1) > 100).sum()
    assert across / down == pytest.approx(240 / 320, abs=0.05)


def test_colours_come_out_as_they_went_in(tmp_path: Path) -> None:
    with PreviewFile(tmp_path / "preview.mp4") as preview:
        preview.add(0.0, quadrants(320, 240))
    with av.open(str(tmp_path / "preview.mp4")) as played:
        frame = next(played.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (1, 1)
        image = frame.to_ndarray(format="bgr24").astype(int)
    expected = quadrants(320, 240).astype(int)
    for y, x in ((60, 80), (60, 240), (180, 80), (180, 240)):
        assert np.abs(image[y, x] - expected[y, x]).max() < 12


@pytest.mark.parametrize(("size", "written"), [((161, 91), (160, 92)), ((1, 1), (2, 2)), ((3000, 100), (1280, 42))])
def test_any_size_becomes_even_and_small_enough(
    tmp_path: Path, size: tuple[int, int], written: tuple[int, int]
) -> None:
    with PreviewFile(tmp_path / "preview.mp4") as preview:
        preview.add(0.0, np.full((size[1], size[0], 3), 90, np.uint8))
    with av.open(str(tmp_path / "preview.mp4")) as played:
        frame = next(played.decode(video=0))
        assert (frame.width, frame.height) == written


def test_a_camera_that_changes_its_size_does_not_end_the_preview(tmp_path: Path) -> None:
    with PreviewFile(tmp_path / "preview.mp4") as preview:
        preview.add(0.0, numbered(1, 320, 240))
        preview.add(1.0, numbered(2, 640, 480))
    assert [number for _, number in every_picture(tmp_path / "preview.mp4")] == [1, 2]


def test_until_it_is_finished_the_old_preview_stays(tmp_path: Path) -> None:
    target = tmp_path / "preview.mp4"
    target.write_bytes(b"yesterday's")
    with PreviewFile(target) as preview:
        preview.add(0.0, numbered(1))
        assert target.read_bytes() == b"yesterday's"
    assert every_picture(target) == [(0.0, 1)]
    assert list(tmp_path.iterdir()) == [target]


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("pictures", [0, 1, 40])
def test_a_preview_given_up_leaves_nothing_behind(tmp_path: Path, pictures: int) -> None:
    def interrupted() -> None:
        with PreviewFile(tmp_path / "preview.mp4") as preview:
            for number in range(pictures):
                preview.add(float(number), numbered(number))
            raise Interrupted

    with pytest.raises(Interrupted):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_preview_without_a_picture_is_no_file(tmp_path: Path) -> None:
    with PreviewFile(tmp_path / "preview.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_faces_in_a_preview_are_readable_by_its_owner_alone(tmp_path: Path) -> None:
    with PreviewFile(tmp_path / "preview.mp4") as preview:
        preview.add(0.0, numbered(1))
    assert (tmp_path / "preview.mp4").stat().st_mode & 0o077 == 0


def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match="choose another folder"):
        PreviewFile(tmp_path / "missing" / "preview.mp4")
    with pytest.raises(ExportFailed, match="is a folder"):
        PreviewFile(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_a_clear_error_and_leaves_nothing_behind(tmp_path: Path) -> None:
    preview = PreviewFile(tmp_path / "preview.mp4")
    [part] = tmp_path.iterdir()
    part.unlink()
    part.symlink_to("/dev/full")
    noise = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), dtype=np.uint8)

    def fill() -> None:
        for number in range(40):
            preview.add(float(number), noise)
        preview.close()

    with pytest.raises(ExportFailed, match="free some disk space"):
        fill()
    assert list(tmp_path.iterdir()) == []
