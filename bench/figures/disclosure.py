"""What somebody who knows who was in the room, and when, can work out about one person's face from what is shown.

The attacker takes one shown sum from another, calibrates the outcome on many other rooms like this one, and guesses the
mean of such people where nothing is shown. The error is told against that guess: 1 says that nothing was learnt. The
faces are those of a model in which people keep a face for some seconds, are moved alike, and differ in how much they
show; of people who differ less, less is learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.board.liveliness import MINUTE_MS, UPDATE_MS, liveliness, stage_sums, without_small_rooms
from audience.disclosure import SMALL_ROOM
from audience.reaction.curve import StageWindows, reaction_curve, stage_windows
from audience.reaction.segments import segment_rows
from audience.sessions import Camera
from audience.window_table import WindowTable
from bench.figures import Figure
from tests.builders import BEGAN_MS, a_camera, a_cue, a_session, a_stage, a_timeline, an_exclusion
from tests.rooms import LENGTH_S, Room, a_room, only_last, together, with_last, without_last

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROOMS: Final = (6, 8, 12, 20, 40, 100)
SEEDS: Final = 80
COMES_S, SPAN_S = 1200, 900
CAMERA_NOISE: Final = 0.1


SECONDS: Final = np.arange(LENGTH_S)
LATER: Final = SECONDS >= COMES_S
BEFORE: Final = slice(COMES_S - SPAN_S, COMES_S)
AFTER: Final = slice(COMES_S, COMES_S + SPAN_S)


def shown(tables: list[WindowTable], cameras: list[Camera] | None = None, **options: object) -> StageWindows:
    """A stage's windows as every page and file has them."""
    stage = a_stage(
        timelines=[a_timeline(("before", 0, COMES_S), ("after", COMES_S, LENGTH_S))],
        cues=[a_cue(0, 0)],
        exclusions=options.pop("exclusions", ()),  # type: ignore[arg-type]
    )
    return stage_windows(a_session(), stage, cameras or [], together(tables), **options)  # type: ignore[arg-type]


def sums(windows: StageWindows) -> Floats:
    """(T,) the sum of confidences that each second gives away, as level times faces; NaN where it gives none."""
    return reaction_curve(windows, "smile").level * windows.faces


def mean(values: Floats) -> float:
    """The mean of what is known; NaN where nothing is."""
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")


# Each attack gives an estimate of the last person's confidence, and the truth.
Attack = Callable[[int, int], tuple[float, float]]


def latecomer(people: int, seed: int) -> tuple[float, float]:
    """The mean of fifteen minutes after somebody came, less that of fifteen minutes before."""
    room = with_last(a_room(people, seed), LATER)
    told = sums(shown([room.table()]))
    return mean(told[AFTER]) - mean(told[BEFORE]), float(room.confidence[AFTER, -1].mean())


def latecomer_missed_at_times(people: int, seed: int) -> tuple[float, float]:
    """The same with faces that are found in 19 of 20 seconds: means times how many are known to sit there."""
    room = with_last(a_room(people, seed, found=0.95), LATER)
    windows = shown([room.table()])
    level = reaction_curve(windows, "smile").level
    told = (people + 1) * mean(level[AFTER]) - people * mean(level[BEFORE])
    return told, float(room.confidence[AFTER, -1].mean())


def leaver(people: int, seed: int) -> tuple[float, float]:
    """Somebody leaves."""
    room = with_last(a_room(people, seed), ~LATER)
    told = sums(shown([room.table()]))
    return mean(told[BEFORE]) - mean(told[AFTER]), float(room.confidence[BEFORE, -1].mean())


def segment_less_segment(people: int, seed: int) -> tuple[float, float]:
    """A segment with the latecomer, less the one without."""
    room = with_last(a_room(people, seed), LATER)
    before, after = segment_rows(shown([room.table()]), "smile", intervals=False)
    return after.level * after.faces - before.level * before.faces, float(room.confidence[COMES_S:, -1].mean())


def camera_added(people: int, seed: int) -> tuple[float, float]:
    """A camera with one person before it is added between two exports, which are compared second by second."""
    room = a_room(people, seed)
    others, alone = without_last(room), only_last(room)
    cameras = [a_camera("cam-1"), a_camera("cam-2")]
    first = sums(shown([others.table()], cameras[:1]))
    later = sums(shown([others.table(), alone.table("cam-2")], cameras))
    return _second_by_second(later - first, room)


def part_comes_late(people: int, seed: int) -> tuple[float, float]:
    """The part of each window that holds one person comes after the first export."""
    room = a_room(people, seed)
    others, alone = without_last(room), only_last(room)
    first, later = (sums(shown(parts)) for parts in ([others.table()], [others.table(), alone.table()]))
    return _second_by_second(later - first, room)


def overlap_declared(people: int, seed: int) -> tuple[float, float]:
    """Two cameras see the same people but one: exports before and after it is said that they overlap."""
    room = a_room(people, seed)
    noise = np.random.default_rng(seed).normal(0, CAMERA_NOISE, room.confidence.shape)
    others = without_last(Room(confidence=np.clip(room.confidence + noise, 0, 1), seen=room.seen))
    tables = [room.table(), others.table("cam-2")]
    apart = sums(shown(tables, [a_camera("cam-1"), a_camera("cam-2")]))
    overlapping = sums(shown(tables, [a_camera("cam-1", overlaps=["cam-2"]), a_camera("cam-2")]))
    return mean((2 * overlapping - apart)[BEFORE]), float(room.confidence[BEFORE, -1].mean())


def one_for_another(people: int, seed: int) -> tuple[float, float]:
    """Somebody comes in the second another leaves, so that the number of faces stays."""
    room = a_room(people, seed)
    seen = room.seen.copy()
    seen[:, -1] &= LATER
    seen[:, -2] &= ~LATER
    told = sums(shown([Room(confidence=room.confidence, seen=seen).table()]))
    return mean(told[AFTER]) - mean(told[BEFORE]), float(room.confidence[AFTER, -1].mean())


def running_and_ended(people: int, seed: int) -> tuple[float, float]:
    """An export before the latecomer, when the session was running for twenty minutes, and one of all of it."""
    room = with_last(a_room(people, seed), LATER)
    first = sums(shown([room.table(only=slice(COMES_S))]))
    later = sums(shown([room.table()]))
    return mean(later[AFTER]) - mean(first[BEFORE]), float(room.confidence[AFTER, -1].mean())


def two_widths(people: int, seed: int) -> tuple[float, float]:
    """Somebody is there in one second of twenty: windows of ten seconds, less the nine seconds without them."""
    room = with_last(a_room(people, seed), SECONDS % 20 == 19)
    narrow, wide = shown([room.table()]), shown([room.table()], width_ms=10_000)
    seconds = narrow.table.total[:, 0].reshape(-1, 10)
    tenth = wide.table.total[:, 0] - seconds[:, :9].sum(axis=1)
    told = np.where(tenth > 1e-9, tenth - seconds[:, 8], np.nan)[1::2]
    return mean(told), float(room.confidence[19::20, -1].mean())


def with_and_without_exclusion(people: int, seed: int) -> tuple[float, float]:
    """An export of everything less one from which the time after the latecomer is left out."""
    room = with_last(a_room(people, seed), LATER)
    whole = shown([room.table()])
    rest = shown([room.table()], exclusions=[an_exclusion(COMES_S, LENGTH_S)])
    after = (whole.table.total.sum() - rest.table.total.sum()) / (LENGTH_S - COMES_S)
    before = rest.table.total.sum() / COMES_S
    return (after - before if after > 0 else float("nan")), float(room.confidence[COMES_S:, -1].mean())


def board(people: int, seed: int) -> tuple[float, float]:
    """A phone reads the board every 2 s: a stage beside three of sixty faces. It knows how figures are shrunk."""
    stages = [with_last(a_room(people, seed), LATER), *(a_room(59, 1000 + seed * 3 + one) for one in range(3))]
    of = [without_small_rooms(stage_sums(a_stage(f"s{at}"), [], room.table())) for at, room in enumerate(stages)]
    told = liveliness(of, BEGAN_MS + 400_000, BEGAN_MS + LENGTH_S * 1000)
    figure, n = np.round(100 * told.figure[:, 0]) / 100, told.n[:, 0]
    level = (figure * (n + told.k) - told.k * told.mean) / n
    at = (told.at_ms - BEGAN_MS) // 1000
    settled = COMES_S + MINUTE_MS // 1000 + 10 * UPDATE_MS // 1000
    after, before = level[at >= settled], level[at < COMES_S]
    return (people + 1) * mean(after) - people * mean(before), float(stages[0].confidence[settled:, -1].mean())


def _second_by_second(told: Floats, room: Room) -> tuple[float, float]:
    """One second that is told; there are as many rooms as are needed."""
    known = np.flatnonzero(~np.isnan(told))
    at = int(known[len(known) // 2]) if len(known) else 0
    return float(told[at]), float(room.confidence[at, -1])


ATTACKS: Final[tuple[Attack, ...]] = (
    latecomer,
    latecomer_missed_at_times,
    leaver,
    segment_less_segment,
    camera_added,
    part_comes_late,
    overlap_declared,
    one_for_another,
    running_and_ended,
    two_widths,
    with_and_without_exclusion,
    board,
)


PROMISED: Final = tuple(attack for attack in ATTACKS if attack is not one_for_another)
"""What must tell nothing of a small room. Who takes another's place is told apart from them, half and half."""


def run() -> Iterator[Figure]:
    """Every attack on every size of room, and how many seconds of a small one tell what everybody did."""
    for attack in ATTACKS:
        for people in ROOMS:
            error, correlation = against_guessing(np.array([attack(people, seed) for seed in range(SEEDS)]))
            name = f"{attack.__name__.replace('_', ' ')}, {people} people and one"
            in_view = people + (attack is overlap_declared)  # all the time, by the camera that counts
            held = attack in PROMISED and in_view <= SMALL_ROOM
            yield Figure(name=f"{name}: error against a guess's", value=error, reach=0.95 if held else None)
            yield Figure(name=f"{name}: correlation with the truth", value=correlation)
    curves = [reaction_curve(shown([without_last(a_room(6, seed)).table()]), "smile").share for seed in range(SEEDS)]
    everybody = float(np.mean([(curve == 0) | (curve == 1) for curve in curves]))
    yield Figure(name="six people: seconds that tell what everybody did", value=everybody, reach=0, direction="exactly")


def against_guessing(pairs: Floats) -> tuple[float, float]:
    """The error of estimates, each brought onto the truth by a straight line through the others, over that of their
    mean; and how estimates and truth correlate.

    Args:
        pairs: (rooms, 2) estimate and truth; NaN where nothing is shown.
    """
    told, true = pairs.T
    known = ~np.isnan(told)
    guess = (true.sum() - true) / (len(true) - 1)
    estimate = guess.copy()
    if known.sum() <= 3 or np.ptp(told[known]) < 1e-9:
        return 1.0, 0.0
    for one in np.flatnonzero(known):
        others = known.copy()
        others[one] = False
        slope, begin = np.polyfit(told[others], true[others], 1)
        estimate[one] = begin + slope * told[one]
    error = float(np.abs(estimate - true).mean() / np.abs(guess - true).mean())
    return error, float(np.corrcoef(told[known], true[known])[0, 1])
