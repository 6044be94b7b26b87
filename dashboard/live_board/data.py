"""What the public board knows: one of the places that hold the Store."""

from __future__ import annotations

from collections import OrderedDict

from audience.board_reading import BoardReader
from audience.board_snapshot import board_snapshot
from audience.errors import InvalidValue, SessionNotFound
from audience.instants import to_ms
from audience.names import check_id
from audience.stores import open_store
from dashboard.data import store_url
from dashboard.live_board.snapshots import MOST_SESSIONS


class Boards:
    """Makes the documents of the boards. Each session's by one thread at a time, as `Snapshots` asks for them."""

    def __init__(self) -> None:
        """Has read nothing yet."""
        self._readers: OrderedDict[str, BoardReader] = OrderedDict()

    def document(self, session_id: str, at_ms: int) -> bytes | None:
        """The board of a festival at an instant, or at its end where that is earlier.

        Args:
            session_id: as it stands in an address; anything.
            at_ms: milliseconds since the epoch.

        Returns:
            The document; None where there is no such session, or it is no festival: other sessions are not open.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        try:
            check_id("session id", session_id)
            with open_store(store_url()) as store:
                session = store.session(session_id)
                if session.kind != "festival":
                    return None
                until_ms = at_ms if session.ended_at is None else min(at_ms, to_ms(session.ended_at))
                return board_snapshot(self._reader(session_id).board(store, until_ms))
        except (InvalidValue, SessionNotFound):
            return None

    def _reader(self, session_id: str) -> BoardReader:
        reader = self._readers.pop(session_id, None) or BoardReader(session_id)
        self._readers[session_id] = reader
        while len(self._readers) > MOST_SESSIONS:
            self._readers.popitem(last=False)
        return reader
