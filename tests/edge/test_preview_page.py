"""The preview page over real HTTP, as a browser and a camera program see it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from audience.errors import InvalidValue
from edge_lambda.detectors import Image
from edge_lambda.preview import page as preview_page_module
from edge_lambda.preview.page import PreviewPage
from tests.ticking import limit_s, ticking, until
from tests.videos import number_of, numbered


@pytest.fixture
def page() -> Iterator[PreviewPage]:
    with PreviewPage(title="Orchard <stage>") as page:
        yield page


class Viewer:
    """One HTTP connection to the page."""

    def __init__(self, page: PreviewPage, path: str = "/stream.mjpg", host: str | None = None, method: str = "GET"):
        self.connection = http.client.HTTPConnection("127.0.0.1", urlsplit(page.url).port or 0, timeout=limit_s())
        self.connection.request(method, path, headers={"Host": host} if host else {})
        self.response = self.connection.getresponse()

    def picture(self) -> Image:
        """Reads the stream's next picture, which may be the last one again."""
        length = 0
        while (line := self.response.readline()) != b"\r\n" or not length:
            assert line, "the stream ended"
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        decoded = cv2.imdecode(np.frombuffer(self.response.read(length), np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        return decoded.astype(np.uint8)

    def number(self, *, after: int = 0) -> int:
        """The number on the next picture that does not show `after`."""
        while (number := number_of(self.picture())) == after:
            pass
        return number

    def __enter__(self) -> Viewer:
        return self

    def __exit__(self, *_: object) -> None:
        self.response.close()
        self.connection.close()


def get(page: PreviewPage, path: str, host: str | None = None, method: str = "GET") -> tuple[int, str, bytes]:
    with Viewer(page, path, host, method) as viewer:
        return viewer.response.status, viewer.response.headers["Content-Type"], viewer.response.read()


def wait_for_viewers(page: PreviewPage, count: int) -> None:
    until(lambda: json.loads(get(page, "/healthz")[2])["viewers"] == count, every_s=0.01)


def test_the_page_says_in_plain_words_what_is_shown(page: PreviewPage) -> None:
    status, kind, content = get(page, "/")
    assert (status, kind) == (200, "text/html; charset=utf-8")
    text = " ".join(content.decode().split())
    assert "visible expression, not feeling" in text
    assert "Pictures are not stored" in text
    assert "Orchard &lt;stage&gt;" in text


def test_it_can_be_reached_from_this_machine_only(page: PreviewPage) -> None:
    assert page.url.startswith("http://127.0.0.1:")
    with Viewer(page, "/") as viewer:
        headers = viewer.response.headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Resource-Policy"] == "same-site"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("from_site", "may"),
    [("same-site", "cross-origin"), ("cross-site", "same-site"), ("same-origin", "same-site"), ("none", "same-site")],
)
def test_another_page_of_this_machine_may_show_the_picture_and_no_other_site(
    page: PreviewPage, from_site: str, may: str
) -> None:
    """Browsers say where a request comes from, and a page cannot make them say otherwise."""
    page.show(numbered(1))
    request = urllib.request.Request(f"{page.url}still.jpg", headers={"Sec-Fetch-Site": from_site})
    with urllib.request.urlopen(request, timeout=limit_s()) as answer:
        assert answer.headers["Cross-Origin-Resource-Policy"] == may


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "[::1", "a b"])
@pytest.mark.parametrize("path", ["/", "/still.jpg", "/stream.mjpg", "/healthz"])
def test_a_name_that_was_made_to_point_here_gets_nothing(page: PreviewPage, host: str, path: str) -> None:
    page.show(numbered(1))
    if host:
        assert get(page, path, host)[0] == 403
        return
    with socket.create_connection(("127.0.0.1", urlsplit(page.url).port or 0)) as raw:
        raw.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        assert b" 403 " in raw.recv(1000)


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1", "[::1]:99", "192.168.1.7"])
def test_an_address_or_localhost_is_let_in(page: PreviewPage, host: str) -> None:
    assert get(page, "/healthz", host)[0] == 200


def test_a_still_is_the_latest_picture(page: PreviewPage) -> None:
    assert get(page, "/still.jpg")[0] == 503
    for number in (1, 2, 3):
        page.show(numbered(number))
    status, kind, content = get(page, "/still.jpg")
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert (status, kind) == (200, "image/jpeg")
    assert decoded is not None
    assert number_of(decoded.astype(np.uint8)) == 3


def test_health_counts_pictures_and_viewers(page: PreviewPage) -> None:
    assert json.loads(get(page, "/healthz")[2]) == {"status": "waiting", "pictures": 0, "viewers": 0}
    page.show(numbered(1))
    with Viewer(page) as viewer:
        viewer.picture()
        assert json.loads(get(page, "/healthz")[2]) == {"status": "ok", "pictures": 1, "viewers": 1}


def test_an_unknown_path_is_not_found_and_a_head_has_no_body(page: PreviewPage) -> None:
    assert get(page, "/secret")[0] == 404
    assert get(page, "/", method="HEAD") == (200, "text/html; charset=utf-8", b"")
    assert get(page, "/stream.mjpg", method="HEAD")[2] == b""
    assert get(page, "/", method="POST")[0] == 501


def test_a_picture_is_whole_as_soon_as_it_was_shown(page: PreviewPage) -> None:
    with Viewer(page) as viewer:
        for number in (5, 6, 7):
            page.show(numbered(number))
            assert viewer.number(after=number - 1) == number


def test_a_picture_that_no_other_follows_is_sent_again_once(page: PreviewPage) -> None:
    with Viewer(page) as viewer:
        page.show(numbered(5))
        assert [viewer.number(), viewer.number()] == [5, 5]
        time.sleep(3 * preview_page_module.REPEATED_AFTER_S)
        page.show(numbered(6))
        assert viewer.number() == 6


def test_many_viewers_share_one_encoding(page: PreviewPage, monkeypatch: pytest.MonkeyPatch) -> None:
    encodings = 0
    encode = cv2.imencode

    def counted(*args: object) -> object:
        nonlocal encodings
        encodings += 1
        return encode(*args)  # type: ignore[call-overload]

    monkeypatch.setattr(preview_page_module.cv2, "imencode", counted)
    page.show(numbered(1))
    assert encodings == 0  # nobody looks
    viewers = [Viewer(page) for _ in range(8)]
    for number in (1, 2, 3):
        if number > 1:
            page.show(numbered(number))
        assert [viewer.number(after=number - 1) for viewer in viewers] == [number] * 8
    assert encodings == 3
    for viewer in viewers:
        viewer.__exit__()


def test_a_viewer_that_reads_nothing_never_slows_the_camera_or_the_others(page: PreviewPage) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), dtype=np.uint8)
    with Viewer(page) as asleep, Viewer(page) as awake:
        page.show(noise)
        with ticking() as waited_s:
            for _ in range(20):
                page.show(noise)
            assert waited_s() < 5, "a viewer is waited for ten seconds"
        page.show(numbered(9))
        while awake.picture().shape != (120, 160, 3):
            pass
        assert asleep.response.status == 200


def test_a_viewer_that_leaves_is_forgotten(page: PreviewPage) -> None:
    page.show(numbered(1))
    with Viewer(page) as viewer:
        viewer.picture()
        wait_for_viewers(page, 1)
    for _ in range(50):
        page.show(numbered(2))
        time.sleep(0.002)
    wait_for_viewers(page, 0)


def test_too_many_viewers_get_an_error(page: PreviewPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview_page_module, "MAX_VIEWERS", 1)
    with Viewer(page):
        assert get(page, "/stream.mjpg")[0] == 503


def test_closing_ends_every_viewer_and_frees_the_port() -> None:
    page = PreviewPage()
    viewers = [Viewer(page) for _ in range(3)]
    port = urlsplit(page.url).port or 0
    silent = socket.create_connection(("127.0.0.1", port))  # as browsers do ahead of need
    time.sleep(0.05)
    with ticking() as waited_s:
        page.close()
        assert waited_s() < 2
    assert all(viewer.response.read() in (b"", b"--frame\r\n") for viewer in viewers)
    assert not [thread for thread in threading.enumerate() if thread.name == "preview page"]
    with PreviewPage(port=port) as again:
        assert get(again, "/healthz")[0] == 200
    silent.close()
    for viewer in viewers:
        viewer.__exit__()


@pytest.mark.parametrize("wrong", [70_000, -1])
def test_a_port_that_does_not_exist_is_refused(wrong: int) -> None:
    with pytest.raises(InvalidValue, match="choose another port"):
        PreviewPage(port=wrong)


def test_a_port_in_use_is_refused_with_a_message(page: PreviewPage) -> None:
    with pytest.raises(InvalidValue, match="choose another port"):
        PreviewPage(port=urlsplit(page.url).port or 0)
