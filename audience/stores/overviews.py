"""What lists show of sessions: the words they are found by, and the overview of one, made from its roll-ups."""

from __future__ import annotations

import re
from typing import Final

from audience.errors import InvalidValue
from audience.reaction.curve import stage_windows
from audience.reaction.overview import overview_of, overview_of_rollups
from audience.rollups import TEN_MINUTES_MS
from audience.sessions import HOUR_MS, MINUTE_MS, Session
from audience.store import Overview, Store

EXACT_RECORDS: Final = 20_000
"""The most windows of a session that its overview is made from; of a longer one it is made from roll-ups."""

_MOST_MINUTES = 20_000
_LONGEST_WORD = 40
_MOST_WORDS = 40


def search_words(text: str) -> list[str]:
    """The words of a text as they are compared: without case, signs or repetition, sorted."""
    return sorted({word[:_LONGEST_WORD] for word in re.findall(r"\w+", text.casefold())})


def words_of(session: Session) -> list[str]:
    """The words that a session is found by, sorted; at most `_MOST_WORDS`, its kind first, then those of its title."""
    said = (session.kind, session.title, session.session_id, session.film, session.cut, session.city, *session.tags)
    more = (session.mode if session.mode == "head count" else "", "simulated" if session.simulated else "")
    found = dict.fromkeys(word for text in (*said, *more) for word in search_words(text))
    return sorted(list(found)[:_MOST_WORDS])


def matches(session: Session, words: str) -> bool:
    """Whether each word of a search begins a word that the session is found by."""
    said = words_of(session)
    return all(any(one.startswith(word) for one in said) for word in search_words(words))


def overview_from(store: Store, session: Session, *, exact: bool = True) -> Overview:
    """Makes the overview of a session: from its windows where there are few, else from its roll-ups.

    Only windows can say which figures of small rooms may be shown; roll-ups leave them out.

    Args:
        store: where the session is.
        session: the session.
        exact: whether windows may be read.

    Raises:
        StoreUnavailable: the store cannot be read.
    """
    session_id = session.session_id
    stages = store.stages(session_id)
    try:
        tens = [store.rollups(session_id, stage.stage_id, width_ms=TEN_MINUTES_MS) for stage in stages]
        if exact:
            cameras = [store.cameras(session_id, stage.stage_id) for stage in stages]
            windows = [
                int(ten.spans.sum()) * max(1, len(of_stage)) for ten, of_stage in zip(tens, cameras, strict=True)
            ]
            if sum(windows) <= EXACT_RECORDS:
                laid_out = [
                    stage_windows(session, stage, of_stage, store.windows(session_id, stage.stage_id))
                    for stage, of_stage in zip(stages, cameras, strict=True)
                ]
                return overview_of(session, laid_out)
        hours = max((int(ten.start_ms[-1] - ten.start_ms[0]) / HOUR_MS for ten in tens if len(ten)), default=0.0)
        if hours <= 12 and sum(10 * len(ten) for ten in tens) <= _MOST_MINUTES:
            tens = [store.rollups(session_id, stage.stage_id, width_ms=MINUTE_MS) for stage in stages]
        return overview_of_rollups(session, list(zip(stages, tens, strict=True)))
    except InvalidValue:  # windows of different widths, which pages of the session itself say
        return Overview(stages=len(stages), stage=stages[0].name if len(stages) == 1 else "", recorded=True)
