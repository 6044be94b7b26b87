"""Scenes: the segments of a film, or the slides of a talk, as one audience saw them.

A scene is told by its title, the second of a title by being the second, so that screenings of several cuts meet in the
scenes they share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audience.baseline import BaselineChoice
from audience.curve import StageWindows
from audience.segment_table import SegmentRow, segment_rows
from audience.sessions import Session, Stage
from audience.timelines import Timeline

Lack = Literal["", "left out", "no camera", "nobody in view", "too few faces", "too short", "not scored", "no baseline"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Scene:
    """A scene, told by its title and how many of the same title come before it."""

    title: str
    number: int = 0

    @property
    def name(self) -> str:
        """What to call it: the second of a title says so."""
        return f"{self.title} ({self.number + 1})" if self.number else self.title


def scenes_of(timeline: Timeline) -> tuple[Scene, ...]:
    """The scenes of a timeline, in its order."""
    met: Counter[str] = Counter()
    scenes = []
    for segment in timeline.segments:
        scenes.append(Scene(title=segment.title, number=met[segment.title]))
        met[segment.title] += 1
    return tuple(scenes)


def work_of(session: Session, stage: Stage) -> str:
    """What was shown there, by a name that two screenings of it share: the film, or else this session's stage."""
    return session.film or f"{session.session_id}/{stage.stage_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenedScene:
    """A scene in one screening.

    Attributes:
        scene: which.
        rows: its row of the segment table for each expression.
        scored: whether the screening was scored for each at all.
        lacking: how many windows have no figure for each reason.
    """

    scene: Scene
    rows: tuple[SegmentRow, ...]
    scored: tuple[bool, ...]
    lacking: Mapping[Lack, int]


def screened_scenes(
    windows: StageWindows, expressions: Sequence[str], choice: BaselineChoice, *, seed: int | None
) -> tuple[ScreenedScene, ...]:
    """The scenes of one screening, in the timeline's order; none where nobody said what was shown.

    Args:
        windows: the screening's.
        expressions: which, in the order wanted.
        choice: what changes are against.
        seed: of the changes' intervals; None where the screening is one of several, whose interval is over screenings.
    """
    if not windows.stage.timelines:
        return ()
    timeline = windows.stage.timelines[0]
    tables = [segment_rows(windows, expression, seed=seed, against=choice) for expression in expressions]
    lacking = _lacking(windows, len(timeline.segments))
    scored = tuple(expression in windows.expressions for expression in expressions)
    return tuple(
        ScreenedScene(
            scene=scene,
            rows=tuple(table[index] for table in tables),
            scored=scored,
            lacking={lack: counted[index] for lack, counted in lacking.items()},
        )
        for index, scene in enumerate(scenes_of(timeline))
    )


def _lacking(windows: StageWindows, count: int) -> dict[Lack, list[int]]:
    """How many windows of each scene have no figure, each counted for the first reason that holds."""
    left = windows.segment >= 0
    counted: dict[Lack, list[int]] = {}
    reasons: tuple[tuple[Lack, NDArray[np.bool_]], ...] = (
        ("left out", windows.excluded),
        ("no camera", np.isnan(windows.faces)),
        ("nobody in view", windows.faces == 0),
        ("too few faces", windows.withheld),
    )
    for lack, holds in reasons:
        counted[lack] = np.bincount(windows.segment[left & holds], minlength=count).tolist()
        left &= ~holds
    return counted
