"""Scenes: the segments of a film, or the slides of a talk, over all the audiences that saw them.

A scene is told by its title, the second of a title by being the second, so that screenings of several cuts meet in the
scenes they share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audience.baseline import BaselineChoice, baseline
from audience.curve import StageWindows
from audience.groups import mean_over
from audience.intervals import difference_interval, wilson
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
        faces: people the share is over: faces scored at once, summed over these screenings.
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


def scene_figures(
    stages: Sequence[StageWindows], expressions: Sequence[str], choice: BaselineChoice
) -> tuple[SceneFigure, ...]:
    """Every scene of some screenings and every expression.

    Of one screening, figures are over its windows, with Wilson's interval over the people present and Newcombe's of the
    change. Of several they are means over screenings, each counting once, with Student's interval: audiences of a film
    differ by more than the chance of who sits in them, and the people of one laugh together.

    Args:
        stages: one a screening, all of one work and one scorer; those without a timeline add nothing.
        expressions: which, in the order wanted.
        choice: what a change is against.

    Returns:
        Scene by scene in the order of their mean beginnings, each with all expressions.
    """
    parts: dict[Scene, list[_Part]] = {}
    for windows in stages:
        for part in _parts(windows, expressions, choice):
            parts.setdefault(part.scene, []).append(part)
    found = [
        _figure(of_scene, place, expression)
        for of_scene in parts.values()
        for place, expression in enumerate(expressions)
    ]
    return tuple(sorted(found, key=lambda one: (one.start_s, one.scene)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A scene in one screening; arrays are (e,), one place an expression, NaN where there is no figure.

    Attributes:
        scene, start_s, length_s, coverage: as a figure's.
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
    lacking: Counter[Lack]


def _parts(windows: StageWindows, expressions: Sequence[str], choice: BaselineChoice) -> list[_Part]:
    if not windows.stage.timelines:
        return []
    timeline = windows.stage.timelines[0]
    count = len(timeline.segments)
    sums = np.stack([_sums(windows, expression, choice, count) for expression in expressions], axis=1)
    over, scored, spans, usual, low, high = sums
    figures_s = spans * windows.table.record_width_ms / 1000
    of = np.where(figures_s >= LEAST_S, scored, np.nan)
    parts = []
    for index, scene in enumerate(scenes_of(timeline)):
        inside = windows.segment == index
        segment = timeline.segments[index]
        coverage = windows.coverage[inside]
        parts.append(
            _Part(
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
                lacking=_lacking(windows, inside),
            )
        )
    return parts


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


def _lacking(windows: StageWindows, inside: NDArray[np.bool_]) -> Counter[Lack]:
    """Why windows of a scene have no figure, each counted for the first reason that holds."""
    reasons: tuple[tuple[Lack, NDArray[np.bool_]], ...] = (
        ("left out", windows.excluded),
        ("no camera", np.isnan(windows.faces)),
        ("nobody in view", windows.faces == 0),
        ("too few faces", windows.withheld),
    )
    left = inside.copy()
    counted: Counter[Lack] = Counter()
    for lack, holds in reasons:
        counted[lack] = int(np.count_nonzero(left & holds))
        left &= ~holds
    return counted


def _figure(parts: Sequence[_Part], place: int, expression: str) -> SceneFigure:
    known = [part for part in parts if not np.isnan(part.share[place])]
    shares = np.array([part.share[place] for part in known])
    changes = np.array([part.share[place] - part.usual[place] for part in known])
    changes = changes[~np.isnan(changes)]
    if len(parts) == 1 and known:
        share, change = _of_one(known[0], place)
    else:
        share, change = _over_screenings(shares), _over_screenings(changes)
    coverage = [part.coverage for part in known if not np.isnan(part.coverage)]
    lack = "" if known else _why(parts, place)
    return SceneFigure(
        scene=parts[0].scene,
        start_s=float(np.mean([part.start_s for part in parts])),
        length_s=float(np.mean([part.length_s for part in parts])),
        expression=expression,
        shown=len(parts),
        screenings=len(known),
        faces=float(sum(part.faces[place] for part in known)),
        coverage=float(np.mean(coverage)) if coverage else np.nan,
        figures_s=float(sum(part.figures_s[place] for part in known)),
        share=share[0],
        low=max(share[1], 0.0),
        high=min(share[2], 1.0),
        change=change[0],
        change_low=change[1],
        change_high=change[2],
        lack=lack,
        change_lack=lack or ("" if len(changes) else "no baseline"),
    )


def _of_one(part: _Part, place: int) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Share and change of one screening, each with its interval."""
    at = slice(place, place + 1)
    share = (part.share[at], *wilson(part.share[at] * part.faces[at], part.faces[at]))
    change = difference_interval(share, (part.usual[at], part.usual_low[at], part.usual_high[at]))
    low, high = (float(bound[0]) for bound in share[1:])
    return (
        (float(share[0][0]), low, high),
        (float(part.share[place] - part.usual[place]), float(change[0][0]), float(change[1][0])),
    )


def _over_screenings(values: Floats) -> tuple[float, float, float]:
    """The mean over screenings and its 95 % interval; NaN bounds of too few."""
    _, mean, low, high = mean_over(values[:, None])
    return float(mean[0]), float(low[0]), float(high[0])


def _why(parts: Sequence[_Part], place: int) -> Lack:
    """Why none of some screenings has a figure."""
    if not any(part.scored[place] for part in parts):
        return "not scored"
    if any(part.figures_s[place] > 0 for part in parts):
        return "too short"
    lacking = sum((part.lacking for part in parts), Counter())
    return max(lacking, key=lambda lack: lacking[lack], default="no camera")
