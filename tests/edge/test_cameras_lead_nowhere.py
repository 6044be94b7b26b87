"""Only a network camera's own host is contacted, wherever its redirects, playlists and answers point."""

from __future__ import annotations

import base64
import itertools
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import DeviceError
from edge_lambda.devices import Camera, opencv
from edge_lambda.devices.open_camera import open_camera
from edge_lambda.devices.rtsp_relay import RedirectRefused, ResponseInspector
from tests.certificates import Authority
from tests.edge.cameras_on_loopback import (
    HttpCamera,
    RtspCamera,
    demanding,
    filming,
    giving,
    playlist,
    redirecting,
)
from tests.ticking import ticking
from tests.videos import number_of, write_video

HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"
SECRET = "s3cret"


@pytest.fixture
def camera() -> Iterator[HttpCamera]:
    with HttpCamera(HERE).running() as camera:
        camera.routes["/film"] = filming
        yield camera


@pytest.fixture
def stranger(part: bytes) -> Iterator[HttpCamera]:
    """Another server that offers pictures."""
    with HttpCamera(ELSEWHERE).running() as stranger:
        stranger.routes |= {"/film": filming, "/part.ts": giving(part), "/key": giving(b"0123456789abcdef")}
        yield stranger


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("film") / "part.ts"
    return write_video(path, at_ms=[100 * n for n in range(40)], container="mpegts").read_bytes()


def opened(url: str) -> closing[Camera]:
    """A camera that answers with a video: it is looked at before it counts as open."""
    return closing(open_camera(url, clock=lambda: datetime.now(UTC), sleep=time.sleep))


def pictures_of(url: str, count: int = 3) -> list[int]:
    with opened(url) as camera:
        return [number_of(frame.image) for frame, _ in zip(camera, range(count), strict=False)]


def with_password(url: str) -> str:
    return url.replace("://", f"://admin:{SECRET}@", 1)


def refusal(url: str) -> str:
    """The error message for a camera that cannot be opened."""
    with pytest.raises(DeviceError) as caught:
        opened(url)
    assert SECRET not in str(caught.value)
    return str(caught.value)


class TestRedirects:
    @pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
    def test_to_another_host_are_not_followed_and_reported(
        self, camera: HttpCamera, stranger: HttpCamera, code: int
    ) -> None:
        camera.routes["/"] = redirecting(f"{stranger.url}/film", code)
        said = refusal(with_password(f"{camera.url}/"))
        assert ELSEWHERE in said
        assert HERE in said
        assert stranger.asked == []

    def test_after_the_password_was_asked_for_neither(self, camera: HttpCamera, stranger: HttpCamera) -> None:
        for scheme in ("Basic", "Digest"):
            camera.routes["/"] = demanding(scheme, redirecting(f"{stranger.url}/film"))
            assert ELSEWHERE in refusal(with_password(f"{camera.url}/"))
        assert stranger.asked == []

    def test_to_another_port_of_the_same_machine_are_not_followed(self, camera: HttpCamera) -> None:
        with HttpCamera(HERE).running() as other:
            other.routes["/film"] = filming
            camera.routes["/"] = redirecting(f"{other.url}/film")
            refusal(f"{camera.url}/")
            assert other.asked == []

    @pytest.mark.parametrize(
        "target", ["rtsp://127.0.0.2/film", "file:///etc/passwd", "ftp://127.0.0.2/film", "//127.0.0.2/film", "data:,x"]
    )
    def test_to_what_is_no_http_of_its_own_are_not_followed(self, camera: HttpCamera, target: str) -> None:
        camera.routes["/"] = redirecting(target)
        refusal(f"{camera.url}/")

    def test_within_the_camera_are_followed(self, camera: HttpCamera) -> None:
        camera.routes["/"] = redirecting("/film")
        assert len(pictures_of(f"{camera.url}/")) == 3

    def test_without_an_end_are_given_up(self, camera: HttpCamera) -> None:
        camera.routes["/"] = redirecting("/")
        refusal(f"{camera.url}/")


class TestPlaylists:
    def test_of_the_cameras_own_parts_are_played(self, camera: HttpCamera, part: bytes) -> None:
        camera.routes |= {"/live.m3u8": playlist("part.ts"), "/part.ts": giving(part)}
        with opened(f"{camera.url}/live.m3u8"):
            assert "/part.ts" in {path for path, _ in camera.asked}

    def test_of_parts_elsewhere_are_not(self, camera: HttpCamera, stranger: HttpCamera, part: bytes) -> None:
        camera.routes["/part.ts"] = giving(part)
        for name, lists in {
            "/elsewhere.m3u8": playlist(f"{stranger.url}/part.ts"),
            "/key.m3u8": playlist("part.ts", key=f"{stranger.url}/key"),
            "/list.m3u8": giving(f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{stranger.url}/l.m3u8\n".encode()),
        }.items():
            camera.routes[name] = lists
            refusal(with_password(f"{camera.url}{name}"))
        assert stranger.asked == []

    def test_whose_parts_redirect_elsewhere_are_not(self, camera: HttpCamera, stranger: HttpCamera) -> None:
        camera.routes |= {"/live.m3u8": playlist("part.ts"), "/part.ts": redirecting(f"{stranger.url}/part.ts")}
        refusal(f"{camera.url}/live.m3u8")
        assert stranger.asked == []

    def test_open_no_file_of_this_machine(self, camera: HttpCamera, tmp_path: Path, part: bytes) -> None:
        (tmp_path / "part.ts").write_bytes(part)
        for way in ("file://", "file:", "crypto:file:", "concat:", ""):
            camera.routes["/live.m3u8"] = playlist(f"{way}{tmp_path}/part.ts")
            refusal(f"{camera.url}/live.m3u8")

    def test_of_other_kinds_open_nothing_either(self, camera: HttpCamera, stranger: HttpCamera, part: bytes) -> None:
        camera.routes["/part.ts"] = giving(part)
        for other in (f"{stranger.url}/part.ts", "part.ts"):
            camera.routes["/live.ffconcat"] = giving(f"ffconcat version 1.0\nfile '{other}'\n".encode())
            refusal(f"{camera.url}/live.ffconcat")
        dash = f"""<?xml version="1.0"?>
            <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT4S"
            minBufferTime="PT1S">
            <Period><AdaptationSet mimeType="video/mp2t"><Representation id="1" bandwidth="1">
            <BaseURL>{stranger.url}/part.ts</BaseURL></Representation></AdaptationSet></Period></MPD>"""
        call = "v=0\no=- 0 0 IN IP4 127.0.0.2\ns=x\nc=IN IP4 127.0.0.2\nt=0 0\nm=video 5004 RTP/AVP 33\n"
        for name, content in {"/live.mpd": dash, "/live.sdp": call}.items():
            camera.routes[name] = giving(content.encode())
            refusal(f"{camera.url}{name}")
        assert stranger.asked == []
        assert "/part.ts" not in {path for path, _ in camera.asked}


class TestWhatCamerasAreAskedFor:
    @pytest.mark.parametrize("scheme", ["Basic", "Digest"])
    def test_the_password_where_the_camera_asks_for_one(self, camera: HttpCamera, scheme: str) -> None:
        camera.routes["/"] = demanding(scheme, filming)
        assert len(pictures_of(with_password(f"{camera.url}/"))) == 3
        asked = [authorization for _, authorization in camera.asked]
        assert asked[0] is None
        assert scheme in str(asked[1])

    def test_the_password_as_it_is_meant(self, camera: HttpCamera) -> None:
        camera.routes["/"] = demanding("Basic", filming)
        pictures_of(camera.url.replace("://", "://admin:p%40ss%2Fword@", 1) + "/")
        sent = str(camera.asked[-1][1]).removeprefix("Basic ")
        assert base64.b64decode(sent) == b"admin:p@ss/word"

    def test_a_film_whose_index_lies_at_its_end(self, camera: HttpCamera, tmp_path: Path) -> None:
        film = write_video(tmp_path / "film.mp4", at_ms=[100 * n for n in range(30)]).read_bytes()
        camera.routes["/film.mp4"] = giving(film, in_parts=True)
        with opened(f"{camera.url}/film.mp4"):
            assert len(camera.asked) > 1

    def test_one_that_signs_its_own_certificate_is_read_in_secret(self, tmp_path: Path) -> None:
        signed = Authority(tmp_path).signs("camera")
        camera = HttpCamera(HERE)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(signed.certificate, signed.private_key)
        camera.server.socket = context.wrap_socket(camera.server.socket, server_side=True)
        camera.routes["/"] = demanding("Basic", filming)
        with camera.running():
            assert len(pictures_of(with_password(camera.url.replace("http:", "https:") + "/"))) == 3

    def test_an_address_that_cannot_be_read_is_looked_up_nowhere(self) -> None:
        assert "%2F" in refusal(f"http://admin:pass/{SECRET}@127.0.0.1/film")


@pytest.mark.parametrize("drip", ["header", "body"])
def test_a_camera_that_gives_a_byte_now_and_then_is_given_up(
    camera: HttpCamera, monkeypatch: pytest.MonkeyPatch, drip: str
) -> None:
    monkeypatch.setattr(opencv, "OPEN_TIMEOUT_S", 0.5)
    over = threading.Event()

    def dripping(handler: BaseHTTPRequestHandler) -> None:
        begin = b"HTTP/1.1 200 OK\r\nX-Drip: " if drip == "header" else b"HTTP/1.1 200 OK\r\n\r\n"
        handler.wfile.write(begin)
        while not over.wait(0.05):
            handler.wfile.write(b"x")

    camera.routes["/"] = dripping
    with ticking() as waited_s:
        refusal(f"{camera.url}/")
        assert waited_s() < 8
    over.set()


class TestRtsp:
    def test_a_camera_is_read(self) -> None:
        with RtspCamera(ELSEWHERE).running() as camera:
            numbers = pictures_of(camera.url(), 5)
        assert len(set(numbers)) == 5

    def test_a_camera_that_asks_for_a_password_gets_it(self) -> None:
        with RtspCamera(ELSEWHERE, demands_password=True).running() as camera:
            assert len(pictures_of(camera.url(f"admin:{SECRET}"))) == 3

    @pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
    @pytest.mark.parametrize("demands_password", [False, True])
    def test_a_redirect_is_not_followed_and_reported(self, method: str, demands_password: bool) -> None:
        with RtspCamera(ELSEWHERE).running() as other:
            redirects = {method: other.url()}
            with RtspCamera(HERE, redirects=redirects, demands_password=demands_password).running() as camera:
                said = refusal(camera.url(f"admin:{SECRET}"))
            assert "redirects to another address" in said
            assert other.asked == []

    def test_nobody_there_is_reported(self) -> None:
        with RtspCamera(HERE).running() as camera:
            pass
        assert "sends no video" in refusal(camera.url(f"admin:{SECRET}"))


def passes(answers: bytes, cut: Callable[[bytes], list[bytes]]) -> bool:
    reader = ResponseInspector()
    try:
        for piece in cut(answers):
            reader.feed(piece)
    except RedirectRefused:
        return False
    return True


PICTURE = b"$\0\0\x1b" + b"\nRTSP/1.0 302 Moved\r\n\r\n    "
GOOD = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 20\r\n\r\nRTSP/1.0 302 Moved\n\n"


@pytest.mark.parametrize(
    ("answers", "handed_on"),
    [
        (GOOD, True),
        (GOOD + PICTURE + GOOD, True),
        (b"RTSP/1.0 401 Unauthorized\nCSeq: 1\n\n" + GOOD, True),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 3\r\n\r\n" + GOOD, True),
        (b"RTSP/1.0 302 Moved\r\n", False),
        (GOOD + PICTURE + b"RTSP/1.0 301 Moved\r\n\r\n", False),
        (b"\r\n\r\nRTSP/1.0 305 Use proxy\r\n\r\n", False),
        # Written so that it may be taken for something else.
        (b"RTSP/1.0 +302 Moved\r\n", False),
        (b"RTSP/1.0 00302 Moved\r\n", False),
        (b"RTSP/1.0 4294967598 Moved\r\n", False),
        (b" RTSP/1.0  302 Moved\r\n", False),
        (b"RTSP/1.0\t302 Moved\r\n", False),
        (b"RTSP/1.0\x0b200 302 Moved\r\n", False),
        (b"R\rTSP/1.0 302 Moved\r\n", False),
        (b"RTSP/1.0 200 OK\r\n\0\r\nRTSP/1.0 302 Moved\r\n", False),
        (b"RTSP/1.0 200 OK\r\n$\0\0\x01x\r\nRTSP/1.0 302 Moved\r\n", False),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 4294967297\r\n\r\nxRTSP/1.0 302 Moved\r\n", False),
        (b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", False),
        (b"x" * 20_000, False),
    ],
)
def test_a_redirect_is_seen_however_it_is_written_and_nothing_else_is_taken_for_one(
    answers: bytes, handed_on: bool
) -> None:
    assert passes(answers, lambda whole: [whole]) is handed_on
    assert passes(answers, lambda whole: [whole[at : at + 1] for at in range(len(whole))]) is handed_on


@given(st.lists(st.sampled_from([GOOD, PICTURE])), st.booleans(), st.lists(st.integers(0, 400)))
def test_it_makes_no_difference_where_answers_are_cut(before: list[bytes], redirected: bool, cuts: list[int]) -> None:
    answers = b"".join(before) + (b"RTSP/1.0 302 Moved\r\n" if redirected else GOOD)
    edges = sorted({0, len(answers), *(cut for cut in cuts if cut < len(answers))})
    pieces = [answers[first:after] for first, after in itertools.pairwise(edges)]
    assert passes(answers, lambda _: pieces) is not redirected
