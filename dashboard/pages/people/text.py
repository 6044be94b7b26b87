"""What the People page says."""

from __future__ import annotations

from typing import Final

from audience.identity.records import Purpose

LEAD: Final = (
    "People who enrolled with consent, for one purpose and at some stages. Nobody else is recognised, but whoever is "
    "searched for on a legal basis."
)
NO_ROSTER: Final = "There is no roster, so nobody is recognised anywhere. A roster is for one purpose, set up below."

PURPOSE_WORDS: Final[dict[Purpose, str]] = {
    "register": "a register of people",
    "welcome desk": "a welcome desk",
    "search": "searches",
    "panel": "a household panel",
}


def trail_note(entries: int, last_hash: str) -> str:
    """What is said under the trail."""
    if not entries:
        return "Nothing was done yet."
    return (
        f"{entries} entries; each holds the hash of the one before it. To be sure that none was taken off the end, "
        f"note the last hash elsewhere: {last_hash}. Those of searches are not shown here."
    )
