"""Recordings are found by their content, in the operator's places only, and served in parts."""

from __future__ import annotations

import http.client
import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import av
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audience.recording_files import fingerprint
from dashboard.recording_route import recording_routes
from dashboard.recordings import NoVideo, RecordingLibrary, Video, browser_copy, library, video_of
from edge_lambda.recording import open_recording
from houselights.browser_copy import make_browser_copy
from tests.builders import BEGAN_MS, a_progress, a_session
from tests.examples import examples
from tests.routes_server import Answer, serving
from tests.ticking import limit_s, ticking
from tests.videos import number_of, numbered, write_video

MP4_HEAD = b"\x00\x00\x00\x18ftypisom"
CONTENT = MP4_HEAD + bytes(range(256)) * 400


def marked(path: Path) -> str:
    with path.open("rb") as file:
        return fingerprint(file)


def a_recording(path: Path, content: bytes = CONTENT) -> str:
    """Writes a recording; returns its fingerprint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return marked(path)


@pytest.fixture
def videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder the operator named; empty at first."""
    folder = tmp_path / "videos"
    folder.mkdir()
    monkeypatch.setenv("HOUSELIGHTS_VIDEOS", str(folder))
    return folder


def test_a_recording_is_found_by_its_content_whatever_it_is_called(videos: Path) -> None:
    known = a_recording(videos / "before.mp4")
    (videos / "2026").mkdir()
    (videos / "before.mp4").rename(videos / "2026" / "Talk (final).MP4")
    found = RecordingLibrary([videos]).find(known)
    assert found is not None
    assert found.path == videos.resolve() / "2026" / "Talk (final).MP4"
    assert found.media_type == "video/mp4"


def test_a_recording_that_is_moved_while_the_pages_run_is_found_again(videos: Path) -> None:
    known = a_recording(videos / "a.mp4")
    shelf = RecordingLibrary([videos])
    assert shelf.find(known) is not None
    (videos / "a.mp4").rename(videos / "b.mp4")
    assert shelf.held(known) is None
    found = shelf.find(known)
    assert found is not None
    assert found.path.name == "b.mp4"


def test_a_recording_that_was_changed_is_not_taken_for_itself(videos: Path) -> None:
    known = a_recording(videos / "a.mp4")
    shelf = RecordingLibrary([videos])
    assert shelf.find(known) is not None
    a_recording(videos / "a.mp4", CONTENT + b"more")
    assert shelf.held(known) is None
    assert shelf.find(known) is None


def test_a_single_file_can_be_named_without_its_neighbours(videos: Path) -> None:
    one, other = a_recording(videos / "one.mp4"), a_recording(videos / "other.mp4", CONTENT * 2)
    shelf = RecordingLibrary([videos / "one.mp4"])
    assert shelf.find(one) is not None
    assert shelf.find(other) is None


@pytest.mark.parametrize("at", ["link.mp4", "folder/a.mp4"])
def test_a_link_leads_nowhere(videos: Path, tmp_path: Path, at: str) -> None:
    known = a_recording(tmp_path / "elsewhere" / "a.mp4")
    if at == "link.mp4":
        (videos / at).symlink_to(tmp_path / "elsewhere" / "a.mp4")
    else:
        (videos / "folder").symlink_to(tmp_path / "elsewhere")
    assert RecordingLibrary([videos]).find(known) is None


def test_a_folder_replaced_by_a_link_to_the_same_file_is_refused(videos: Path, tmp_path: Path) -> None:
    known = a_recording(videos / "folder" / "a.mp4")
    shelf = RecordingLibrary([videos])
    assert shelf.find(known) is not None
    (videos / "folder").rename(tmp_path / "elsewhere")
    (videos / "folder").symlink_to(tmp_path / "elsewhere")
    assert shelf.held(known) is None
    assert shelf.find(known) is None


def test_what_is_no_recording_by_its_name_is_not_even_read(videos: Path) -> None:
    known = a_recording(videos / "notes.txt")
    assert RecordingLibrary([videos]).find(known) is None


def test_files_are_fingerprinted_once(videos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        a_recording(videos / f"{number}.mp4", CONTENT + bytes([number]))
    read: list[str] = []

    def counted(file: BinaryIO) -> str:
        read.append(file.name)
        return fingerprint(file)

    monkeypatch.setattr("dashboard.recordings.fingerprint", counted)
    shelf = RecordingLibrary([videos])
    for _ in range(3):
        assert shelf.find("none of them") is None
    assert len(read) == 5


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (MP4_HEAD, "video/mp4"),
        (b"\x00\x00\x00\x14ftypqt  ", "video/mp4"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska", None),
        (b"RIFF\x00\x00\x00\x00AVI LIST", None),
        (b"<html><script>", None),
    ],
)
def test_the_kind_is_told_by_the_content_not_by_the_name(videos: Path, head: bytes, kind: str | None) -> None:
    known = a_recording(videos / "a.mp4", head + b"\0" * 100)
    found = RecordingLibrary([videos]).find(known)
    assert found is not None
    assert found.media_type == kind


def test_the_recording_of_a_stage_lies_on_the_sessions_axis(videos: Path) -> None:
    known = a_recording(videos / "a.mp4")
    progress = replace(a_progress(), fingerprint=known, started_ms=BEGAN_MS - 2500)
    assert video_of(a_session(), [progress]) == Video(
        url=f"/recordings/{known}", starts_s=-2.5, length_s=10, convert=f"houselights convert {videos / 'a.mp4'}"
    )


def test_of_several_cameras_the_first_whose_recording_can_be_shown_is_shown(videos: Path) -> None:
    unplayable, known = a_recording(videos / "a.avi", b"RIFF...."), a_recording(videos / "b.mp4")
    cameras = [replace(a_progress(), fingerprint=print_) for print_ in ("lost", unplayable, known)]
    assert video_of(a_session(), cameras) == Video(
        url=f"/recordings/{known}", starts_s=0, length_s=10, convert=f"houselights convert {videos / 'b.mp4'}"
    )


def test_where_there_is_no_recording_to_show_one_line_says_why(videos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert video_of(a_session(), []) == NoVideo(reason="No recording was scored on this stage.")
    lost = video_of(a_session(), [a_progress()])
    assert isinstance(lost, NoVideo)
    assert "not, or no longer, in the folders" in lost.reason
    strange = replace(a_progress(), fingerprint=a_recording(videos / "a.avi", b"RIFF...."))
    unplayable = video_of(a_session(), [strange])
    assert isinstance(unplayable, NoVideo)
    assert "MP4 (H.264) and WebM" in unplayable.reason
    monkeypatch.delenv("HOUSELIGHTS_VIDEOS")
    unnamed = video_of(a_session(), [a_progress()])
    assert isinstance(unnamed, NoVideo)
    assert "houselights dashboard --videos DIR" in unnamed.reason


# Over real HTTP.


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """A server with nothing but the routes."""
    with serving(recording_routes(["127.0.0.1", "localhost"])) as address:
        yield address


@pytest.fixture
def recording(videos: Path) -> str:
    """The address of a recording that a page has found."""
    known = a_recording(videos / "a.mp4")
    assert library().find(known) is not None
    return f"/recordings/{known}"


def test_a_recording_is_served_whole_where_no_part_is_asked_for(address: tuple[str, int], recording: str) -> None:
    answer = Answer(address, recording)
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Content-Encoding" not in answer.headers


def test_the_head_says_as_much_without_the_content(address: tuple[str, int], recording: str) -> None:
    answer = Answer(address, recording, "HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert answer.headers["Accept-Ranges"] == "bytes"


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.integers(0, len(CONTENT) - 1), length=st.integers(1, len(CONTENT)))
def test_any_part_is_served_as_it_is(address: tuple[str, int], recording: str, first: int, length: int) -> None:
    last = first + length - 1
    answer = Answer(address, recording, Range=f"bytes={first}-{last}")
    assert answer.status == 206
    assert answer.body == CONTENT[first : last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{min(last, len(CONTENT) - 1)}/{len(CONTENT)}"
    assert answer.headers["Content-Length"] == str(len(answer.body))


def test_the_end_can_be_asked_for(address: tuple[str, int], recording: str) -> None:
    assert Answer(address, recording, Range="bytes=-7").body == CONTENT[-7:]
    assert Answer(address, recording, Range=f"bytes={len(CONTENT) - 3}-").body == CONTENT[-3:]


@pytest.mark.parametrize("part", [f"bytes={len(CONTENT)}-", "bytes=-0", f"bytes={10 * len(CONTENT)}-99999999999999"])
def test_a_part_past_the_end_is_refused_with_the_length(address: tuple[str, int], recording: str, part: str) -> None:
    answer = Answer(address, recording, Range=part)
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"


def test_a_part_is_served_only_of_the_recording_that_was_begun_with(address: tuple[str, int], recording: str) -> None:
    tag = Answer(address, recording, "HEAD").headers["ETag"]
    assert Answer(address, recording, Range="bytes=0-9", If_Range=tag).status == 206
    assert Answer(address, recording, Range="bytes=0-9", If_Range='"another"').body == CONTENT


@pytest.mark.parametrize(
    "part", ["bytes=", "bytes=a-b", "lines=1-2", "bytes=9-2", "bytes=--5", ",".join(["0-1"] * 500)]
)
def test_a_part_that_makes_no_sense_does_no_harm(address: tuple[str, int], recording: str, part: str) -> None:
    assert Answer(address, recording, Range=part).status in (200, 400, 416)
    assert Answer(address, recording).body == CONTENT


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(alphabet="abc09./\\%~:-_", max_size=80))
def test_no_address_leads_to_anything_but_a_recording_that_a_page_found(
    address: tuple[str, int], recording: str, name: str
) -> None:
    assert Answer(address, f"/recordings/{name}").status in (307, 400, 404)


@pytest.mark.parametrize(
    "path",
    ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "a.mp4", "%00", "%2e%2e/a.mp4", "talk-1/main/cam-1"],
)
def test_paths_in_the_address_lead_nowhere(address: tuple[str, int], recording: str, path: str) -> None:
    assert Answer(address, f"/recordings/{path}").status in (400, 404)


def test_a_recording_no_page_has_looked_for_is_not_served(address: tuple[str, int], videos: Path) -> None:
    assert Answer(address, f"/recordings/{a_recording(videos / 'a.mp4')}").status == 404


def test_a_recording_that_is_gone_or_changed_is_not_served(
    address: tuple[str, int], videos: Path, recording: str
) -> None:
    a_recording(videos / "a.mp4", b"ftyp another")
    assert Answer(address, recording).status == 404
    (videos / "a.mp4").unlink()
    assert Answer(address, recording).status == 404


def test_another_sites_name_for_this_machine_is_refused(address: tuple[str, int], recording: str) -> None:
    assert Answer(address, recording, Host="rebound.example.org").status == 400
    assert Answer(address, recording, Host="localhost:8501").status == 200


def test_nothing_can_be_written(address: tuple[str, int], recording: str) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert Answer(address, recording, method).status == 405


def test_a_long_recording_never_lies_in_memory_and_its_end_comes_at_once(
    address: tuple[str, int], videos: Path
) -> None:
    long = 3 << 30
    with (videos / "long.mp4").open("wb") as file:
        file.write(MP4_HEAD)
        os.truncate(file.fileno(), long)
    known = marked(videos / "long.mp4")
    assert library().find(known) is not None
    before = psutil.Process().memory_info().rss
    connection = http.client.HTTPConnection(*address, timeout=limit_s())
    connection.request("GET", f"/recordings/{known}", headers={"Range": "bytes=0-"})
    response = connection.getresponse()
    for _ in range(100):
        response.read(1 << 20)
    with ticking() as waited_s:
        end = Answer(address, f"/recordings/{known}", Range=f"bytes={long - 1000}-")
        assert waited_s() < 1
    assert len(end.body) == 1000
    assert psutil.Process().memory_info().rss - before < 32 << 20
    connection.close()


# Stills.


@pytest.fixture
def still(videos: Path) -> str:
    """The address of the stills of a recording that a page has found: half a minute, a key frame every five seconds."""
    path = write_video(videos / "b.mp4", at_ms=range(0, 30_000, 1000), fps=1, key_every=5)
    known = marked(path)
    assert library().find(known) is not None
    return f"/recordings/{known}/still"


def test_a_still_is_served_and_stays_in_no_cache(address: tuple[str, int], still: str) -> None:
    answer = Answer(address, f"{still}?t=12")
    with av.open(io.BytesIO(answer.body), format="mjpeg") as picture:
        assert number_of(next(picture.decode(video=0)).to_ndarray(format="bgr24")) == 10
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("second", ["", "?t=", "?t=-1", "?t=1e3", "?t=nan", "?t=9999999", "?t=%F0%9D%9F%99"])
def test_a_still_of_what_is_no_second_is_refused(address: tuple[str, int], still: str, second: str) -> None:
    assert Answer(address, f"{still}{second}").status == 400


def test_where_there_is_no_still_the_answer_says_so(address: tuple[str, int], still: str) -> None:
    assert Answer(address, f"{still}?t=99999").status == 404
    assert Answer(address, "/recordings/none/still?t=1").status == 404


def test_another_sites_name_for_this_machine_gets_no_still(address: tuple[str, int], still: str) -> None:
    assert Answer(address, f"{still}?t=1", Host="rebound.example.org").status == 400


def test_all_recordings_of_the_places_are_listed_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b.mp4", "deep/a.MOV", "notes.txt", "empty.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"" if name == "empty.mp4" else CONTENT)
    (tmp_path / "link.mp4").symlink_to(tmp_path / "b.mp4")
    listed = RecordingLibrary([tmp_path]).files()
    assert [str(path.relative_to(tmp_path.resolve())) for path in listed] == ["b.mp4", "deep/a.MOV"]


def test_a_copy_for_browsers_is_shown_in_the_place_of_its_recording_and_is_none_itself(tmp_path: Path) -> None:
    recording = write_video(tmp_path / "talk.mkv", at_ms=range(0, 2000, 500), fps=2, key_every=2, picture=numbered)
    library = RecordingLibrary([tmp_path])
    wanted = marked(recording)
    found = library.find(wanted)
    assert found is not None
    assert found.media_type is None
    copy = make_browser_copy(recording)
    shown = library.shown(wanted)
    assert shown is not None
    assert (shown.path, shown.media_type) == (copy, "video/mp4")
    assert library.files() == [recording]
    assert (held := library.held(wanted)) is not None
    assert held.path == recording, "what was scored stays what it was"


def test_a_copy_older_than_its_recording_is_not_shown(tmp_path: Path) -> None:
    recording = write_video(tmp_path / "talk.mp4", at_ms=range(0, 2000, 500), fps=2, key_every=2, picture=numbered)
    copy = browser_copy(recording)
    copy.write_bytes(recording.read_bytes())
    os.utime(copy, (0, 0))
    library = RecordingLibrary([tmp_path])
    wanted = marked(recording)
    assert library.find(wanted)
    assert (shown := library.shown(wanted)) is not None
    assert shown.path == recording


def test_the_pictures_of_a_copy_keep_their_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("houselights.browser_copy._PIECE_S", 2)
    recording = write_video(tmp_path / "talk.mkv", at_ms=range(0, 7000, 200), fps=5, key_every=5, picture=numbered)
    copy = open_recording(make_browser_copy(recording))
    assert copy.duration_s == pytest.approx(7, abs=0.25)
    seen = {round(frame.at_s): number_of(frame.image) for frame in copy.sample(1.0)}
    assert seen == {second: 5 * second for second in range(7)}
