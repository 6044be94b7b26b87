"""One viewer's edits of one stage, kept between runs of the page, and saving them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import streamlit as st

from audience.errors import ChangedMeanwhile
from audience.language import gettext
from audience.sessions import Session, Stage
from audience.timelines import Cue, Timeline
from dashboard.data import change_stage
from dashboard.pages.timeline.draft import Draft, Editing
from timeline_files.answers import Question


@dataclass(slots=True, kw_only=True)
class Desk:
    """A viewer's edits of one stage, and the state of the page.

    Attributes:
        editing: the draft and its steps.
        place: which of its timelines is in the table.
        laid: the draft as the tables were last laid out from it. A table keeps what is typed into it as changes to what
            it was given, so what it is given must not change with every letter.
        layout: counts how often they were; it names the tables, and a new name is a new table.
        incoming: a timeline out of a file or film that was looked at and not taken yet.
        arrivals: counts what came in; it names the field for its title, so that none is shown under an earlier one's.
        came_from: the upload that was read last, and the answers it was read with, so that it is read once for each.
        asked: what is unclear in what came in last, and may be answered or answered otherwise.
        answers: what the viewer answered.
        refused: why what came in last could not be taken; "" where it could.
        proposed: what is said of when it began, and the cues to take; None where it is not known.
        saved: whether anything was saved here.
        deck: name and bytes of the deck that came in last, which can be found in a recording; None for none.
        pictures: of the slides of decks that came in, by id; stored with the timelines whose segments name them.
        left_open: what was not found of it, in one line; "" for nothing.
        dragged: the last segment that was dragged and where to; None for none.
        taps: the seconds that were tapped last; none for none.
    """

    editing: Editing
    place: int = 0
    laid: Draft = field(default_factory=Draft)
    layout: int = 0
    incoming: Timeline | None = None
    arrivals: int = 0
    came_from: tuple[str, tuple[str, ...]] = ("", ())
    asked: tuple[Question, ...] = ()
    answers: tuple[str, ...] = ()
    refused: str = ""
    proposed: tuple[str, tuple[Cue, ...] | None] | None = None
    saved: bool = False
    deck: tuple[str, bytes] | None = None
    pictures: dict[str, bytes] = field(default_factory=dict)
    left_open: str = ""
    dragged: tuple[int, float] | None = None
    taps: list[float] = field(default_factory=list)

    @property
    def cues_table(self) -> str:
        """The key of the table of cues."""
        return f"cues-{self.layout}"

    def start(self, session: Session, stage: Stage) -> None:
        """Starts from what is stored."""
        self.editing = Editing.begun(session, stage)
        self.lay_out()

    def discard(self, session: Session, stage: Stage) -> None:
        """Returns to what is stored, as a step that can be undone."""
        self.editing = self.editing.discarded(session, stage)
        self.lay_out()

    def take(self, draft: Draft) -> None:
        """Applies one step, and shows it in the tables."""
        self.editing = self.editing.then(draft)
        self.lay_out()

    def undo(self) -> None:
        """Undoes one step, and shows it in the tables."""
        self.editing = self.editing.undone()
        self.lay_out()

    def choose(self, place: int) -> None:
        """Shows another timeline in the table."""
        self.place = place
        self.lay_out()

    def lay_out(self) -> None:
        """Fills the tables from the current draft."""
        self.laid = self.editing.now
        self.place = min(self.place, max(0, len(self.laid.sheets) - 1))
        self.layout += 1


def desk_of(session: Session, stage: Stage) -> Desk:
    """The viewer's desk for a stage; a new one where somebody else saved and the viewer has no edits to lose."""
    key = f"desk of {session.session_id} {stage.stage_id}"
    desk: Desk | None = st.session_state.get(key)
    if desk is None:
        desk = Desk(editing=Editing.begun(session, stage))
        desk.lay_out()
        st.session_state[key] = desk
    elif not desk.editing.changed and differs(desk.editing.read, stage):
        desk.start(session, stage)
    elif desk.cues_table not in st.session_state:
        # Streamlit forgets what was typed into tables that a run did not draw, as of another page or stage, or while
        # the store was away. The draft has it.
        desk.lay_out()
    return desk


def differs(one: Stage, other: Stage) -> bool:
    """Whether timelines or cues differ."""
    return (one.timelines, one.cues) != (other.timelines, other.cues)


def save(session_id: str, read: Stage, edited: Stage, pictures: Mapping[str, bytes]) -> Stage:
    """Stores a stage's timelines and cues, unless somebody else changed them since they were read.

    What else is known of the stage, such as exclusions, stays as it is in the store. The store has no way of comparing
    and writing at once, so two who save in the same few milliseconds do not notice each other.

    Args:
        session_id: whose stage.
        read: the stage as it was when editing began.
        edited: with the timelines and cues to store.
        pictures: of slides, by id; those that its segments name are kept.

    Returns:
        The stage as it is stored now.

    Raises:
        ChangedMeanwhile: its timelines or cues are not those that were read.
        InvalidValue: the stage is not there any more.
    """

    def changed(there: Stage) -> Stage:
        if differs(there, read):
            raise ChangedMeanwhile(
                gettext(
                    "Somebody else changed what was shown on this stage since you opened it, so nothing was saved. "
                    "Download your timeline as CSV if you want to keep it, then discard your changes to see theirs."
                )
            )
        return replace(there, timelines=edited.timelines, cues=edited.cues)

    return change_stage(session_id, read.stage_id, changed, pictures)
