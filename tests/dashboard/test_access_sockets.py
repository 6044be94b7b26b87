"""What somebody may ask of the pages they have opened: what is over it waits, and who goes on is hung up on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboard.access import sockets
from dashboard.access.sockets import LARGEST_MESSAGE, Sockets

RERUN = BackMsg(rerun_script={"query_string": "x=1"}).SerializeToString()
BEAT = BackMsg(app_heartbeat=True).SerializeToString()


class Page:
    """A page that somebody has opened: what it sends, and what came of it.

    Attributes:
        taken: what the app got of it.
        told: what it was told by the server.
    """

    def __init__(self, sockets: Sockets, who: str = "ada", line: str = "192.0.2.1") -> None:
        self.taken: list[bytes] = []
        self.told: list[Any] = []
        self.ended = False
        self._sent: asyncio.Queue[Any] = asyncio.Queue()
        self._to_tell: asyncio.Queue[Any] = asyncio.Queue()
        scope = {"type": "websocket", "path": "/_stcore/stream", "headers": []}
        self.serving = asyncio.ensure_future(
            sockets.serve(self._app, scope, self._sent.get, self._tell, who=who, line=line, has_ended=self._has_ended)
        )

    async def _app(self, _scope: Any, receive: Any, send: Any) -> None:
        async def telling() -> None:
            while True:
                await send(await self._to_tell.get())

        teller = asyncio.ensure_future(telling())
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                self.taken.append(message["bytes"])
        finally:
            teller.cancel()

    async def _tell(self, message: Any) -> None:
        self.told.append(message)

    def _has_ended(self) -> bool:
        return self.ended

    def send(self, *messages: bytes) -> None:
        for message in messages:
            self._sent.put_nowait({"type": "websocket.receive", "bytes": message})

    def send_text(self, text: str) -> None:
        self._sent.put_nowait({"type": "websocket.receive", "text": text, "bytes": None})

    def go(self) -> None:
        self._sent.put_nowait({"type": "websocket.disconnect", "code": 1001})

    def app_says(self, status: int, **more: Any) -> None:
        told = ForwardMsg(script_finished=status, **more)
        told.metadata.cacheable = True
        self._to_tell.put_nowait({"type": "websocket.send", "bytes": told.SerializeToString()})

    def code(self) -> int:
        """With what it was hung up on."""
        return next(int(message["code"]) for message in self.told if message["type"] == "websocket.close")


async def settled() -> None:
    """Whatever can go on has gone on."""
    for _ in range(400):
        await asyncio.sleep(0)


def running(test: Callable[[], Awaitable[None]]) -> None:
    """Runs in a thread of its own: the browser's tests leave a loop running in this one."""
    from concurrent.futures import ThreadPoolExecutor

    async def bounded() -> None:
        await asyncio.wait_for(test(), 60)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, bounded()).result()


def test_a_slider_that_is_dragged_is_not_held_up() -> None:
    async def dragging() -> None:
        page = Page(Sockets())
        page.send(*[RERUN] * 30)
        await settled()
        assert len(page.taken) == 30
        page.go()
        await page.serving

    running(dragging)


@pytest.mark.parametrize("message", [RERUN, BEAT], ids=["runs", "messages"])
def test_what_is_over_the_bound_waits_and_comes_in_order_later(monkeypatch: pytest.MonkeyPatch, message: bytes) -> None:
    for name in ("RUNS", "MESSAGES"):
        monkeypatch.setattr(sockets, name, 5.0)
        monkeypatch.setattr(sockets, f"{name}_A_SECOND", 10.0)

    async def flooding() -> None:
        page = Page(Sockets())
        page.send(*[message] * 9)
        page.go()
        await settled()
        assert len(page.taken) == 5
        await page.serving
        assert len(page.taken) == 9
        assert page.told == []

    running(flooding)


def test_bytes_wait_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "BYTES", 1000.0)
    monkeypatch.setattr(sockets, "BYTES_A_SECOND", 2000.0)
    large = BackMsg(rerun_script={"query_string": "x" * 800}).SerializeToString()

    async def flooding() -> None:
        page = Page(Sockets())
        page.send(large, large)
        page.go()
        await settled()
        assert len(page.taken) == 1
        await page.serving
        assert len(page.taken) == 2

    running(flooding)


def test_all_pages_of_somebody_share_what_they_may_ask_and_nobody_elses_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MESSAGES", 4.0)

    async def flooding() -> None:
        of_all = Sockets()
        first, second, other = Page(of_all), Page(of_all), Page(of_all, "bob")
        for page in (first, second, other):
            page.send(*[BEAT] * 4)
        await settled()
        assert len(first.taken) + len(second.taken) == 4
        assert len(other.taken) == 4
        for page in (first, second, other):
            page.serving.cancel()

    running(flooding)


def test_who_goes_on_for_long_is_hung_up_on(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(sockets, "MESSAGES", 1.0)
    monkeypatch.setattr(sockets, "MESSAGES_A_SECOND", 100.0)
    monkeypatch.setattr(sockets, "PATIENCE_S", 0.1)

    async def flooding() -> None:
        page = Page(Sockets())
        page.send(*[BEAT] * 1000)
        await page.serving
        assert page.code() == 1008
        assert len(page.taken) < 1000

    with caplog.at_level(logging.WARNING):
        running(flooding)
    assert len(caplog.messages) == 1
    assert "ada" not in caplog.text


def test_of_one_persons_pages_two_run_at_once_and_the_others_when_these_have_ended() -> None:
    async def opening() -> None:
        of_all = Sockets()
        pages = [Page(of_all) for _ in range(4)]
        another = Page(of_all, "bob")
        for page in (*pages, another):
            page.send(RERUN)
        await settled()
        assert [len(page.taken) for page in pages] == [1, 1, 0, 0]
        assert len(another.taken) == 1
        pages[0].app_says(ForwardMsg.FINISHED_EARLY_FOR_RERUN)
        await settled()
        assert [len(page.taken) for page in pages] == [1, 1, 0, 0], "it runs again at once"
        pages[0].app_says(ForwardMsg.FINISHED_SUCCESSFULLY)
        await settled()
        assert [len(page.taken) for page in pages] == [1, 1, 1, 0]
        pages[1].go()
        await settled()
        assert [len(page.taken) for page in pages] == [1, 1, 1, 1]
        pages[2].send(RERUN)
        await settled()
        assert len(pages[2].taken) == 2, "while it runs it may be asked to run anew"
        for page in (*pages, another):
            page.serving.cancel()

    running(opening)


def test_what_only_whoever_writes_an_app_sends_is_not_handed_on() -> None:
    async def asking() -> None:
        page = Page(Sockets())
        for kind in ({"clear_cache": True}, {"load_git_info": True}, {"set_run_on_save": True}, {}):
            page.send(BackMsg(**kind).SerializeToString())
        page.send(BackMsg(debug_shutdown_runtime=True).SerializeToString(), BEAT)
        page.go()
        await page.serving
        assert page.taken == [BEAT]

    running(asking)


@pytest.mark.parametrize(
    ("send", "code"),
    [
        (lambda page: page.send_text("x"), 1003),
        (lambda page: page.send(bytes(LARGEST_MESSAGE + 1)), 1009),
        (lambda page: page.send(b"\xff\xff\xff"), 1002),
    ],
    ids=["text", "too large", "no message"],
)
def test_what_is_no_message_of_a_page_closes_it_with_its_code(send: Callable[[Page], None], code: int) -> None:
    async def sending() -> None:
        page = Page(Sockets())
        send(page)
        await page.serving
        assert page.code() == code
        assert page.taken == []

    running(sending)


def test_where_a_login_is_ended_its_pages_are_closed_and_no_others() -> None:
    async def ending() -> None:
        of_all = Sockets()
        theirs, copy, another = Page(of_all), Page(of_all), Page(of_all, "bob")
        await settled()
        of_all.close("ada")
        await asyncio.gather(theirs.serving, copy.serving)
        assert (theirs.code(), copy.code()) == (1008, 1008)
        another.send(BEAT)
        await settled()
        assert another.taken == [BEAT]
        another.ended = True  # by another process
        another.send(BEAT)
        await another.serving
        assert another.code() == 1008
        assert another.taken == [BEAT]

    running(ending)


def test_more_pages_than_anybody_opens_are_not_opened() -> None:
    async def opening() -> None:
        of_all = Sockets()
        pages = [Page(of_all) for _ in range(sockets.SOCKETS_OF_A_PERSON + 1)]
        another = Page(of_all, "bob")
        await settled()
        assert [page.serving.done() for page in pages] == [False] * sockets.SOCKETS_OF_A_PERSON + [True]
        assert pages[-1].told[0]["type"] == "websocket.close"
        assert not another.serving.done()
        for page in (*pages[:-1], another):
            page.serving.cancel()

    running(opening)


def test_who_has_gone_is_forgotten() -> None:
    async def going() -> None:
        of_all = Sockets()
        page = Page(of_all)
        page.send(RERUN)
        page.go()
        await page.serving
        assert of_all._people == {}
        assert not of_all._of_line

    running(going)
