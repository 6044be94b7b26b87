"""Pictures of slides, kept beside a stage's timelines, so that a report shows what was shown.

They are drawn from the deck that was put in, never taken from a recording. A segment names its picture by an id made of
the picture's content, so it stays with its slide however that is renamed, moved or shown again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from audience.sessions import Stage
    from audience.store import Store

LARGEST_PICTURE: Final = 200_000
"""Bytes of one picture; an item of DynamoDB has 400 kB."""

MOST_PICTURES: Final = 500
"""Pictures of one stage; a longer deck keeps those of its first slides."""


def picture_id(jpeg: bytes) -> str:
    """The id of a picture: 32 hexadecimal digits."""
    return hashlib.sha256(jpeg).hexdigest()[:32]


def keep_pictures(store: Store, session_id: str, stage: Stage, added: Mapping[str, bytes]) -> None:
    """Stores the pictures that a stage's segments name, and removes those that none names any more.

    Args:
        store: the store.
        session_id: of the stage's session.
        stage: as it was stored just now.
        added: pictures by id that the store may not have; those that no segment names are left out.

    Raises:
        SessionNotFound, StoreUnavailable: see `Store`.
    """
    named = {segment.picture for timeline in stage.timelines for segment in timeline.segments} - {""}
    there = store.slide_pictures(session_id, stage.stage_id)
    wanted = {one: jpeg for one, jpeg in {**there, **added}.items() if one in named}
    wanted = dict(list(wanted.items())[:MOST_PICTURES])
    if wanted.keys() != there.keys():
        store.put_slide_pictures(session_id, stage.stage_id, wanted)
