"""Windows and reviews of what a store holds, for commands: a review with all that a page's knows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from audience.faces import LEAD_EXPRESSION
from audience.monitoring.cameras import is_receiving
from audience.reaction.curve import StageWindows, stage_windows
from audience.reaction.review import Review, review_of
from audience.sessions import Session, Stage
from audience.store import Store
from audience.time import to_ms


def stored_windows(store: Store, session: Session, stage: Stage, *, min_faces: int | None = None) -> StageWindows:
    """The windows of a stage.

    Args:
        store: the store.
        session: the session.
        stage: of that session.
        min_faces: figures over fewer faces are withheld; None for the default of the stage.
    """
    key = session.session_id, stage.stage_id
    return stage_windows(session, stage, store.cameras(*key), store.windows(*key), min_faces=min_faces)


def stored_reviews(
    store: Store, session: Session, stages: Iterable[Stage], expression: str = LEAD_EXPRESSION
) -> list[Review]:
    """The reviews of some stages of a session.

    Args:
        store: the store.
        session: the session.
        stages: of that session, in the order wanted.
        expression: the requested expression.
    """
    session_id = session.session_id
    scorers, recordings = store.scorers(session_id), store.recordings(session_id)
    heartbeats = store.heartbeats(session_id)
    live = is_receiving(session, heartbeats, to_ms(datetime.now(UTC)))
    return [
        review_of(
            stored_windows(store, session, stage),
            expression,
            scorers=scorers,
            recordings=recordings,
            heartbeats=heartbeats,
            live=live,
            transcript=store.transcript(session_id, stage.stage_id),
        )
        for stage in stages
    ]
