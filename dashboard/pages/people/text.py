"""What the People page says."""

from __future__ import annotations

from typing import Final

from audience.identity.records import Actor, Purpose
from audience.language import N_, gettext, ngettext

LEAD: Final = N_(
    "People who enrolled with consent, for one purpose and at some stages. Nobody else is recognised, but whoever is "
    "searched for on a legal basis."
)
NO_ROSTER: Final = N_(
    "There is no roster, so nobody is recognised anywhere. A roster is for one purpose, set up below."
)

PURPOSE_WORDS: Final[dict[Purpose, str]] = {
    "register": N_("A register of people"),
    "welcome desk": N_("A welcome desk"),
    "search": N_("Searches"),
    "panel": N_("A household panel"),
}
_ACTORS: Final[dict[Actor, str]] = {
    "organisation": N_("Organisation"),
    "law enforcement": N_("Law enforcement"),
}


def purpose_name(purpose: Purpose) -> str:
    """What a roster is for."""
    return gettext(PURPOSE_WORDS[purpose])


def actor_name(actor: Actor) -> str:
    """Who recognises."""
    return gettext(_ACTORS[actor])


def trail_note(entries: int, last_hash: str) -> str:
    """What is said under the trail."""
    if not entries:
        return gettext("Nothing was done yet.")
    return ngettext(
        "{count} entry; each holds the hash of the one before it. To be sure that none was taken off the end, note the "
        "last hash elsewhere: {hash}. Those of searches are not shown here.",
        "{count} entries; each holds the hash of the one before it. To be sure that none was taken off the end, note "
        "the last hash elsewhere: {hash}. Those of searches are not shown here.",
        entries,
        hash=last_hash,
    )
