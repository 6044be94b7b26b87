"""Lies of cameras about how many, about what scored them, and about how a camera is; a function a kind.

See `bench.trust.lies`: twenty thousand faces and not two hundred. But for what each lies about, all of it is as an
honest camera says it, so that it is not refused for something else.
"""

from __future__ import annotations

import base64
import random
from typing import Any, Final

from audience.faces import Box, FaceRecord, pack_faces
from bench.trust.honest import (
    HEADS,
    HOUR_MS,
    NOW_MS,
    OWN_SCORER,
    Document,
    Told,
    a_second,
    delivered,
    delivered_sheet,
    dumped,
    sheet,
    status,
    window_file,
)
from bench.trust.lies import DAY_MS, Lie, either

_MANY: Final = (20_000, 10**6, 2**31, 2**40, 2**53)
SHIPPED: Document = {}
"""What the scorer that ships says of itself; filled in before anything is told."""


# Count


def a_million_faces(chance: random.Random) -> Told:
    """More faces than a camera can see, or such as are expected."""
    document = window_file(chance, windows=1, faces=chance.randrange(5))
    one, many = document["windows"][0], chance.choice(_MANY)
    if chance.random() < 0.5:
        one["expected"] = many
        return delivered(document)
    one.update(faces=many, expected=many, packed_faces=None, faces_expire_ms=None)
    half = many / 2
    one["tallies"] = chance.choice(({}, {"smile": [many, half, half, many // 2, None, None]}))
    return delivered(document)


def fewer_than_none(chance: random.Random) -> Told:
    """A negative count, or fewer expected than seen."""
    document = window_file(chance, windows=1, faces=chance.randint(1, 8))
    one = document["windows"][0]
    one[chance.choice(("faces", "expected"))] = -chance.choice((1, 5, 10**6, 2**53))
    return delivered(document)


def sums_of_no_faces(chance: random.Random) -> Told:
    """Sums that no confidences between 0 and 1 have."""
    faces = chance.randint(2, 8)
    document = window_file(chance, windows=1, faces=faces)
    one = document["windows"][0]
    one.update(packed_faces=None, faces_expire_ms=None)
    sums = chance.choice(
        (
            [faces + 1, faces, faces],
            [faces / 2, faces * 0.9, faces // 2],  # squares over the sum
            [faces * 0.9, 0.01, faces],  # squares under what the sum leaves
            [0.1, 0.05, faces],  # all over the threshold, and nearly nothing to share
            [faces * 0.99, faces * 0.985, 0],  # nobody over it, and nearly everything
            [faces / 2, faces / 3, faces + 1],
            [-0.5, 0.1, 0],
            [0.5, -0.1, 0],
            [5e-324, 5e-324, 0],
            [1e308, 1e308, 1],
        )
    )
    one["tallies"]["smile"] = [faces, *sums, None, None]
    return delivered(document)


def other_faces_than_counted(chance: random.Random) -> Told:
    """The single faces are not those of the window: more, fewer, others, or of another second."""
    document = window_file(chance, windows=1, faces=4)
    one = document["windows"][0]
    start_ms, count = one["start_ms"], chance.choice((0, 1, 3, 5, 40))
    elsewhere = chance.choice((-2000, 1000, 60_000, 10**8))
    seen = [
        FaceRecord(
            track_id=f"t{index}",
            at_ms=start_ms + (elsewhere if count == 0 else 5),
            box=Box(left=0.1, top=0.1, width=0.1, height=0.1),
            quality=0.5,
            confidences={"smile": 1.0, "sad": 1.0},
        )
        for index in range(count or 4)
    ]
    one["packed_faces"] = base64.b64encode(pack_faces(seen, start_ms)).decode()
    return delivered(document)


def tiles_that_do_not_add_up(chance: random.Random) -> Told:
    """A sheet whose tiles are of no window of it, stand twice or off the sheet, or are fewer than it says."""
    manifest, tiles = sheet(chance)
    tile, of_window = chance.choice(manifest["tiles"]), chance.choice(manifest["windows"])
    match chance.randrange(6):
        case 0:
            tile[2] += chance.choice((-1, 1)) * chance.choice((5000, DAY_MS))
        case 1:
            tile[0] = chance.choice((-1, tiles, 10**6, tile[0] + 100))
        case 2:
            of_window[1] += chance.choice((-1, 1, 10**6))
        case 3:
            manifest["columns"] += chance.choice((-3, 1, 97))
        case 4:
            manifest["tiles"].append(list(manifest["tiles"][0]))
        case _:
            tile[3][chance.randrange(4)] = chance.choice((-(10.0**6), 10.0**9, 2.0**60))
    return delivered_sheet(manifest, tiles)


# Scorer


def under_the_name_that_ships(chance: random.Random) -> Told:
    """The name of the scorer that ships, with other thresholds, another model, or nothing experimental."""
    document = window_file(chance, faces=0)
    scorer: dict[str, Any] = {**SHIPPED, "thresholds": dict(SHIPPED["thresholds"])}
    match chance.randrange(3):
        case 0:
            scorer["thresholds"]["smile"] = chance.choice((0.0001, 0.5, 0.9999))
        case 1:
            scorer["experimental"] = []
        case _:
            scorer["model_sha256"] = chance.choice(("", "0" * 64))
    document["scorer"] = scorer
    return delivered(document)


def under_the_receivers_name(chance: random.Random) -> Told:
    """The name of what scores sheets where they arrive."""
    document = window_file(chance, faces=0)
    document["scorer"] = OWN_SCORER | {"name": "made-up-1", "experimental": []}
    return delivered(document)


def its_own_name_again(chance: random.Random) -> Told:
    """The name that its session's camera has scored with before, for another scorer."""
    document = window_file(chance, faces=0)
    other: dict[str, Any] = chance.choice(
        (
            {"thresholds": {"smile": 0.01, "sad": 0.5}},
            {"model_sha256": "cd" * 32},
            {"thresholds": {"smile": 0.9, "sad": 0.9}},
        )
    )
    document["scorer"] = OWN_SCORER | other
    return delivered(document)


def no_scorer_at_all(chance: random.Random) -> Told:
    """A name that is none, a threshold outside 0..1, an expression that nobody knows, or scores of nobody."""
    document, scorer = window_file(chance, faces=0), dict[str, Any](OWN_SCORER)
    match chance.randrange(5):
        case 0:
            scorer["name"] = chance.choice(
                ("", " mine 1", "mine 1 ", "m\u0456ne 1", "mine\u200b1", "x" * 300, "a\nb", 5)
            )
        case 1:
            scorer["thresholds"] = {"smile": chance.choice((-0.1, 0, 1.5, 10**9)), "sad": 0.5}
        case 2:
            scorer["thresholds"] = {"smile": 0.5, "sad": 0.5, "boredom": 0.5}
        case 3:
            scorer["model_sha256"] = chance.choice(("x" * 65, "not a hash", 7, None))
        case _:
            document = window_file(chance, faces=3)
            document["scorer"] = None
            return delivered(document)
    document["scorer"] = scorer
    return delivered(document)


def expressions_where_heads_are_counted(chance: random.Random) -> Told:
    """Scores or pictures of faces, of a session that only counts heads."""
    return either(chance, a_second(chance), HEADS)


# Status


def a_status_of_no_camera(chance: random.Random) -> Told:
    """More than any camera can be or see."""
    document = status(chance)
    field, values = chance.choice(
        (
            ("faces", (-1, 20_000, 10**9, 2**53)),
            ("frames_per_s", (-1.0, 10.0**5, 10.0**12)),
            ("lag_s", (10.0**7, -(10.0**9), 10.0**12)),
            ("sent", (-1, 10**12, 2**53)),
            ("waiting", (-1, 10**12)),
            ("dropped", (-5, 2**53)),
            ("brightness", (-1.0, 2.0, 10.0**9)),
            ("state", ("", "dancing", "running ", "x" * 100, None)),
            ("detail", ("x" * 600, "a\nb", "\u2028", None)),
        )
    )
    document[field] = chance.choice(values)
    return Told(message=dumped(document).decode())


def a_status_of_another_time(chance: random.Random) -> Told:
    """It runs by a clock that is hours off, or tells of a window that lies far ahead."""
    document = status(chance)
    off_ms = chance.choice((-1, 1)) * int(chance.uniform(HOUR_MS / 2, 1000 * DAY_MS))
    if chance.random() < 0.5:
        document["at_ms"] = max(0, NOW_MS + off_ms)
    else:
        document["last_window_ms"] = NOW_MS + abs(off_ms)
    return Told(message=dumped(document).decode())


ABOUT_THE_COUNT: Final[tuple[Lie, ...]] = (
    a_million_faces,
    fewer_than_none,
    sums_of_no_faces,
    other_faces_than_counted,
    tiles_that_do_not_add_up,
)
ABOUT_THE_SCORER: Final[tuple[Lie, ...]] = (
    under_the_name_that_ships,
    under_the_receivers_name,
    its_own_name_again,
    no_scorer_at_all,
    expressions_where_heads_are_counted,
)
ABOUT_THE_CAMERA: Final[tuple[Lie, ...]] = (a_status_of_no_camera, a_status_of_another_time)
