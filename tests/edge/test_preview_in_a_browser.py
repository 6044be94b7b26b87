"""The previews as a real browser shows them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from edge_lambda.preview.file import PreviewFile
from edge_lambda.preview.page import PreviewPage
from tests.http_server import QuietHandler, http_server
from tests.ticking import until
from tests.videos import quadrants

pytestmark = pytest.mark.browser

# The four quarters of what an element shows, drawn on a canvas of the page itself.
QUARTERS = """(element) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [4, 4];
    const pen = canvas.getContext('2d');
    pen.drawImage(element, 0, 0, 4, 4);
    return [[0, 0], [3, 0], [0, 3], [3, 3]].map(([x, y]) =>
        [...pen.getImageData(x, y, 1, 1).data].slice(0, 3).map(value => value > 128 ? 1 : 0).join(''));
}"""


def shown(element: Locator, first: str) -> list[str]:
    """The quarters an element shows, once the first of them is `first`."""
    quarters: list[str] = []

    def is_first() -> bool:
        quarters[:] = element.evaluate(QUARTERS)
        return quarters[0] == first

    until(is_first)
    return quarters


class _Quiet(QuietHandler, SimpleHTTPRequestHandler):
    """Serves a folder."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """A folder's files over HTTP, as the dashboard would serve them."""
    with http_server(partial(_Quiet, directory=str(tmp_path))) as address:
        yield address


def test_the_page_shows_the_newest_picture_and_goes_on(browser: Browser) -> None:
    with PreviewPage() as preview:
        page = browser.new_page()
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        preview.show(quadrants(320, 240))
        page.goto(preview.url, wait_until="commit")
        picture = page.locator("img")
        expect(picture).to_have_js_property("naturalWidth", 320)
        assert shown(picture, "001") == ["001", "010", "100", "111"]
        preview.show(quadrants(320, 240)[::-1].copy())
        assert shown(picture, "100") == ["100", "111", "001", "010"]
        assert "visible expression, not feeling" in page.inner_text("main")
        assert errors == []
        page.close()


def test_the_file_plays_and_can_be_sought(browser: Browser, served: str, tmp_path: Path) -> None:
    with PreviewFile(tmp_path / "preview.mp4") as preview:
        for second in range(20):
            preview.add(float(second), quadrants(320, 240) if second < 10 else quadrants(320, 240)[::-1].copy())
    (tmp_path / "index.html").write_text("<video src='preview.mp4' muted preload='auto'></video>")
    page = browser.new_page()
    page.goto(served)
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    video = page.locator("video")
    assert video.evaluate("video => video.duration") == pytest.approx(20.0, abs=0.1)
    assert shown(video, "001") == ["001", "010", "100", "111"]
    video.evaluate("video => video.play()")
    page.wait_for_function("document.querySelector('video').currentTime > 0.2")
    page.close()
