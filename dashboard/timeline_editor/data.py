"""Writing what was edited into the store."""

from __future__ import annotations

from dataclasses import replace

from audience.errors import ChangedMeanwhile
from audience.sessions import Stage
from dashboard.access.data import open_store
from dashboard.data import store_url


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
        ChangedMeanwhile: its timelines or cues are not those that were read, or the stage is gone.
    """
    with open_store(store_url()) as store:
        there = next((one for one in store.stages(session_id) if one.stage_id == read.stage_id), None)
        if there is None or (there.timelines, there.cues) != (read.timelines, read.cues):
            raise ChangedMeanwhile(
                "Somebody else changed what was shown on this stage since you opened it, so nothing was saved. "
                "Download your timeline as CSV if you want to keep it, then discard your changes to see theirs."
            )
        saved = replace(there, timelines=edited.timelines, cues=edited.cues)
        store.put_stage(session_id, saved)
    return saved
