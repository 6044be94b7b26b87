"""What only the Scenes page reads: single faces, and the scenes of the whole archive.

Faces are read scene by scene and let go again, so that neither a long film nor a large audience fills the memory. What
was worked out is kept until something about its session changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from audience.comparing.norms import ArchivedScenes
from audience.comparing.planning import alike_together
from audience.comparing.scenes import ScreenedScene, screened_scenes
from audience.comparing.synchrony import Synchrony, segment_synchrony
from audience.comparing.tracks import tracks_of
from audience.reaction.baseline import BaselineChoice
from audience.reaction.curve import StageWindows
from audience.sessions import Session, Stage
from dashboard import data
from dashboard.access.data import open_store
from dashboard.data import SessionFile, store_url
from dashboard.pages.screenings import Screening

OnProgress = Callable[[float], None]

_MOST_SCENES, _MOST_STAGES = 2000, 5000
_KEPT_S = 300
SEED = 0  # of the shifts that synchrony is compared with, so that everybody sees the same


def synchrony_of(screening: Screening, expression: str, on_progress: OnProgress) -> list[Synchrony] | None:
    """The synchrony of each scene of a screening, in the timeline's order.

    Args:
        screening: one with a timeline.
        expression: which.
        on_progress: called after each scene with the part of them that is done, 0..1.

    Returns:
        None where no single face of it is kept any more, or none ever was.
    """
    found, faces = [], 0
    count = len(screening.stage.timelines[0].segments)
    for index in range(count):
        of_scene, read = _synchrony(store_url(), screening.marks, expression, index, screening)
        found.append(of_scene)
        faces += read
        on_progress((index + 1) / count)
    return found if faces else None


def screened(
    screenings: Sequence[Screening], expressions: tuple[str, ...], choice: BaselineChoice, on_progress: OnProgress
) -> list[tuple[ScreenedScene, ...]]:
    """The scenes of each screening; see `screened_scenes`.

    Args:
        screenings: which.
        expressions: which, in the order wanted.
        choice: the baseline.
        on_progress: called after each screening with the part of them that is done, 0..1.
    """
    found = []
    for number, screening in enumerate(screenings, start=1):
        alone = len(screenings) == 1
        found.append(_screened(screening.marks, expressions, choice, alone, screening.windows))
        on_progress(number / len(screenings))
    return found


def alikeness(screenings: Sequence[Screening], expression: str) -> float:
    """How alike people of one of these screenings are; see `alike_together`."""
    marks = "".join(screening.marks for screening in screenings)
    return _alikeness(marks, expression, [screening.windows for screening in screenings])


def archive(sessions: Sequence[Session], on_progress: OnProgress) -> list[ArchivedScenes]:
    """The scenes of every stage of some sessions.

    Args:
        sessions: which.
        on_progress: called after each session with the part of them that was read, 0..1.

    Raises:
        SessionNotFound: one was deleted meanwhile.
    """
    found = []
    for number, session in enumerate(sessions, start=1):
        if session.mode == "expressions":
            file = _file(store_url(), session.session_id)
            found += [
                _archived(store_url(), file.marks, stage.stage_id, file, stage)
                for stage in file.stages
                if stage.timelines
            ]
        on_progress(number / len(sessions))
    return found


@st.cache_resource(ttl=_KEPT_S, max_entries=_MOST_SCENES, show_spinner=False)
def _synchrony(url: str, marks: str, expression: str, index: int, _screening: Screening) -> tuple[Synchrony, int]:
    """The synchrony of one scene, and how many windows with faces it had."""
    windows = _screening.windows
    places = np.flatnonzero(windows.segment == index)
    faces = []
    if len(places):
        from_ms, until_ms = int(windows.start_ms[places[0]]), int(windows.start_ms[places[-1]]) + 1
        with open_store(url) as store:
            faces = store.faces(
                _screening.session.session_id, _screening.stage.stage_id, from_ms=from_ms, until_ms=until_ms
            )
    tracks = tracks_of(windows, faces, _screening.cameras, expression)
    return segment_synchrony(windows, tracks, index, seed=SEED), len(faces)


@st.cache_resource(ttl=_KEPT_S, max_entries=_MOST_SCENES, show_spinner=False)
def _screened(
    marks: str, expressions: tuple[str, ...], choice: BaselineChoice, intervals: bool, _windows: StageWindows
) -> tuple[ScreenedScene, ...]:
    return screened_scenes(_windows, expressions, choice, intervals=intervals)


@st.cache_resource(ttl=_KEPT_S, max_entries=_MOST_SCENES, show_spinner=False)
def _alikeness(marks: str, expression: str, _stages: Sequence[StageWindows]) -> float:
    return alike_together(_stages, expression)


@st.cache_resource(ttl=_KEPT_S, max_entries=_MOST_STAGES, show_spinner=False)
def _file(url: str, session_id: str) -> SessionFile:
    with data.reader() as reader:
        return reader.file(session_id)


@st.cache_resource(max_entries=_MOST_STAGES, show_spinner=False)
def _archived(url: str, marks: str, stage_id: str, _file: SessionFile, _stage: Stage) -> ArchivedScenes:
    with data.reader() as reader:
        return ArchivedScenes.of(reader.read_windows(_file, _stage))
