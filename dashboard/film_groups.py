"""Sessions of one film, drawn together in a list: a film that was screened two dozen times is one line of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from audience.sessions import Session
from dashboard.wording import kind_words

# A talk given twice is found sooner as two lines.
LEAST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmGroup:
    """The sessions of one film, the latest first; `LEAST` of them at the least."""

    sessions: tuple[Session, ...]

    @property
    def film(self) -> str:
        """What was shown in all of them."""
        return self.sessions[0].film

    def labels(self) -> list[str]:
        """What kind of sessions they are, as far as all are alike."""
        said = [kind_words(session) for session in self.sessions]
        return [word for word in said[0] if all(word in words for words in said)]

    def facts(self, zone: tzinfo) -> list[str]:
        """How many, of how many cuts, where and when."""
        cuts = len({session.cut for session in self.sessions if session.cut})
        cities = sorted({session.city for session in self.sessions if session.city})
        first, last = (self.sessions[place].started_at.astimezone(zone) for place in (-1, 0))
        return [
            counted(self.sessions),
            *([f"{cuts} cuts"] if cuts > 1 else []),
            *([", ".join(cities) if len(cities) <= 4 else f"{len(cities)} cities"] if cities else []),
            f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}",
        ]

    def by_cut(self) -> Iterator[tuple[str, list[Session]]]:
        """The sessions of each cut, by its name; those of no cut come last under the empty one."""
        cuts: defaultdict[str, list[Session]] = defaultdict(list)
        for session in self.sessions:
            cuts[session.cut].append(session)
        yield from sorted(cuts.items(), key=lambda item: (not item[0], item[0]))


def grouped(sessions: Sequence[Session]) -> list[Session | FilmGroup]:
    """What a list shows, one line each.

    Args:
        sessions: the latest first.

    Returns:
        In the same order; a film's group stands where its latest session would.
    """
    by_film: defaultdict[str, list[Session]] = defaultdict(list)
    for session in sessions:
        by_film[session.film].append(session)
    lines: list[Session | FilmGroup] = []
    for session in sessions:
        of_film = by_film[session.film]
        if not session.film or len(of_film) < LEAST:
            lines.append(session)
        elif session is of_film[0]:
            lines.append(FilmGroup(sessions=tuple(of_film)))
    return lines


def counted(sessions: Sequence[Session]) -> str:
    """How many sessions there are, by their kind where it is one."""
    noun = "screening" if {session.kind for session in sessions} == {"screening"} else "session"
    return f"{len(sessions)} {noun}{'s' if len(sessions) > 1 else ''}"
