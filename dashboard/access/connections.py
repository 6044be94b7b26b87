"""Limits on connections: how many the server holds, and how long an incomplete one may stay open.

uvicorn waits for ever for the rest of a request, takes headers of any length, and has one limit for all connections,
over which it answers nobody. Here half a request is let go after seconds, and where there is no room the connection
that has waited longest for a request makes it. `http_connection` and `socket_connection` are uvicorn's own so bounded,
and `uvicorn_connections` puts them in its place.
"""

from __future__ import annotations

import asyncio
import logging
import math
import resource
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

HEAD_S: Final = 10.0
"""So long a request's headers may take, from its first byte; and a connection until that."""

BODY_S: Final = 10.0
BODY_BYTES_A_SECOND: Final = 4096
"""A body may take `BODY_S`, and a second more for each so many bytes."""

STALLED_S: Final = 60.0
"""So long somebody may take nothing of an answer: a player that is paused asks again for the rest."""

MOST: Final = 8192
# Of the files that may be open, connections have two thirds: a page that is run has three more, for its thread.
_OF_FILES: Final = 2 / 3
_LOOK_S: Final = 1.0
_TELL_S: Final = 60.0


class Connection(Protocol):
    """What `Connections` needs of a connection."""

    peer: str

    def overdue(self, now_s: float) -> str | None:
        """Why it should be closed, as a log phrase; None where it may stay."""
        ...

    def let_go(self) -> None:
        """Closes it now, or when the last bytes of its response are sent."""
        ...

    def abort(self) -> None:
        """Closes it at once."""
        ...


class Connections:
    """All open connections; idle ones in the order in which they became idle, busy ones apart."""

    def __init__(self, is_proxy: Callable[[str], bool], most: int = MOST) -> None:
        """Creates an empty set of connections.

        Args:
            is_proxy: whether many people come by an address: it may hold as many as there are.
            most: of all addresses together; of one address half as many.
        """
        self._is_proxy, self._most = is_proxy, most
        self._waiting: OrderedDict[Connection, None] = OrderedDict()
        self._busy: set[Connection] = set()
        self._of_peer: Counter[str] = Counter()
        self._let_go: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many are open."""
        return len(self._waiting) + len(self._busy)

    def opened(self, connection: Connection) -> None:
        """Adds a connection or refuses it; where it is full, closes the one that has been idle longest."""
        of_peer = self._of_peer[connection.peer]
        self._of_peer[connection.peer] += 1
        self._waiting[connection] = None
        if of_peer >= self._most // 2 and not self._is_proxy(connection.peer):
            self.end(connection, "one too many of an address", at_once=True)
        elif len(self) > self._most:
            self.end(next(iter(self._waiting)), "no room for those that wait", at_once=True)

    def waits(self, connection: Connection) -> None:
        """Marks a connection as idle: no request, or every request answered."""
        if connection in self._busy:
            self._busy.discard(connection)
            self._waiting[connection] = None

    def works(self, connection: Connection) -> None:
        """Marks a connection as busy with a complete request."""
        if connection in self._waiting:
            del self._waiting[connection]
            self._busy.add(connection)

    def closed(self, connection: Connection) -> None:
        """Removes a connection."""
        if connection in self._waiting or connection in self._busy:
            self._waiting.pop(connection, None)
            self._busy.discard(connection)
            self._of_peer[connection.peer] -= 1
            if not self._of_peer[connection.peer]:
                del self._of_peer[connection.peer]

    def count(self, why: str) -> None:
        """Counts a connection that closed itself."""
        self._let_go[why] += 1

    def end(self, connection: Connection, why: str, *, at_once: bool = False) -> None:
        """Closes a connection and counts it."""
        self.count(why)
        if at_once:
            self.closed(connection)
            connection.abort()
        else:
            connection.let_go()

    async def look_after(self) -> None:
        """Closes overdue connections every second and logs each minute how many and why, until cancelled."""
        loop = asyncio.get_running_loop()
        told_at_s = loop.time()
        while True:
            await asyncio.sleep(_LOOK_S)
            now_s = loop.time()
            for connection in [*self._waiting, *self._busy]:
                if why := connection.overdue(now_s):
                    self.end(connection, why)
            if self._let_go and now_s - told_at_s >= _TELL_S:
                counts = ", ".join(f"{count} ({why})" for why, count in self._let_go.most_common())
                logging.getLogger("houselights").warning("connections let go in the last minute: %s", counts)
                self._let_go.clear()
                told_at_s = now_s


def most_connections() -> int:
    """How many connections fit, after raising the limit of open files as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = math.ceil(MOST / _OF_FILES)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(MOST, int(soft * _OF_FILES))
