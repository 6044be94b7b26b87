"""The board of each session as bytes, made once for all who request it within the same two seconds."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from audience.board.liveliness import UPDATE_MS
from audience.errors import HouselightsError

MOST_SESSIONS: Final = 64
"""Boards that are kept at once, those included that do not exist; the one that was asked for longest ago goes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A board as it is sent.

    Attributes:
        at_ms: the instant it shows, milliseconds since the epoch.
        body: the document, JSON in UTF-8.
        packed: the same, gzipped.
        etag: of the document, quoted as HTTP wants it.
    """

    at_ms: int
    body: bytes
    packed: bytes
    etag: bytes

    @staticmethod
    def of(at_ms: int, body: bytes) -> Snapshot:
        """The snapshot of a document."""
        etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'.encode()
        return Snapshot(at_ms=at_ms, body=body, packed=gzip.compress(body, 6, mtime=0), etag=etag)


@dataclass(slots=True)
class _Kept:
    """A session's newest snapshot, when it was made, and why it could not be, if so."""

    making: asyncio.Lock = field(default_factory=asyncio.Lock)
    looked_at_ms: int = -1
    snapshot: Snapshot | None = None
    problem: HouselightsError | None = None

    def shown(self) -> Snapshot | None:
        """What to answer with; None where there is no such board."""
        # The page tells how old what it shows is; an older picture is better than none.
        if self.snapshot is None and self.problem is not None:
            raise self.problem.with_traceback(None)
        return self.snapshot


class Snapshots:
    """Makes each session's snapshot at most once an update, however many ask."""

    def __init__(self, make: Callable[[str, int], bytes | None], now_ms: Callable[[], int]) -> None:
        """Starts with none.

        Args:
            make: the document of a session at an instant; None where it has no board. Called in a thread of its own.
            now_ms: the wall clock, milliseconds since the epoch.
        """
        self._make = make
        self._now_ms = now_ms
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def newest(self, session_id: str) -> Snapshot | None:
        """The snapshot of the update that is due, or the last one while that is computed; None where there is none.

        Raises:
            HouselightsError: it could not be made, and there is no earlier one to show.
        """
        due_ms = self._now_ms() // UPDATE_MS * UPDATE_MS
        kept = self._kept.get(session_id)
        if kept is not None and kept.looked_at_ms >= due_ms and not (kept.snapshot is None and kept.making.locked()):
            return kept.shown()
        if kept is None:
            kept = self._kept[session_id] = _Kept()
            while len(self._kept) > MOST_SESSIONS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(session_id)
        async with kept.making:
            if kept.looked_at_ms < due_ms:
                await self._look(kept, session_id, due_ms)
        return kept.shown()

    async def _look(self, kept: _Kept, session_id: str, due_ms: int) -> None:
        kept.looked_at_ms, kept.problem = due_ms, None
        try:
            body = await asyncio.to_thread(self._make, session_id, due_ms)
        except HouselightsError as problem:
            kept.problem = problem
        else:
            kept.snapshot = None if body is None else Snapshot.of(due_ms, body)
