"""A recording of a gigabyte brought in a real browser: how soon it is scored, what it costs, and every click.

The recording is the demo's clip, copied packet by packet until it has a gigabyte, with its index at the end, as cameras
write it.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import av
import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from bench.figures import Figure
from bench.viewing import server_of
from dashboard.pages.bring.routes import incoming_routes
from sample_data.clip import make_clip
from tests.browser import ARGUMENTS, HOW_TO, browser_path
from tests.dashboard.conftest import READY, SERVER
from tests.dashboard.conftest import serving as pages_served
from tests.routes_server import serving as routes_served
from tests.timeline_files.written import as_pdf

_SIZE: Final = 10**9
_CLIP_S: Final = 20
_CUTS: Final = 5
_LOOK_S: Final = 0.05
_WITHIN_MS: Final = 300_000
_SENT_AT_ONCE: Final = 1 << 16


def figures() -> Iterator[Figure]:
    """The figures of this part."""
    path = browser_path()
    if path is None:
        pytest.fail(HOW_TO)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        talk = _gigabyte(folder)
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield from _chosen(browser, folder, talk)
        yield from _named(browser, folder, talk)
        yield from _journey(browser, folder, deck=None)
        yield from _journey(browser, folder, deck=_deck(folder))
        browser.close()
        yield _sent_twice(folder, talk)


def _gigabyte(folder: Path) -> Path:
    """The clip over and over, without encoding anything again."""
    clip, talk = folder / "clip.mp4", folder / "talk.mp4"
    make_clip(clip, created_at=datetime(2026, 5, 4, 19, 30, tzinfo=UTC), seconds=_CLIP_S)
    with av.open(str(clip)) as source:
        stream = source.streams.video[0]
        packets = [
            (bytes(packet), packet.pts, packet.dts, packet.is_keyframe)
            for packet in source.demux(stream)
            if packet.pts is not None and packet.dts is not None
        ]
        time_base = stream.time_base
        assert time_base is not None
        ticks = round(_CLIP_S / time_base)
        with av.open(str(talk), "w", format="mp4") as target:
            target.metadata["creation_time"] = "2026-05-04T19:30:00Z"
            copy = target.add_stream_from_template(stream)
            once = sum(len(content) for content, *_ in packets)
            for turn in range(-(-_SIZE // once)):
                for content, pts, dts, is_key in packets:
                    packet = av.Packet(content)
                    packet.pts, packet.dts, packet.time_base = pts + turn * ticks, dts + turn * ticks, time_base
                    packet.is_keyframe, packet.stream = is_key, copy
                    target.mux(packet)
    return talk


def _chosen(browser: Browser, folder: Path, talk: Path) -> Iterator[Figure]:
    url = f"sqlite:///{folder / 'chosen.db'}"
    with pages_served(SERVER, HOUSELIGHTS_STORE=url) as address:
        page = _ready(browser, address)
        with _memory(address) as memory:
            began_s = time.monotonic()
            page.locator(".drop input").set_input_files(talk)
            page.get_by_text("scored ·").first.wait_for(timeout=_WITHIN_MS)
            yield Figure(
                name="a 1 GB recording chosen in the browser: first picture shown scored",
                value=time.monotonic() - began_s,
                unit="s",
                reach=5,
                direction="at most",
            )
            page.locator(".sends li").first.wait_for(state="detached", timeout=_WITHIN_MS)
            yield Figure(name="the same: all of it has arrived", value=time.monotonic() - began_s, unit="s")
        yield Figure(
            name="memory of the server meanwhile, beside scoring",
            value=memory["most"] - memory["before"],
            unit="MB",
            reach=50,
            direction="at most",
        )
        page.context.close()


def _named(browser: Browser, folder: Path, talk: Path) -> Iterator[Figure]:
    url = f"sqlite:///{folder / 'named.db'}"
    with pages_served(SERVER, HOUSELIGHTS_STORE=url) as address:
        page = _ready(browser, address)
        page.get_by_label("Or a file or folder").fill(str(talk))
        page.keyboard.press("Tab")
        page.wait_for_selector(READY)
        began_s = time.monotonic()
        page.get_by_role("button", name="Score it").click()
        page.get_by_text("scored ·").first.wait_for(timeout=_WITHIN_MS)
        yield Figure(
            name="a 1 GB recording named on this machine: first picture shown scored",
            value=time.monotonic() - began_s,
            unit="s",
            reach=5,
            direction="at most",
        )
        page.context.close()


def _ready(browser: Browser, address: str) -> Page:
    """The page with a kind of place chosen, after the seconds that a person takes to fill it in."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{address}/bring")
    page.wait_for_selector(READY, timeout=_WITHIN_MS)
    page.get_by_role("combobox", name="Kind of place").click()
    page.get_by_role("option", name="Event").click()
    page.locator(".drop:not(.shut)").wait_for(timeout=_WITHIN_MS)
    page.wait_for_timeout(10_000)
    return page


class _Clicks:
    """Clicks as a person makes them, counted."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, what: Locator) -> None:
        what.first.click(timeout=_WITHIN_MS)
        self.count += 1


def _deck(folder: Path) -> Path:
    """A deck of three slides in PDF."""
    deck = folder / "deck.pdf"
    deck.write_bytes(as_pdf(*(("Footer", title, "text") for title in ("Welcome", "The demo", "Thanks"))))
    return deck


def _journey(browser: Browser, folder: Path, deck: Path | None) -> Iterator[Figure]:
    """From an empty store to a report on one's disk, with or without the slides of a deck."""
    click = _Clicks()
    store = folder / ("journey.db" if deck is None else "journey-with-deck.db")
    with pages_served(SERVER, HOUSELIGHTS_STORE=f"sqlite:///{store}") as address:
        page = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True).new_page()
        page.goto(address)
        click(page.get_by_role("main").get_by_role("link", name="Score a recording"))
        click(page.get_by_role("combobox", name="Kind of place"))
        click(page.get_by_role("option", name="Event"))
        page.locator(".drop:not(.shut)").wait_for(timeout=_WITHIN_MS)
        with page.expect_file_chooser() as chooser:
            click(page.locator(".drop"))
        chooser.value.set_files(folder / "clip.mp4")
        click.count += 2  # the file and "Open", in the system's own window
        page.get_by_text("recorded ").first.wait_for(timeout=_WITHIN_MS)
        if deck is not None:
            click(page.get_by_role("button", name="Add its slides"))
            with page.expect_file_chooser() as chooser:
                click(page.get_by_test_id("stFileUploaderDropzone").get_by_role("button", name="Upload", exact=True))
            chooser.value.set_files(deck)
            click.count += 2
            page.get_by_text("Its slides are on the timeline").wait_for(timeout=_WITHIN_MS)
        click(page.get_by_role("link", name="Open the session"))
        page.locator(".plot[data-curve]").wait_for(timeout=_WITHIN_MS)
        report = page.get_by_role("button", name="Report (PDF)")
        if not report.first.is_visible():
            click(page.get_by_role("button", name="Export"))
        with page.expect_download(timeout=_WITHIN_MS) as download:
            click(report)
        assert download.value.path().stat().st_size > 1000
        page.context.close()
    name = "from nothing to a report to forward, own video" + ("" if deck is None else " and deck")
    yield Figure(name=f"{name}: clicks", value=click.count, reach=12, direction="at most")
    yield Figure(name=f"{name}: commands", value=0, reach=0, direction="exactly")


@contextmanager
def _memory(address: str) -> Iterator[dict[str, float]]:
    """The memory of the server in MB, before, and the most of it within the context."""
    process = server_of(address)
    found = {"before": process.memory_info().rss / 1e6, "most": 0.0}
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_S):
            found["most"] = max(found["most"], process.memory_info().rss / 1e6)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield found
    finally:
        over.set()
        looking.join()


def _sent_twice(folder: Path, talk: Path) -> Figure:
    """Bytes handed to the network beyond the file's own, where the connection is reset in the middle of five parts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOUSELIGHTS_STORE", f"sqlite:///{folder / 'cut.db'}")
        size, sent = talk.stat().st_size, 0
        chance = random.Random(1)
        with routes_served(incoming_routes([])) as address, talk.open("rb") as file:
            form = {"file": {"name": "talk.mp4", "size": size, "modified_ms": 0}, "session": {"setting": "event"}}
            answer = _asked(address, "POST", "/incoming", json.dumps(form).encode())
            place = f"/incoming/{answer['id']}"
            cuts = sorted(chance.uniform(0.05, 0.95) * size for _ in range(_CUTS))
            while answer["wanted"]:
                first, until = answer["wanted"]
                file.seek(first)
                content = file.read(until - first)
                said = {"Content-Range": f"bytes {first}-{until - 1}/{size}"}
                if cuts and answer["count"] > cuts[0]:
                    cuts.pop(0)
                    sent += _cut(address, place, content, said, chance.randrange(1, len(content)))
                    time.sleep(0.2)
                    answer = _asked(address, "GET", place)
                else:
                    sent += len(content)
                    answer = _asked(address, "PATCH", place, content, said)
    return Figure(
        name="an upload of 1 GB cut five times: bytes sent twice",
        value=100 * (sent - size) / size,
        unit="%",
        reach=1,
        direction="at most",
    )


def _asked(
    address: tuple[str, int], method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Any:
    connection = http.client.HTTPConnection(*address)
    connection.request(method, path, body, headers or {})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def _cut(address: tuple[str, int], path: str, content: bytes, headers: dict[str, str], count: int) -> int:
    """Sends the beginning of a part and resets the connection, so that what is on its way is lost; returns how much."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(address) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.sendall(f"PATCH {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n{lines}\r\n".encode())
        for at in range(0, count, _SENT_AT_ONCE):
            line.sendall(content[at : min(count, at + _SENT_AT_ONCE)])
    return count
