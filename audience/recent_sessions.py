"""Sessions that may be under way or to come, found without reading those of years before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from audience.sessions import DAY_MS, LONGEST_MS, Session
from audience.store import Store
from audience.time import to_ms

_PAGE: Final = 50

RECENT_MS: Final = LONGEST_MS + DAY_MS
"""How long ago a session that may be under way has begun at most: the longest one takes, and a day."""


def recent_sessions(store: Store, now_ms: int, *, words: str = "") -> Iterator[Session]:
    """Sessions that have not begun longer ago than `RECENT_MS`; the latest start first.

    Args:
        store: of the sessions.
        now_ms: the current time, milliseconds since the epoch.
        words: as in `Store.session_page`.

    Raises:
        StoreUnavailable: the store cannot be read.
    """
    after = None
    while True:
        page = store.session_page(words=words, after=after, limit=_PAGE)
        for listed in page.sessions:
            if to_ms(listed.session.started_at) < now_ms - RECENT_MS:
                return
            yield listed.session
        after = page.after
        if after is None:
            return
