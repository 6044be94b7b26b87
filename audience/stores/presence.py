"""What a store says to those who write under a session that is not there (any more), the same in every store.

Where the store lies is not said: pages show these lines to people who need not know.
"""

from __future__ import annotations

from audience.errors import SessionNotFound


def nothing_written(session_id: str) -> SessionNotFound:
    """The error of a write under a session that is not there."""
    return SessionNotFound(
        f"session {session_id!r} is not in the store, or was deleted meanwhile: nothing was written; set it up anew if "
        "it is to go on"
    )


def set_up_anew(session_id: str) -> SessionNotFound:
    """The error of a write under a session that was deleted and set up anew since the writer looked at it."""
    return SessionNotFound(
        f"session {session_id!r} was deleted and set up anew meanwhile: nothing was written; begin again if this "
        "belongs to the new one"
    )


def being_deleted(session_id: str) -> SessionNotFound:
    """The error of a write under a session whose deletion has begun."""
    return SessionNotFound(
        f"session {session_id!r} is being deleted: nothing was written; where that was interrupted, `houselights "
        f"delete {session_id}` finishes it"
    )
