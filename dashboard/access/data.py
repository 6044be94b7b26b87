"""Opens the store as the current viewer may see it: the one place from which pages and routes open it."""

from __future__ import annotations

from functools import lru_cache

from audience.store import Store
from audience.stores import open_store as open_whole_store
from dashboard.access.guarded_store import GuardedStore
from dashboard.access.identity import permit
from dashboard.access.permits import EVERYTHING, Permit


def open_store(url: str) -> Store:
    """Opens the store a URL names, guarded for the current viewer; see `audience.stores.open_store`."""
    asking = permit()
    store = open_whole_store(url)
    return store if asking is EVERYTHING else GuardedStore(store, asking)


def may_play(url: str, asking: Permit, fingerprint: str, now_ms: int) -> bool:
    """Whether a recording belongs to a session whose recordings may be shown to somebody.

    A player asks for a recording in many parts, so what was found holds until the minute is over.
    """
    if asking.is_at_least("analyst"):
        return True
    return asking.lets_in and _plays(url, asking, fingerprint, now_ms // 60_000)


@lru_cache(maxsize=1024)
def _plays(url: str, asking: Permit, fingerprint: str, _minute: int) -> bool:
    with GuardedStore(open_whole_store(url), asking) as store:
        shown = [session.session_id for session in store.sessions() if asking.plays(session.session_id)]
        return any(one.fingerprint == fingerprint for session_id in shown for one in store.recordings(session_id))
