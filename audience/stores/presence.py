"""When something was written, and errors for writes under a session that does not exist or was deleted: the same in
every store.

The messages do not name the store's location, because pages show them to all users.
"""

from __future__ import annotations

import time

from audience.errors import SessionNotFound


def now_ms() -> int:
    """The wall clock, milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def nothing_written(session_id: str) -> SessionNotFound:
    """The error of a write under a session that does not exist."""
    return SessionNotFound(
        f"session {session_id!r} is not in the store, or was deleted meanwhile: nothing was written; set it up "
        "again to continue"
    )


def set_up_again(session_id: str) -> SessionNotFound:
    """The error of a write under a session that was deleted and set up again since the writer read it."""
    return SessionNotFound(
        f"session {session_id!r} was deleted and set up again meanwhile: nothing was written; start again if this "
        "belongs to the new one"
    )


def being_deleted(session_id: str) -> SessionNotFound:
    """The error of a write under a session whose deletion has begun."""
    return SessionNotFound(
        f"session {session_id!r} is being deleted: nothing was written; if the deletion was interrupted, "
        f"`houselights delete {session_id}` finishes it"
    )
