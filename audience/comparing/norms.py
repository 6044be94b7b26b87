"""Norms: where a scene stands among all scenes of the archive."""

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
    """Where a scene stands; figures are NaN where there is not enough data.

    Attributes:
        scenes: how many scenes it is compared with.
        rank: the part of them with a lower share, 0..1; those with the same count half.
        low, high: its 95 % interval.
    """

    scenes: int
    rank: float
    low: float
    high: float

    @property
    def enough(self) -> bool:
        """Whether there is a rank; else the page says "not enough data"."""
        return not np.isnan(self.rank)


def standing(share: float, share_low: float, share_high: float, archive: Floats) -> Standing:
    """Where a scene's share stands among those of an archive.

    The interval runs from the lower Wilson bound of the rank that the share's lower bound has to the upper one of that
    of its upper bound: it allows both for the people who happened to see this scene and for the scenes that happen to
    be in the archive, and is rather too wide.

    Args:
        share, share_low, share_high: of the scene, with its interval; NaN where it has no figure, NaN bounds where it
            has no interval, and then the rank has none.
        archive: (s,) shares of the other scenes, of the same expression and scorer; those that are NaN do not count.
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
    """The share of each segment of a stage's first timeline, as an archive is made of.

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
    """The scenes of one stage, as an archive keeps them.

    Attributes:
        work: what was shown; see `work_of`.
        scorer: whose figures they are; "" where several made them.
        simulated: whether they were made by a program.
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
        """Those of a stage; none where nobody said what was shown."""
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
    """What each scene of a work is compared with: every other scene of the archive, once however often it was shown.

    A scene's share is the mean over the stages that showed it, in whichever cut, so that it is never compared with
    itself.

    Args:
        archive: all of it.
        work: whose scenes are looked at.
        expression, scorer: of which.
        simulated: simulated audiences are compared with such alone, and others with others.

    Returns:
        By scene of the work, and by None for any scene that is not in the archive, the shares of the others.
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
