"""Scenes: the segments of a film or the slides of a talk, over one screening or many.

A scene is identified by its title and occurrence number, so that screenings of different cuts share scenes.
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
from audience.reaction.curve import StageWindows, wilson
from audience.reaction.segments import SegmentRow, segment_rows
from audience.scorers import FalseRate
from audience.sessions import Session, Stage
from audience.timelines import Timeline

Lack = Literal["", "left out", "no camera", "nobody in view", "too few faces", "too short", "not scored", "no baseline"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Scene:
    """A scene, identified by its title and the number of earlier scenes with that title."""

    title: str
    number: int = 0

    @property
    def name(self) -> str:
        """The display name: the title, with (2) for its second occurrence."""
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
    """An identifier of what was shown, shared by its screenings: the film, or else this session's stage."""
    return session.film or f"{session.session_id}/{stage.stage_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenedScene:
    """A scene in one screening.

    Attributes:
        scene: the scene.
        rows: its row of the segment table for each expression.
        scored: whether the screening was scored for each expression.
        lacking: number of windows without a figure, by reason.
    """

    scene: Scene
    rows: tuple[SegmentRow, ...]
    scored: tuple[bool, ...]
    lacking: Mapping[Lack, int]


def screened_scenes(
    windows: StageWindows, expressions: Sequence[str], choice: BaselineChoice, *, intervals: bool
) -> tuple[ScreenedScene, ...]:
    """The scenes of one screening, in the timeline's order; none without a timeline.

    Args:
        windows: of the screening.
        expressions: the expressions, in the requested order.
        choice: the baseline of the changes.
        intervals: whether to compute intervals of changes; not needed for several screenings, whose interval is over
            screenings.
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
    """Counts the windows of each scene without a figure, each under the first reason that applies."""
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
    """One expression in one scene; figures are NaN where there is none, with the reason in `lack`.

    Attributes:
        scene: the scene.
        start_s: its start, timeline seconds, mean over the screenings that show it.
        length_s: its length, seconds, likewise.
        expression: the expression.
        shown: screenings that show the scene.
        screenings: screenings with a figure.
        faces: mean number of faces in view, summed over these screenings.
        coverage: mean coverage of these screenings; NaN if unknown.
        figures_s: total seconds of windows with a figure.
        share, low, high: the share and its 95 % interval: for one screening over the people present, for several over
            screenings; NaN bounds for fewer than `comparison.LEAST_UNITS` screenings.
        change, change_low, change_high: the share less the baseline, likewise.
        lack: why there is no share: the reason of the most windows; "" if there is one.
        change_lack: why there is no change; "" if there is one.
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
        """Whether there is a share."""
        return not np.isnan(self.share)


_OVER_MISTAKES = 2.0


def is_noise(figure: SceneFigure, known: FalseRate | None) -> bool:
    """Whether a share is so small that most of its faces may be mistakes of the scorer.

    It is where it is no more than twice the upper end of the scorer's false rate, so that half of the faces may be
    mistakes, and where the lower end of its 95 % interval is not over that end, so that all of them may be. Where
    several screenings are too few for an interval, Wilson's over all their faces is taken. How often an audience that
    shows nothing is taken for more was simulated (decision 0066).

    Args:
        figure: the share.
        known: how often the scorer errs; None where that was never measured, and nothing can be said.
    """
    if known is None or not figure.enough:
        return False
    low = figure.low
    if np.isnan(low):
        low = float(wilson(np.array([figure.share * figure.faces]), np.array([figure.faces]))[0][0])
    mistaken = at_most(known)
    return low <= mistaken or figure.share <= _OVER_MISTAKES * mistaken


def at_most(known: FalseRate) -> float:
    """Upper end of the 95 % interval of a false rate (Wilson's), 0..1."""
    _, high = wilson(np.array([float(known.false)]), np.array([float(known.of)]))
    return float(high[0])


def scene_figures(screenings: Sequence[Sequence[ScreenedScene]], expressions: Sequence[str]) -> tuple[SceneFigure, ...]:
    """Computes the figures of every scene and expression of some screenings.

    For one screening, figures are those of its segment table. For several, they are means over screenings with
    Student's interval, because audiences differ by more than the sampling of people, and people laugh together.

    Args:
        screenings: the scenes of each, all of one work, scorer and baseline.
        expressions: their expressions, in order.

    Returns:
        Figures by scene, sorted by mean start, each with all expressions.
    """
    shown: dict[Scene, list[ScreenedScene]] = {}
    for screening in screenings:
        for scene in screening:
            shown.setdefault(scene.scene, []).append(scene)
    found = [figure for of_scene in shown.values() for figure in _figures(of_scene, expressions)]
    return tuple(sorted(found, key=lambda one: (one.start_s, one.scene)))


def _figures(shown: Sequence[ScreenedScene], expressions: Sequence[str]) -> Iterator[SceneFigure]:
    """The figures of one scene over several screenings; arrays are (screenings, expressions)."""
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
    """The reason why no screening has a figure."""
    if not any(one.scored[place] for one in shown):
        return "not scored"
    if any(one.rows[place].figures_s > 0 for one in shown):
        return "too short"
    lacking: Counter[Lack] = Counter()
    for one in shown:
        lacking.update(one.lacking)
    most = max(lacking, key=lambda lack: lacking[lack])
    # If recording ended before the scene, there are no windows at all.
    return most if lacking[most] else "no camera"
