"""By what sessions are found: film, cut, city, kind, tags, dates and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Literal, get_args

from audience.sessions import Session

Facet = Literal["film", "cut", "city", "kind", "tag"]
FACETS: tuple[Facet, ...] = get_args(Facet)


def values_of(session: Session, facet: Facet) -> tuple[str, ...]:
    """What a session says of a facet; nothing where it says nothing."""
    if facet == "tag":
        return session.tags
    value: str = getattr(session, facet)
    return (value,) if value else ()


def values(sessions: Iterable[Session], facet: Facet) -> list[str]:
    """Everything that sessions say of a facet, in alphabetical order."""
    return sorted({value for session in sessions for value in values_of(session, facet)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """What is looked for; what is left empty is not asked.

    Attributes:
        wanted: by facet, values of which a session must have one.
        words: each must stand in the session's title, id, film, cut, city or tags.
        since, until: first and last day it may begin on, in `zone`.
        zone: the viewer's.
    """

    wanted: Mapping[Facet, Sequence[str]]
    words: str = ""
    since: date | None = None
    until: date | None = None
    zone: tzinfo

    def admits(self, session: Session) -> bool:
        """Whether a session is what is looked for."""
        for facet, wanted in self.wanted.items():
            if wanted and not set(wanted) & set(values_of(session, facet)):
                return False
        began = session.started_at.astimezone(self.zone).date()
        if (self.since and began < self.since) or (self.until and began > self.until):
            return False
        told = (session.title, session.session_id, session.film, session.cut, session.city, *session.tags)
        text = " ".join(told).casefold()
        return all(word in text for word in self.words.casefold().split())


def most_shown_film(sessions: Iterable[Session]) -> str | None:
    """The film with the most sessions, the first by name of several; None where none was shown twice."""
    shown = Counter(session.film for session in sessions if session.film)
    film, times = min(shown.items(), key=lambda one: (-one[1], one[0]), default=("", 0))
    return film if times > 1 else None
