"""Limits for opened pages: messages, bytes, script runs and WebSockets of one person.

A page is a WebSocket. Streamlit takes from it whatever comes, and runs the app anew for every message that asks for it.
What is over a bound waits: it is not read, so the sender's own network holds it. Who goes on all the same for half a
minute is hung up on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from google.protobuf.message import DecodeError
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboard.access.answering import refuse
from dashboard.access.limits import Limits

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A slider that is dragged asks for up to ten runs a second, and a page that is opened for one.
RUNS: Final = 40.0
RUNS_A_SECOND: Final = 6.0
MESSAGES: Final = 120.0
MESSAGES_A_SECOND: Final = 20.0
BYTES: Final = 4e6
BYTES_A_SECOND: Final = 500e3
LARGEST_MESSAGE: Final = 1_000_000
"""Bytes. Ten thousand edited cells of a table are a tenth of it."""

RUNS_AT_ONCE: Final = 2
"""Of one person, in however many tabs: the interpreter runs one at a time, and boards wait behind each."""

LONGEST_RUN_S: Final = 60.0
"""A run that has not said for so long that it has ended holds up nobody else's of the same person any more."""

SOCKETS: Final = 500
SOCKETS_OF_A_PERSON: Final = 24
OPENED_A_SECOND: Final = 1.0
SOCKETS_OF_A_LINE: Final = 250
PATIENCE_S: Final = 30.0

# What else Streamlit's page can send is for whoever writes an app: to empty everybody's caches, to ask git about the
# program's folder, to run the app anew whenever a file changes.
_SERVED: Final = frozenset(
    {"rerun_script", "stop_script", "app_heartbeat", "file_urls_request", "backend_operation_request"}
)
_WILL_GO_ON: Final = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
_POLICY, _TOO_BIG, _NOT_BINARY, _PROTOCOL = 1008, 1009, 1003, 1002


class _HangUp(Exception):
    """A socket to close, with the code and the reason sent to its page."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(slots=True)
class _Person:
    """The open sockets of one person."""

    runs: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(RUNS_AT_ONCE))
    open: set[asyncio.Event] = field(default_factory=set)


class Sockets:
    """All open sockets."""

    def __init__(self) -> None:
        """Creates an empty set of sockets."""
        self._people: dict[str, _Person] = {}
        self._of_line: Counter[str] = Counter()
        self._messages = Limits(most=MESSAGES, a_second=MESSAGES_A_SECOND)
        self._bytes = Limits(most=BYTES, a_second=BYTES_A_SECOND)
        self._runs = Limits(most=RUNS, a_second=RUNS_A_SECOND)
        self._opened = Limits(most=SOCKETS_OF_A_PERSON, a_second=OPENED_A_SECOND)

    async def serve(
        self,
        app: ASGIApp,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        who: str,
        line: str,
        has_ended: Callable[[], bool],
    ) -> None:
        """Passes a socket to an app, within its owner's limits.

        Args:
            app: takes the socket.
            scope, receive, send: of the socket.
            who: stands for its owner: all of one owner's sockets share what is allowed.
            line: the address it is from (`limits.line_of`).
            has_ended: whether the login that opened it has been ended since.
        """
        person = self._people.setdefault(who, _Person())
        if (
            len(person.open) >= SOCKETS_OF_A_PERSON
            or self._of_line[line] >= SOCKETS_OF_A_LINE
            or self._of_line.total() >= SOCKETS
            or not self._opened.take(who, 1, time.monotonic())
        ):
            await refuse(scope, receive, send, 429, "Too many pages were opened: close some.", ())
            return
        hung_up = asyncio.Event()
        person.open.add(hung_up)
        self._of_line[line] += 1
        held = _Held(self, person, who, receive, send, has_ended, hung_up)
        try:
            await app(scope, held.receive, held.send)
        finally:
            held.let_go()
            person.open.discard(hung_up)
            self._of_line[line] -= 1
            self._of_line += Counter()  # those at none are forgotten
            if not person.open:
                self._people.pop(who, None)

    def close(self, who: str) -> None:
        """Closes all sockets of a person whose login was ended."""
        for hung_up in self._people.get(who, _Person()).open:
            hung_up.set()

    def wait_s(self, who: str, message: bytes, *, runs: bool) -> float:
        """How long a message has to wait, seconds."""
        now_s = time.monotonic()
        return max(
            self._messages.wait_s(who, 1, now_s),
            self._bytes.wait_s(who, len(message), now_s),
            self._runs.wait_s(who, 1, now_s) if runs else 0.0,
        )


class _Held:
    """One socket between the server and the app."""

    def __init__(
        self,
        sockets: Sockets,
        person: _Person,
        who: str,
        receive: Receive,
        send: Send,
        has_ended: Callable[[], bool],
        hung_up: asyncio.Event,
    ) -> None:
        self._sockets, self._person, self._who = sockets, person, who
        self._receive, self._send, self._has_ended, self._hung_up = receive, send, has_ended, hung_up
        self._runs_since: asyncio.TimerHandle | None = None
        self._over_since_s: float | None = None
        self._is_gone = False

    async def receive(self) -> Message:
        """The next message that the app is to have, when it may; for the app a socket that was closed has gone."""
        try:
            while True:
                message = await self._next()
                if message["type"] != "websocket.receive" or await self._is_served(message):
                    return message
        except _HangUp as problem:
            logging.getLogger("houselights").warning("hung up on a page: %s", problem.reason)
            self._is_gone = True
            await self._send({"type": "websocket.close", "code": problem.code, "reason": problem.reason})
            return {"type": "websocket.disconnect", "code": problem.code}

    async def send(self, message: Message) -> None:
        """Passes on what the app sends; hears from it when a run has ended.

        Raises:
            OSError: the page was hung up on, which the app takes for a page that has gone.
        """
        if self._is_gone:
            raise OSError("hung up")
        if message["type"] == "websocket.send" and _ends_a_run(message.get("bytes") or b""):
            self.let_go()
        await self._send(message)

    def let_go(self) -> None:
        """Makes room for another run of the same person."""
        if self._runs_since is not None:
            self._runs_since.cancel()
            self._runs_since = None
            self._person.runs.release()

    async def _next(self) -> Message:
        """What comes first: a message, or that the login was ended."""
        coming = asyncio.ensure_future(self._receive())
        ended = asyncio.ensure_future(self._hung_up.wait())
        try:
            await asyncio.wait((coming, ended), return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise _HangUp(_POLICY, "You have signed out.")
            return coming.result()
        finally:
            coming.cancel()
            ended.cancel()

    async def _is_served(self, message: Message) -> bool:
        """Waits until a message may be handed on; whether it is to be at all."""
        data = message.get("bytes")
        if data is None:
            raise _HangUp(_NOT_BINARY, "Pages send no text.")
        if len(data) > LARGEST_MESSAGE:
            raise _HangUp(_TOO_BIG, "That is more than a page can send at once.")
        try:
            kind = BackMsg.FromString(data).WhichOneof("type")
        except DecodeError:
            raise _HangUp(_PROTOCOL, "That is no message of a page.") from None
        runs = kind == "rerun_script"
        await self._wait(self._sockets.wait_s(self._who, data, runs=runs))
        if self._has_ended():
            raise _HangUp(_POLICY, "You have signed out.")
        if runs and self._runs_since is None:
            await self._person.runs.acquire()
            self._runs_since = asyncio.get_running_loop().call_later(LONGEST_RUN_S, self.let_go)
        return kind in _SERVED

    async def _wait(self, wait_s: float) -> None:
        now_s = time.monotonic()
        if wait_s <= 0:
            self._over_since_s = None
            return
        self._over_since_s = self._over_since_s or now_s
        if now_s - self._over_since_s > PATIENCE_S:
            raise _HangUp(_POLICY, "Too many messages.")
        await asyncio.sleep(wait_s)


def _ends_a_run(message: bytes) -> bool:
    """Whether a message to a page says that a script run has ended and no other follows at once.

    Only the begin of a message is read, for some are of megabytes: fields stand in the order of their numbers, and the
    two that may stand before the one that says what it is are short.
    """
    place = 0
    try:
        while (tag := message[place]) in (0x0A, 0x12):  # its hash, and how it is to be shown
            place += 2 + message[place + 1] if message[place + 1] < 0x80 else len(message)
        return tag == 0x30 and message[place + 1] != _WILL_GO_ON  # script_finished
    except IndexError:
        return False
