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

from audience.baseline import BaselineChoice, baseline
from audience.curve import StageWindows
from audience.segment_table import LEAST_S
from audience.sessions import Session, Stage
from audience.timelines import Timeline

Floats = NDArray[np.float64]

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
    """A scene in one screening; arrays are (e,), one place an expression, NaN where there is no figure.

    Attributes:
        scene: which.
        start_s, length_s: where it begins, timeline seconds, and how long it is.
        coverage: mean coverage; NaN where none is known.
        share, usual: the share, and the baseline over the same faces.
        faces: scored at once.
        usual_low, usual_high: the baseline's interval.
        figures_s: of each expression.
        scored: whether the screening was scored for each at all.
        lacking: how many windows have no figure for each reason.
    """

    scene: Scene
    start_s: float
    length_s: float
    coverage: float
    share: Floats
    faces: Floats
    usual: Floats
    usual_low: Floats
    usual_high: Floats
    figures_s: Floats
    scored: tuple[bool, ...]
    lacking: Mapping[Lack, int]


def screened_scenes(
    windows: StageWindows, expressions: Sequence[str], choice: BaselineChoice
) -> tuple[ScreenedScene, ...]:
    """The scenes of one screening, in the timeline's order; none where nobody said what was shown.

    Args:
        windows: the screening's.
        expressions: which, in the order wanted.
        choice: the baseline.
    """
    if not windows.stage.timelines:
        return ()
    timeline = windows.stage.timelines[0]
    count = len(timeline.segments)
    sums = np.stack([_sums(windows, expression, choice, count) for expression in expressions], axis=1)
    over, scored, spans, usual, low, high = sums
    figures_s = spans * windows.table.record_width_ms / 1000
    of = np.where(figures_s >= LEAST_S, scored, np.nan)
    lacking = _lacking(windows, count)
    found = []
    for index, scene in enumerate(scenes_of(timeline)):
        inside = windows.segment == index
        segment = timeline.segments[index]
        coverage = windows.coverage[inside]
        found.append(
            ScreenedScene(
                scene=scene,
                start_s=segment.start_s,
                length_s=segment.end_s - segment.start_s,
                coverage=float(np.nanmean(coverage)) if not np.isnan(coverage).all() else np.nan,
                share=over[:, index] / of[:, index],
                faces=scored[:, index] / np.where(spans[:, index] > 0, spans[:, index], np.nan),
                usual=usual[:, index] / of[:, index],
                usual_low=low[:, index] / of[:, index],
                usual_high=high[:, index] / of[:, index],
                figures_s=figures_s[:, index],
                scored=tuple(expression in windows.expressions for expression in expressions),
                lacking={lack: counted[index] for lack, counted in lacking.items()},
            )
        )
    return tuple(found)


def _sums(windows: StageWindows, expression: str, choice: BaselineChoice, count: int) -> Floats:
    """(6, scenes): faces over the threshold, faces scored and spans with figures; and over the faces scored, the sums
    of the baseline and its bounds."""
    if expression not in windows.expressions:
        return np.zeros((6, count))
    table = windows.table
    column = table.expressions.index(expression)
    usual = baseline(windows, expression, choice)
    segment = windows.segment[windows.place]
    shown = segment >= 0
    scored = table.scored[:, column]
    values = [table.over[:, column], scored, table.scored_spans[:, column]]
    values += [
        np.where(scored > 0, scored * along[windows.place], 0.0)
        for along in (usual.share, usual.share_low, usual.share_high)
    ]
    return np.stack([np.bincount(segment[shown], weights=one[shown], minlength=count) for one in values])


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
