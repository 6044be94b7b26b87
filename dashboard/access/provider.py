"""Runs requests to the login provider in threads of their own, so that boards and pages do not wait for it.

Streamlit makes a client for every sign-in, which reads all certificates there are, and asks the provider for its
addresses: a tenth of a second in which the server would do nothing else, for whoever asks for it.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from dashboard.access.answering import refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATHS: Final = ("/auth/login", "/auth/logout", "/oauth2callback")
AT_ONCE: Final = 2
WAITING: Final = 16


class ProviderApart:
    """ASGI middleware within the gate."""

    def __init__(self, app: ASGIApp) -> None:
        """Passes on every request that does not involve the provider."""
        self._app = app
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="provider")
        self._asking = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Responds with what the app returns in another thread."""
        if scope["type"] != "http" or scope["path"].removeprefix(scope.get("root_path", "")) not in PATHS:
            await self._app(scope, receive, send)
            return
        if self._asking >= AT_ONCE + WAITING:
            await refuse(scope, receive, send, 503, "Many people sign in just now: wait a little.", ())
            return
        self._asking += 1
        try:
            messages = await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, scope)
        finally:
            self._asking -= 1
        for message in messages:
            await send(message)

    def _answer(self, scope: Scope) -> list[Message]:
        """All messages of the app's response to a request without a body."""
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        asyncio.run(self._app(scope, receive, send))  # type: ignore[arg-type]
        return messages
