"""Recomputes roll-ups and overviews for items of the table that changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from audience.errors import SessionNotFound
from audience.rollups import TEN_MINUTES_MS
from audience.sessions import Camera, Session, overlapping
from audience.stores.dynamo import DynamoStore
from audience.stores.dynamo_rollups import ChangedKeys
from audience.stores.overviews import overview_from

FEW_STAGES: Final = 4
"""Up to this many stages a session's overview is renewed whenever one of them changed; of more, every ten minutes while
it runs, because it reads the roll-ups of all of them."""


def renew(store: DynamoStore, keys: Iterable[tuple[str, str]], now_ms: Callable[[], int]) -> int:
    """Recomputes what changed items change; the same keys once more change nothing.

    Args:
        store: the store of the table.
        keys: keys (pk, sk) of items that were written or deleted.
        now_ms: the wall clock, milliseconds since the epoch.

    Returns:
        The number of minutes that were recomputed. What belongs to deleted sessions is left out.

    Raises:
        StoreUnavailable: the store cannot be used; the call can be repeated.
    """
    changed = ChangedKeys(keys)
    minutes = 0
    for session_id, stage_id in sorted(changed.stages):
        changed.minutes[session_id, stage_id] |= _of_other_overlaps(store, session_id, stage_id)
    for (session_id, stage_id), starts in sorted(changed.minutes.items()):
        with suppress(SessionNotFound):
            cameras = store.cameras(session_id, stage_id)
            store.rolling.renew(session_id, stage_id, starts, cameras)
            if (session_id, stage_id) in changed.stages:
                store.rolling.put_overlaps(session_id, stage_id, _overlaps(cameras))
            minutes += len(starts)
    recorded: dict[str, int] = {}
    for (session_id, _), starts in changed.minutes.items():
        recorded[session_id] = min(recorded.get(session_id, now_ms()), min(starts, default=now_ms()))
    for session_id in sorted(changed.sessions | recorded.keys()):
        with suppress(SessionNotFound):
            session = store.session(session_id)
            described = session_id in changed.sessions
            if described or _is_due(store, session, recorded[session_id], now_ms()):
                renew_overview(store, session, now_ms())
    return minutes


def renew_session(store: DynamoStore, session: Session, now_ms: int) -> None:
    """Recomputes all roll-ups of a session and its overview; nothing if it was deleted meanwhile.

    Raises:
        StoreUnavailable: the store cannot be used.
    """
    with suppress(SessionNotFound):
        for stage_id in store.recorded_stages(session.session_id):
            cameras = store.cameras(session.session_id, stage_id)
            minutes = store.rolling.recorded_minutes(session.session_id, stage_id)
            store.rolling.renew(session.session_id, stage_id, minutes, cameras)
            store.rolling.put_overlaps(session.session_id, stage_id, _overlaps(cameras))
        renew_overview(store, session, now_ms)


def renew_overview(store: DynamoStore, session: Session, now_ms: int) -> None:
    """Makes the overview of a session: exactly, from its windows, once it has ended and if it is short.

    Raises:
        SessionNotFound: the session does not exist, or was deleted.
        StoreUnavailable: the store cannot be used.
    """
    # While it runs its windows would be read again with each that is added.
    overview = overview_from(store, session, exact=session.ended_at is not None)
    store.rolling.put_overview(session.session_id, overview, now_ms)


def _is_due(store: DynamoStore, session: Session, oldest_ms: int, now_ms: int) -> bool:
    """Whether the overview of a session must be made anew for windows that changed."""
    if session.ended_at is not None or len(store.stages(session.session_id)) <= FEW_STAGES:
        return True
    made_ms = store.rolling.overview_read_ms(session.session_id)
    return (
        made_ms is None
        or min(oldest_ms, made_ms) // TEN_MINUTES_MS < made_ms // TEN_MINUTES_MS
        or (made_ms // TEN_MINUTES_MS < now_ms // TEN_MINUTES_MS)
    )


def _of_other_overlaps(store: DynamoStore, session_id: str, stage_id: str) -> set[int]:
    """All recorded minutes of a stage whose cameras overlap differently than when it was rolled up; else none."""
    before = store.rolling.overlaps(session_id, stage_id)
    if before == _overlaps(store.cameras(session_id, stage_id)):
        return set()
    return store.rolling.recorded_minutes(session_id, stage_id)


def _overlaps(cameras: Iterable[Camera]) -> str:
    """The overlaps of cameras, as text to compare; "" for none."""
    pairs = sorted(sorted(pair) for pair in overlapping(cameras))
    return json.dumps(pairs) if pairs else ""
