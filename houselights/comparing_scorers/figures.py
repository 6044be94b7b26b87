"""The figures of compared scorers: agreement on the same faces, cost, delay, and what leaves the device."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.agreement import Agreement, agreement
from audience.disclosure import MIN_FACES, bounded, shown_cells
from audience.faces import EXPRESSIONS, LEAD_EXPRESSION
from audience.monitoring.cost import day_cost
from audience.monitoring.prices import DETECT_FACES
from audience.window_table import WindowTable
from audience.windows import Tally, WindowRecord
from houselights.comparing_scorers.runs import CAMERA, Place, ScorerRun, SeenFaces

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerFigures:
    """What one scorer took, and what it found on the compared faces.

    Attributes:
        name, place: see `ScorerRun`.
        asked, scored: faces it was asked for, and those that it scored.
        share: share of the compared faces that smile, 0..1; None if too few were compared.
        delay_s, slow_delay_s: median and 95th percentile of the delays; NaN if nothing was scored.
        ms_a_face: milliseconds that it worked, or was waited for, per face.
        calls, dollars: paid calls, and their list price.
        hour_dollars: list price of an hour of such a camera, with all that carries its deliveries through AWS.
        deliveries, bytes, pictures: see `ScorerRun`.
        hour_bytes: bytes of an hour.
    """

    name: str
    place: Place
    asked: int
    scored: int
    share: float | None
    delay_s: float
    slow_delay_s: float
    ms_a_face: float
    calls: int
    dollars: float
    hour_dollars: float
    deliveries: int
    bytes: int
    pictures: int
    hour_bytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPair:
    """The agreement of two scorers, by expression that both score, the lead expression first."""

    first: str
    second: str
    by_expression: Mapping[str, Agreement]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerComparison:
    """Scorers compared on the same faces of a recording.

    Attributes:
        seconds: windows looked at, each a second.
        faces, tracks: faces seen, and their distinct tracks.
        compared: faces that every scorer scored.
        interval_s: seconds of windows in a delivery.
        scorers: each scorer's figures.
        pairs: each pair of scorers; empty if fewer than `MIN_FACES` faces were compared.
        at_s: (w,) middle of each second that had compared faces, seconds from the recording's first frame.
        shares: (w,) by scorer, share of faces that smile; NaN where the figure is withheld.
    """

    seconds: int
    faces: int
    tracks: int
    compared: int
    interval_s: float
    scorers: tuple[ScorerFigures, ...]
    pairs: tuple[ComparedPair, ...]
    at_s: Floats
    shares: Mapping[str, Floats]


def compare(seen: SeenFaces, runs: Sequence[ScorerRun], *, interval_s: float) -> ScorerComparison:
    """Compares scorers on the faces that all of them scored.

    Args:
        seen: the faces.
        runs: the scorers' results, two at least; each is compared with every later one.
        interval_s: as given to `see_faces`.
    """
    faces = len(seen.track)
    common = np.array([face for face in range(faces) if all(run.scores.get(face) for run in runs)], dtype=np.int64)
    shows = {run.name: _shows(run, common, LEAD_EXPRESSION) for run in runs}
    enough = len(common) >= MIN_FACES
    at_ms, shares = _shares(seen.start_ms[common], shows) if enough else (np.empty(0, np.int64), {})
    return ScorerComparison(
        seconds=seen.seconds,
        faces=faces,
        tracks=len(np.unique(seen.track)),
        compared=len(common),
        interval_s=interval_s,
        scorers=tuple(
            _figures(run, seen, float(shows[run.name].mean()) if enough else None, interval_s) for run in runs
        ),
        pairs=tuple(_pair(seen, common, *pair) for pair in combinations(runs, 2)) if enough else (),
        at_s=at_ms / 1000 + CAMERA.width_ms / 2000,
        shares=shares,
    )


def _shows(run: ScorerRun, faces: Ints, expression: str) -> NDArray[np.bool_]:
    threshold = run.thresholds[expression]
    return np.array([_known(run, face)[expression] >= threshold for face in faces.tolist()], dtype=np.bool_)


def _known(run: ScorerRun, face: int) -> Mapping[str, float]:
    scores = run.scores[face]
    assert scores is not None
    return scores


def _pair(seen: SeenFaces, common: Ints, first: ScorerRun, second: ScorerRun) -> ComparedPair:
    both = [name for name in EXPRESSIONS if name in first.thresholds and name in second.thresholds]
    return ComparedPair(
        first=first.name,
        second=second.name,
        by_expression={
            name: agreement(
                _shows(first, common, name),
                _shows(second, common, name),
                track=seen.track[common],
                window=seen.start_ms[common],
            )
            for name in both
        },
    )


def _shares(start_ms: Ints, shows: Mapping[str, NDArray[np.bool_]]) -> tuple[Ints, dict[str, Floats]]:
    """The share of each second by scorer, withheld and bounded as on every page."""
    windows, counts = np.unique(start_ms, return_counts=True)
    shares = {}
    for name, smiling in shows.items():
        over = [int(smiling[start_ms == start].sum()) for start in windows.tolist()]
        table = WindowTable.of(
            WindowRecord(
                session_id=CAMERA.session_id,
                stage_id=CAMERA.stage_id,
                camera_id=CAMERA.camera_id,
                start_ms=start,
                faces=count,
                expected=count,
                tallies={LEAD_EXPRESSION: Tally(faces=count, total=many, squares=many, over=many)},
                scorer=name,
            )
            for start, count, many in zip(windows.tolist(), counts.tolist(), over, strict=True)
        )
        cells = shown_cells(table, MIN_FACES)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = cells.over[:, 0] / cells.scored[:, 0]
        nothing = np.full(len(share), np.nan)
        shares[name] = bounded(share, nothing, nothing, faces=counts.astype(float), min_faces=MIN_FACES)[0]
    return windows, shares


def _figures(run: ScorerRun, seen: SeenFaces, share: float | None, interval_s: float) -> ScorerFigures:
    hours = seen.seconds * CAMERA.width_ms / 1000 / _HOUR_S
    a_second = max(1, round(len(seen.track) / seen.seconds))  # an hour with faces has calls
    delays = np.array(run.delays_s)
    asked = len(run.scores)
    return ScorerFigures(
        name=run.name,
        place=run.place,
        asked=asked,
        scored=sum(scores is not None for scores in run.scores.values()),
        share=share,
        delay_s=float(np.median(delays)) if len(delays) else math.nan,
        slow_delay_s=float(np.percentile(delays, 95)) if len(delays) else math.nan,
        ms_a_face=1000 * run.busy_s / asked if asked else math.nan,
        calls=run.calls,
        dollars=run.calls * DETECT_FACES,
        hour_dollars=day_cost(cameras=1, hours=1, faces=a_second, scoring=run.place, interval_s=interval_s).dollars,
        deliveries=run.deliveries,
        bytes=run.bytes,
        pictures=run.pictures,
        hour_bytes=run.bytes / hours,
    )
