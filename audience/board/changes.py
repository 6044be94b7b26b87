"""What changed on a stage within five minutes: as short notes that a page says in the visitor's language."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from audience.board.liveliness import LIVELY
from audience.language import gettext, whole

NoteKind = Literal[
    "more smile",
    "fewer smile",
    "more look surprised",
    "fewer look surprised",
    "set began",
    "set ended",
    "more in view",
    "fewer in view",
    "others fell",
    "others rose",
]
NOTE_KINDS: tuple[str, ...] = get_args(NoteKind)

MOST_NOTES = 2
_MORE_FACES = 1.5
_MANY_PLACES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A stage now and five minutes ago.

    Attributes:
        direction: direction of its figure: "up", "down" or "steady".
        places: places gained; negative for places lost.
        lead, lead_before: index into `LIVELY` of the strongest expression; -1 without a figure.
        faces, faces_before: mean number of faces in view; NaN if no camera recorded.
        playing, playing_before: title of the current set; "" between sets.
    """

    direction: str
    places: int
    lead: int
    lead_before: int
    faces: float
    faces_before: float
    playing: str
    playing_before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing that changed.

    Attributes:
        kind: what.
        title: of the set that began or ended.
        faces, faces_before: of "more in view" and "fewer in view"; else 0.
    """

    kind: NoteKind
    title: str = ""
    faces: int = 0
    faces_before: int = 0


def notes_of(change: Change) -> tuple[Note, ...]:
    """At most two notes on a change; none if nothing notable changed."""
    notes = [note for note in (_expression_note(change), _set_note(change), _in_view_note(change)) if note]
    if not notes and abs(change.places) >= _MANY_PLACES:
        notes = [Note(kind="others fell" if change.places > 0 else "others rose")]
    return tuple(notes[:MOST_NOTES])


def notes_text(notes: Sequence[Note]) -> str:
    """Notes in the reader's language, such as "more faces smile, “Ada & the Looms” began"."""
    return ", ".join(map(_text, notes))


def _text(note: Note) -> str:
    match note.kind:
        case "more smile":
            return gettext("more faces smile")
        case "fewer smile":
            return gettext("fewer faces smile")
        case "more look surprised":
            return gettext("more faces look surprised")
        case "fewer look surprised":
            return gettext("fewer faces look surprised")
        case "set began":
            return gettext("“{title}” began", title=note.title)
        case "set ended":
            return gettext("“{title}” ended", title=note.title)
        case "more in view":
            return gettext(
                "more faces in view ({count}, {before} five minutes ago)",
                count=whole(note.faces),
                before=whole(note.faces_before),
            )
        case "fewer in view":
            return gettext(
                "fewer faces in view ({count}, {before} five minutes ago)",
                count=whole(note.faces),
                before=whole(note.faces_before),
            )
        case "others fell":
            return gettext("moved up as others fell")
        case "others rose":
            return gettext("moved down as others rose")


def _expression_note(change: Change) -> Note | None:
    if change.direction == "steady":
        return None
    up = change.direction == "up"
    lead = change.lead if up else change.lead_before
    if lead >= 0 and LIVELY[lead] == "surprised":
        return Note(kind="more look surprised" if up else "fewer look surprised")
    return Note(kind="more smile" if up else "fewer smile")


def _set_note(change: Change) -> Note | None:
    if change.playing == change.playing_before:
        return None
    if change.playing:
        return Note(kind="set began", title=change.playing)
    return Note(kind="set ended", title=change.playing_before)


def _in_view_note(change: Change) -> Note | None:
    now, before = change.faces, change.faces_before
    if math.isnan(now) or math.isnan(before) or min(now, before) < 1:
        return None
    if now >= _MORE_FACES * before:
        return Note(kind="more in view", faces=round(now), faces_before=round(before))
    if before >= _MORE_FACES * now:
        return Note(kind="fewer in view", faces=round(now), faces_before=round(before))
    return None
