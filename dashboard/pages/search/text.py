"""What the Search page says."""

from __future__ import annotations

from typing import Final

from audience.identity.audit import AuditEntry
from audience.identity.records import Sighting
from audience.identity.searches import SightingState, State

LEAD: Final = (
    "Looking for a missing person: one person asks, another approves, and two more look at what a camera saw before "
    "anybody is notified."
)
NONE_HERE: Final = (
    "There are no searches here. They need a server where people sign in, and a roster for searches; nobody can search "
    "alone."
)
PRETEND: Final = "A demonstration with pretend people: here you play all four parts."
NOTHING_WAITS: Final = "Nothing waits for approval."
NOTHING_TO_LOOK_AT: Final = "Nothing waits for you to look at."
ASKED_FOR: Final = "Asked for. Nobody is looked for until another person approves it."
NEEDS_PHOTO: Final = "A search needs a photo of the face."
LOOK_ALONE: Final = "Look by yourself: what others say of it is not shown to you."

STATES: Final[dict[State, str]] = {
    "unseen": "waiting for two people to look",
    "waiting": "one says it is them; waiting for a second",
    "confirmed": "confirmed by two people",
    "rejected": "rejected as somebody else",
}


def how_sure(sighting: Sighting) -> str:
    """How far a camera's match can be believed, in words."""
    runner_up = (
        f"; the next most similar on this list has {sighting.runner_up:.3f}" if sighting.runner_up is not None else ""
    )
    return (
        f"The mean of {sighting.crops} pictures has a similarity of {sighting.similarity:.3f}{runner_up}. Of 1,000 "
        "strangers who pass, one to three are as much like somebody on such a list (measured on photographs, lists of "
        "50 and 200); where many pass, most sightings are of somebody else. Decide by what you see, and say no when in "
        "doubt."
    )


def outcome(state: SightingState) -> str:
    """What became of a sighting and, once it is settled, by whom."""
    verdict = {"confirmed": "same person", "rejected": "somebody else"}.get(state.state)
    by = ", ".join(one.by for one in state.confirmations if one.verdict == verdict)
    return STATES[state.state] + (f": {by}" if by else "")


def times_seen(count: int) -> str:
    """How often somebody was seen."""
    return {0: "not seen yet", 1: "seen once"}.get(count, f"seen {count} times")


def ended_line(entry: AuditEntry) -> str:
    """One search that has ended."""
    return f"{entry.at:%Y-%m-%d %H:%M} UTC: {entry.action.removeprefix('search ')} ({entry.subject_id})"
