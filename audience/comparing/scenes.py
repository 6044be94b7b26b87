"""Scenes: the segments of a film, or the slides of a talk, as one audience or many saw them.

A scene is known by its title, the second of a title by being the second, so that screenings of several cuts meet in the
scenes they share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audience.comparing.comparison import mean_over
from audience.reaction.baseline import BaselineChoice
from audience.reaction.curve import StageWindows
from audience.reaction.segments import SegmentRow, segment_rows
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
    windows: StageWindows, expressions: Sequence[str], choice: BaselineChoice, *, intervals: bool
) -> tuple[ScreenedScene, ...]:
    """The scenes of one screening, in the timeline's order; none where nobody said what was shown.

    Args:
        windows: the screening's.
        expressions: which, in the order wanted.
        choice: what changes are against.
        intervals: whether changes have intervals of their own; of several screenings the interval is over screenings.
    """
    if not windows.stage.timelines:
        return ()
    timeline = windows.stage.timelines[0]
    tables = [segment_rows(windows, expression, intervals=intervals, against=choice) for expression in expressions]
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


Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneFigure:
    """One expression in one scene; figures are NaN where there is none, and `lack` says why.

    Attributes:
        scene: which.
        start_s: where it begins, timeline seconds, on average over the screenings that show it.
        length_s: how long it is, likewise.
        expression: which.
        shown: how many screenings show the scene.
        screenings: how many of them have a figure.
        faces: mean number of faces in view, summed over these screenings.
        coverage: mean coverage of these screenings; NaN where none is known.
        figures_s: seconds of windows with a figure, of these screenings together.
        share, low, high: the share and its 95 % interval: of one screening over the people present, of several over
            screenings; NaN bounds where several are fewer than `comparison.LEAST_UNITS`.
        change, change_low, change_high: the share less the baseline, likewise.
        lack: why there is no share; of several reasons that of the most windows.
        change_lack: why there is no change.
    """

    scene: Scene
    start_s: float
    length_s: float
    expression: str
    shown: int
    screenings: int
    faces: float
    coverage: float
    figures_s: float
    share: float
    low: float
    high: float
    change: float
    change_low: float
    change_high: float
    lack: Lack
    change_lack: Lack

    @property
    def enough(self) -> bool:
        """Whether there is a share; else the page says why not."""
        return not np.isnan(self.share)


def scene_figures(screenings: Sequence[Sequence[ScreenedScene]], expressions: Sequence[str]) -> tuple[SceneFigure, ...]:
    """Every scene of some screenings and every expression.

    Of one screening, figures are those of its segment table. Of several they are means over screenings, each counting
    once, with Student's interval: audiences of a film differ by more than the chance of who sits in them, and people
    laugh together.

    Args:
        screenings: the scenes of each, all of one work and one scorer, against one baseline.
        expressions: which these are of, in their order.

    Returns:
        Scene by scene in the order of their mean beginnings, each with all expressions.
    """
    shown: dict[Scene, list[ScreenedScene]] = {}
    for screening in screenings:
        for scene in screening:
            shown.setdefault(scene.scene, []).append(scene)
    found = [figure for of_scene in shown.values() for figure in _figures(of_scene, expressions)]
    return tuple(sorted(found, key=lambda one: (one.start_s, one.scene)))


def _figures(shown: Sequence[ScreenedScene], expressions: Sequence[str]) -> Iterator[SceneFigure]:
    """A scene as several screenings showed it; arrays are (screenings, expressions)."""
    share, change, faces, coverage, figures_s = (
        np.array([[getattr(row, name) for row in one.rows] for one in shown])
        for name in ("share", "change", "faces", "coverage", "figures_s")
    )
    known = ~np.isnan(share)
    if len(shown) == 1:
        rows = shown[0].rows
        shares = tuple(np.array([(row.share, row.share_low, row.share_high) for row in rows]).T)
        changes = tuple(np.array([(row.change, row.change_low, row.change_high) for row in rows]).T)
    else:
        shares, changes = mean_over(share)[1:], mean_over(change)[1:]
    covered = mean_over(np.where(known, coverage, np.nan))[1]
    span = np.mean([(one.rows[0].start_s, one.rows[0].end_s) for one in shown], axis=0)
    for place, expression in enumerate(expressions):
        of = known[:, place]
        lack = "" if of.any() else _why(shown, place)
        yield SceneFigure(
            scene=shown[0].scene,
            start_s=float(span[0]),
            length_s=float(span[1] - span[0]),
            expression=expression,
            shown=len(shown),
            screenings=int(of.sum()),
            faces=float(faces[of, place].sum()),
            coverage=float(covered[place]),
            figures_s=float(figures_s[of, place].sum()),
            share=float(shares[0][place]),
            low=float(np.maximum(shares[1][place], 0)),
            high=float(np.minimum(shares[2][place], 1)),
            change=float(changes[0][place]),
            change_low=float(changes[1][place]),
            change_high=float(changes[2][place]),
            lack=lack,
            change_lack=lack or ("no baseline" if np.isnan(changes[0][place]) else ""),
        )


def _why(shown: Sequence[ScreenedScene], place: int) -> Lack:
    """Why none of some screenings has a figure."""
    if not any(one.scored[place] for one in shown):
        return "not scored"
    if any(one.rows[place].figures_s > 0 for one in shown):
        return "too short"
    lacking: Counter[Lack] = Counter()
    for one in shown:
        lacking.update(one.lacking)
    most = max(lacking, key=lambda lack: lacking[lack])
    # Where recording ended before the scene, there is not even a window.
    return most if lacking[most] else "no camera"
