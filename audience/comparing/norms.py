"""Norms: the percentile rank of a scene among all scenes of the archive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audience.comparing.scenes import Scene, scenes_of, work_of
from audience.reaction.curve import StageWindows, wilson
from audience.reaction.segments import LEAST_S

Floats = NDArray[np.float64]

LEAST_SCENES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The rank of a scene; figures are NaN where there is not enough data.

    Attributes:
        scenes: number of scenes it is compared with.
        rank: fraction of them with a lower share, 0..1; ties count half.
        low, high: its 95 % interval.
    """

    scenes: int
    rank: float
    low: float
    high: float

    @property
    def enough(self) -> bool:
        """Whether there is enough data for a rank."""
        return not np.isnan(self.rank)


def standing(share: float, share_low: float, share_high: float, archive: Floats) -> Standing:
    """Computes the rank of a scene's share among those of an archive.

    The interval runs from the lower Wilson bound of the rank of the share's lower bound to the upper Wilson bound of
    the rank of its upper bound. It covers the sampling of both people and scenes, and is conservative.

    Args:
        share, share_low, share_high: of the scene, with its interval; NaN if it has no figure. Without bounds the rank
            has no interval.
        archive: (s,) shares of the other scenes, of the same expression and scorer; NaN is ignored.
    """
    known = np.sort(archive[~np.isnan(archive)])
    if len(known) < LEAST_SCENES or np.isnan(share):
        return Standing(scenes=len(known), rank=np.nan, low=np.nan, high=np.nan)
    figures = np.array([share, share_low, share_high])
    ranks = (np.searchsorted(known, figures, "left") + np.searchsorted(known, figures, "right")) / 2
    ranks[np.isnan(figures)] = np.nan
    low, high = wilson(ranks, np.full(3, float(len(known))))
    return Standing(scenes=len(known), rank=float(ranks[0] / len(known)), low=float(low[1]), high=float(high[2]))


def scene_shares(windows: StageWindows, expression: str) -> Floats:
    """The share of each segment of a stage's first timeline, for the archive.

    Returns:
        (segments,), NaN where a segment has fewer than ten seconds of figures; empty without a timeline.
    """
    if not windows.stage.timelines:
        return np.zeros(0)
    count = len(windows.stage.timelines[0].segments)
    if expression not in windows.expressions:
        return np.full(count, np.nan)
    table = windows.table
    column = table.expressions.index(expression)
    segment = windows.segment[windows.place]
    shown = segment >= 0
    over, scored, spans = (
        np.bincount(segment[shown], weights=values[shown, column], minlength=count)
        for values in (table.over, table.scored, table.scored_spans)
    )
    enough = spans * table.record_width_ms >= LEAST_S * 1000
    shares: Floats = over / np.where(enough, scored, np.nan)
    return shares


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedScenes:
    """The scenes of one stage in the archive.

    Attributes:
        work: what was shown; see `work_of`.
        scorer: the scorer of the figures; "" if there are several.
        simulated: whether the audience was simulated.
        scenes: in the timeline's order.
        shares: by expression, (scenes,) as `scene_shares` gives them.
    """

    work: str
    scorer: str
    simulated: bool
    scenes: tuple[Scene, ...]
    shares: Mapping[str, Floats]

    @classmethod
    def of(cls, windows: StageWindows) -> ArchivedScenes:
        """The scenes of a stage; none if it has no timeline."""
        timelines, scorers = windows.stage.timelines, windows.table.scorers
        return cls(
            work=work_of(windows.session, windows.stage),
            scorer=scorers[0] if len(scorers) == 1 else "",
            simulated=windows.session.simulated,
            scenes=scenes_of(timelines[0]) if timelines else (),
            shares={expression: scene_shares(windows, expression) for expression in windows.expressions},
        )


def scenes_besides(
    archive: Iterable[ArchivedScenes], work: str, *, expression: str, scorer: str, simulated: bool
) -> dict[Scene | None, Floats]:
    """The comparison group of each scene of a work: every other scene of the archive, each once.

    A scene's share is the mean over all stages and cuts that showed it, so that it is never compared with itself.

    Args:
        archive: all stages of the archive.
        work: the work whose scenes are compared.
        expression, scorer: of the figures.
        simulated: whether to use simulated audiences; the two kinds are never mixed.

    Returns:
        The shares of the other scenes, by scene of the work; under None, for scenes that are not in the archive.
    """
    shown: dict[tuple[str, Scene], list[float]] = {}
    for stage in archive:
        if stage.scorer == scorer and stage.simulated == simulated and expression in stage.shares:
            for scene, share in zip(stage.scenes, stage.shares[expression].tolist(), strict=True):
                if not np.isnan(share):
                    shown.setdefault((stage.work, scene), []).append(share)
    keys = list(shown)
    shares = np.array([np.mean(shown[key]) for key in keys])
    besides: dict[Scene | None, Floats] = {None: shares}
    for place, (of_work, scene) in enumerate(keys):
        if of_work == work:
            besides[scene] = np.delete(shares, place)
    return besides
