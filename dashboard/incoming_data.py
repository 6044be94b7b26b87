"""The recordings that were brought to the store of these pages."""

from __future__ import annotations

from functools import lru_cache

from audience.incoming import DAY_MS, UNFINISHED_MS, IncomingRecordings
from audience.stores import recordings_folder
from dashboard.access.data import open_store
from dashboard.access.identity import asked_as
from dashboard.access.permits import EVERYTHING
from dashboard.access.upload_room import upload_rules
from dashboard.data import store_url


def incoming() -> IncomingRecordings:
    """Those of the store that the pages show; whoever calls decides who may know of them."""
    return _incoming(store_url())


@lru_cache(maxsize=4)
def _incoming(url: str) -> IncomingRecordings:
    """One for each store: it knows what it read before."""
    return IncomingRecordings(recordings_folder(url))


def tidied(now_ms: int) -> None:
    """Removes uploads that were not finished, recordings whose time is over, and those of deleted sessions.

    Args:
        now_ms: the wall clock, milliseconds since the epoch.

    Raises:
        HouselightsError: the access settings or the store cannot be read.
    """
    rules, brought = upload_rules(), incoming()
    brought.tidy(now_ms, round(rules.unfinished_days * DAY_MS) if rules else UNFINISHED_MS)
    if scored := [one for one in brought.all() if one.step == "done"]:
        with asked_as(EVERYTHING, open_store)(store_url()) as store:
            there = {session.session_id for session in store.sessions()}
        for one in scored:
            if one.request.session_id not in there:
                brought.remove(one.request.recording_id)
