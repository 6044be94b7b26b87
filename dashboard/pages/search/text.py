"""What the Search page says."""

from __future__ import annotations

from typing import Final

from audience.identity.audit import AuditEntry
from audience.identity.records import Sighting
from audience.identity.searches import SightingState, State
from audience.language import N_, decimal, gettext, ngettext

LEAD: Final = N_(
    "Looking for a missing person: one person asks, another approves, and two more look at what a camera saw before "
    "anybody is notified."
)
NONE_HERE: Final = N_(
    "There are no searches here. They need a server where people sign in, and a roster for searches; nobody can search "
    "alone."
)
PRETEND: Final = N_("A demonstration with pretend people: here you play all four parts.")
NOTHING_WAITS: Final = N_("Nothing waits for approval.")
NOTHING_TO_LOOK_AT: Final = N_("Nothing waits for you to look at.")
ASKED_FOR: Final = N_("Asked for. Nobody is looked for until another person approves it.")
NEEDS_PHOTO: Final = N_("A search needs a photo of the face.")
LOOK_ALONE: Final = N_("Look by yourself: what others say of it is not shown to you.")

STATES: Final[dict[State, str]] = {
    "unseen": N_("waiting for two people to look"),
    "waiting": N_("one says it is them; waiting for a second"),
    "confirmed": N_("confirmed by two people"),
    "rejected": N_("rejected as somebody else"),
}


_ENDED: Final = {
    "found": N_("found"),
    "withdrawn": N_("withdrawn"),
    "expired": N_("expired"),
    "refused": N_("refused"),
}
"""How a search ended, by the word of its record."""


def how_sure(sighting: Sighting) -> str:
    """How far a camera's match can be believed, in words."""
    found = {"pictures": sighting.crops, "similarity": decimal(sighting.similarity, 3)}
    if sighting.runner_up is None:
        line = gettext("The mean of {pictures} pictures has a similarity of {similarity}.", **found)
    else:
        line = gettext(
            "The mean of {pictures} pictures has a similarity of {similarity}; the next most similar on this list has "
            "{runner_up}.",
            runner_up=decimal(sighting.runner_up, 3),
            **found,
        )
    more = gettext(
        "Of 1,000 strangers who pass, one to three are as much like somebody on such a list (measured on photographs, "
        "lists of 50 and 200); where many pass, most sightings are of somebody else. Decide by what you see, and say "
        "no when in doubt."
    )
    return f"{line} {more}"


def outcome(state: SightingState) -> str:
    """What became of a sighting and, once it is settled, by whom."""
    verdict = {"confirmed": "same person", "rejected": "somebody else"}.get(state.state)
    by = ", ".join(one.by for one in state.confirmations if one.verdict == verdict)
    return gettext(STATES[state.state]) + (f": {by}" if by else "")


def times_seen(count: int) -> str:
    """How often somebody was seen."""
    return ngettext("seen once", "seen {count} times", count) if count else gettext("not seen yet")


def ended_line(entry: AuditEntry) -> str:
    """One search that has ended."""
    action = entry.action.removeprefix("search ")
    name = gettext(_ENDED[action]) if action in _ENDED else action
    return f"{entry.at:%Y-%m-%d %H:%M} UTC: {name} ({entry.subject_id})"
