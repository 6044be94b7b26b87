"""Writing what was edited into the store."""

from __future__ import annotations

from dataclasses import replace

from audience.errors import ChangedMeanwhile
from audience.sessions import Stage
from dashboard.data import change_stage
from dashboard.pages.timeline.desk import differs


def save(session_id: str, read: Stage, edited: Stage) -> Stage:
    """Stores a stage's timelines and cues, unless somebody else changed them since they were read.

    What else is known of the stage, such as exclusions, stays as it is in the store. The store has no way of comparing
    and writing at once, so two who save in the same few milliseconds are not told of each other.

    Args:
        session_id: whose stage.
        read: the stage as it was when editing began.
        edited: with the timelines and cues to store.

    Returns:
        The stage as it is stored now.

    Raises:
        ChangedMeanwhile: its timelines or cues are not those that were read.
        InvalidValue: the stage is not there any more.
    """

    def changed(there: Stage) -> Stage:
        if differs(there, read):
            raise ChangedMeanwhile(
                "Somebody else changed what was shown on this stage since you opened it, so nothing was saved. "
                "Download your timeline as CSV if you want to keep it, then discard your changes to see theirs."
            )
        return replace(there, timelines=edited.timelines, cues=edited.cues)

    return change_stage(session_id, read.stage_id, changed)
