"""What the Compare and Scenes pages read: the stages of many sessions at once.

Windows are kept until something about their session changes, and those of `MOST_KEPT` stages at most, so that a large
archive does not fill the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from audience.faces import WindowFaces
from audience.reaction.curve import StageWindows
from audience.scorers import scorers_of
from audience.sessions import Session, Stage
from audience.store import ScorerRecord
from dashboard import data
from dashboard.access.data import open_store
from dashboard.data import SessionFile
from dashboard.pages.screenings import Screening

MOST_KEPT = 128

# For so long nobody asks again whether a session has changed, or whether records came in unnoticed.
_FILE_S, _WINDOWS_S = 5, 300


def screenings(chosen: Sequence[Session], on_progress: Callable[[float], None]) -> list[Screening]:
    """Every stage of some sessions, in their order, recorded or not.

    Args:
        chosen: which sessions.
        on_progress: called after each session with the part of them that was read, 0..1.

    Raises:
        SessionNotFound: one was deleted meanwhile.
    """
    found = []
    for number, session in enumerate(chosen, start=1):
        url = data.store_url()
        file = _file(url, session.session_id)
        for stage in file.stages:
            windows = _windows(url, file.marks, stage.stage_id, file, stage)
            scorers = [file.scorers[name] for name in windows.table.scorers if name in file.scorers]
            found.append(
                Screening(
                    session=file.session,
                    stage=stage,
                    cameras=tuple(file.cameras[stage.stage_id]),
                    windows=windows,
                    experimental=frozenset(name for scorer in scorers for name in scorer.experimental),
                    stages=len(file.stages),
                )
            )
        on_progress(number / len(chosen))
    return found


def faces(screening: Screening) -> list[WindowFaces]:
    """The single faces behind a screening's windows; none where they are not kept any more."""
    with open_store(data.store_url()) as store:
        return store.faces(screening.session.session_id, screening.stage.stage_id)


def scorers(screenings: Sequence[Screening]) -> dict[str, ScorerRecord]:
    """The scorers that some screenings may have figures of, by name."""
    with open_store(data.store_url()) as store:
        return scorers_of(store, {screening.session.session_id for screening in screenings})


# Kept as they are, not copied for every viewer: nothing in them is ever written to.
@st.cache_resource(ttl=_FILE_S, max_entries=MOST_KEPT, show_spinner=False)
def _file(url: str, session_id: str) -> SessionFile:
    with data.reader() as reader:
        return reader.file(session_id)


@st.cache_resource(ttl=_WINDOWS_S, max_entries=MOST_KEPT, show_spinner=False)
def _windows(url: str, marks: str, stage_id: str, _file: SessionFile, _stage: Stage) -> StageWindows:
    with data.reader() as reader:
        return reader.read_windows(_file, _stage)
