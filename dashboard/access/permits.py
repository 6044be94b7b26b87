"""Roles and permits: what a viewer may see and do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal, get_args

Role = Literal["viewer", "analyst", "operator", "admin"]
# Each may what the one before may.
ROLES: Final[tuple[str, ...]] = get_args(Role)

Duty = Literal["people", "desk", "request", "approve", "confirm"]
DUTIES: Final[tuple[str, ...]] = get_args(Duty)
"""What somebody may do with people who enrolled or are searched for. No role includes any of them: they are given one
by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """What one person, or the holder of a link, may see and do.

    Attributes:
        role: None for those who have none: a stranger, or somebody whom only links let in.
        own: ids of a viewer's sessions, or patterns of ids (`keynote-*`); other roles see every session.
        linked: ids of sessions that links open.
        linked_recordings: those of them whose recordings they open too.
        festivals_only: sees the sessions that have a public board, and nothing else.
        brings: may bring recordings to be scored, as far as there is room.
        duties: "people" (enrols, withdraws), "desk" (sees who comes in), "request", "approve", "confirm" (searches).
    """

    role: Role | None = None
    own: tuple[str, ...] = ()
    linked: frozenset[str] = frozenset()
    linked_recordings: frozenset[str] = frozenset()
    festivals_only: bool = False
    brings: bool = False
    duties: frozenset[Duty] = frozenset()

    @property
    def lets_in(self) -> bool:
        """Whether it allows anything."""
        return self.role is not None or bool(self.linked)

    @property
    def named_sessions(self) -> frozenset[str] | None:
        """The ids of all sessions it may see, of a viewer or of links; None where only a look at each can say."""
        if self.festivals_only or self.is_at_least("analyst") or any(set("*?[") & set(one) for one in self.own):
            return None
        return self.linked | frozenset(self.own if self.role == "viewer" else ())

    def is_at_least(self, role: Role) -> bool:
        """Whether its role is this one or a higher one."""
        return self.role is not None and ROLES.index(self.role) >= ROLES.index(role)

    def sees(self, session_id: str, kind: str) -> bool:
        """Whether a session may be shown.

        Args:
            session_id: which.
            kind: of session.
        """
        if self.festivals_only:
            return kind == "festival"
        return session_id in self.linked or self._has(session_id)

    def plays(self, session_id: str) -> bool:
        """Whether a session's recordings, in which people can be recognised, may be shown."""
        return session_id in self.linked_recordings or self._has(session_id)

    def _has(self, session_id: str) -> bool:
        return self.is_at_least("analyst") or (
            self.role == "viewer" and any(fnmatchcase(session_id, pattern) for pattern in self.own)
        )


EVERYTHING: Final = Permit(role="admin", brings=True, duties=frozenset({"people", "desk"}))
"""Of the person at this machine, who could open the store itself. Alone, nobody can search for anybody."""

THE_PUBLIC: Final = Permit(festivals_only=True)
"""Of whoever opens a festival's board."""


def joined(permits: Iterable[Permit]) -> Permit:
    """The union of several permits; an empty permit where there are none."""
    found = list(permits)
    roles = [permit.role for permit in found if permit.role is not None]
    return Permit(
        role=max(roles, key=ROLES.index, default=None),
        own=tuple(pattern for permit in found for pattern in permit.own),
        linked=frozenset().union(*(permit.linked for permit in found)),
        linked_recordings=frozenset().union(*(permit.linked_recordings for permit in found)),
        brings=any(permit.brings for permit in found),
        duties=frozenset().union(*(permit.duties for permit in found)),
    )
