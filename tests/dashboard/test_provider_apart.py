"""Signing in asks a provider that takes its time: nothing else waits for it, and not too many do."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dashboard.access.provider import AT_ONCE, WAITING, ProviderApart


class Provider:
    """An app that answers once it may, and notes in which thread."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.threads: list[int] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.threads.append(threading.get_ident())
        if scope["path"] != "/live/x":
            assert (await receive())["more_body"] is False
            self.may_answer.wait(60)
        await send({"type": "http.response.start", "status": 302, "headers": [(b"location", b"https://p.example/")]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def asked(app: ProviderApart, path: str) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("a sign-in has no body")

    await app({"type": "http", "path": path, "headers": [], "method": "GET"}, receive, send)
    return sent


def test_while_somebody_signs_in_boards_are_answered_and_those_that_are_too_many_are_told_to_wait() -> None:
    provider = Provider()
    app = ProviderApart(provider)

    async def signing_in() -> None:
        asking = [asyncio.ensure_future(asked(app, "/auth/login")) for _ in range(AT_ONCE + WAITING)]
        await asyncio.sleep(0)
        assert (await asked(app, "/live/x"))[0]["status"] == 302
        assert threading.get_ident() in provider.threads
        assert (await asked(app, "/oauth2callback"))[0]["status"] == 503
        provider.may_answer.set()
        answers = await asyncio.gather(*asking)
        assert [one[0]["status"] for one in answers] == [302] * (AT_ONCE + WAITING)
        assert dict(answers[0][0]["headers"])[b"location"] == b"https://p.example/"
        assert (await asked(app, "/auth/logout"))[0]["status"] == 302
        assert len({*provider.threads} - {threading.get_ident()}) == AT_ONCE

    # In a thread of its own: the browser's tests leave a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, signing_in()).result()
