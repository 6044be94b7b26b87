"""Lies of cameras about time, and about whose something is; a function a kind.

Each is far beyond what any honest camera does: an hour and not a second, another camera's and not its own. Where
exactly the product draws the line is not for this module to know.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bench.trust.honest import (
    HOUR_MS,
    LAPTOP,
    NOW_MS,
    OTHER,
    OVER,
    OVER_ENDED_MS,
    SCORES,
    STAGE,
    TALK,
    Told,
    a_second,
    delivered,
    delivered_sheet,
    dumped,
    key_for,
    sheet,
    status,
    window_file,
)
from tests.builders import BEGAN_MS

DAY_MS: Final = 24 * HOUR_MS

Lie = Callable[[random.Random], Told]


def either(chance: random.Random, start_ms: float, session: str = TALK) -> Told:
    """A window file or a sheet whose first window is of the second of an instant."""
    start_ms = int(start_ms) // 1000 * 1000
    if chance.random() < 0.5:
        manifest, tiles = sheet(chance, session=session, start_ms=start_ms)
        if session != TALK:
            manifest["camera"] = SCORES
        return delivered_sheet(manifest, tiles)
    return delivered(window_file(chance, session=session, start_ms=start_ms))


# Time


def long_ago(chance: random.Random) -> Told:
    """1970, as a computer without a clock starts, or any time days before the session."""
    before_ms = chance.choice((BEGAN_MS, BEGAN_MS, chance.uniform(DAY_MS, 400 * DAY_MS)))
    return either(chance, max(0, BEGAN_MS - before_ms))


def still_to_come(chance: random.Random) -> Told:
    """An hour ahead, or years."""
    ahead_ms = chance.choice((HOUR_MS, chance.uniform(HOUR_MS / 2, 20 * DAY_MS), 10**12, 9_999_999_999_000 - NOW_MS))
    return either(chance, NOW_MS + ahead_ms)


def after_the_end(chance: random.Random) -> Told:
    """Hours after its session ended."""
    return either(chance, OVER_ENDED_MS + chance.uniform(2 * HOUR_MS, 18 * HOUR_MS), OVER)


def a_clock_that_is_off(chance: random.Random) -> Told:
    """By its device's own word, when it was sent."""
    off_ms = chance.choice((-1, 1)) * int(chance.uniform(HOUR_MS / 2, 100 * DAY_MS))
    return replace(either(chance, a_second(chance)), sent_ms=NOW_MS + off_ms)


def windows_of_another_width(chance: random.Random) -> Told:
    """Of another width than the stage's, or between two seconds."""
    document = window_file(chance, windows=1)
    if chance.random() < 0.5:
        document["width_ms"] = chance.choice((-1000, 0, 1, 500, 2000, 10**9, 2**60, 999.5))
        return delivered(document)
    document["windows"][0]["start_ms"] += chance.randint(1, 999)
    return delivered(document)


def windows_far_apart(chance: random.Random) -> Told:
    """One of the file's windows lies days from the others."""
    document = window_file(chance, windows=3, faces=0)
    document["windows"][-1]["start_ms"] += chance.choice((1, 10, 400)) * DAY_MS
    return delivered(document)


def windows_out_of_order(chance: random.Random) -> Told:
    """Backwards, or one twice."""
    document = window_file(chance, windows=3)
    windows = document["windows"]
    document["windows"] = chance.choice((windows[::-1], [*windows, windows[-1]], [windows[0], *windows]))
    return delivered(document)


# Owner


def under_another_key(chance: random.Random) -> Told:
    """It is another session's, stage's or camera's by its own words."""
    document = window_file(chance)
    document[chance.choice(("session", "stage", "camera"))] = chance.choice((OTHER, "cam-2", "elsewhere"))
    data, start_ms = dumped(document), document["windows"][0]["start_ms"]
    return Told(key=key_for("windows", TALK, STAGE, SCORES, start_ms, data), data=data, sent_ms=NOW_MS)


def not_set_up(chance: random.Random) -> Told:
    """A session, stage or camera of which nobody has heard."""
    document = window_file(chance)
    field = chance.choice(("session", "stage", "camera"))
    document[field] = chance.choice(("nobody", document[field].upper(), document[field] + "-2", "*", "..", ""))
    return delivered(document)


def of_what_a_laptop_scored(chance: random.Random) -> Told:
    """Records of a recording that was scored on a machine of one's own, a year ago."""
    start_ms = BEGAN_MS - 365 * DAY_MS + 1000 * chance.randrange(60)
    document = window_file(chance, session=LAPTOP, start_ms=start_ms)
    return delivered(document)


def a_key_of_its_own_making(chance: random.Random) -> Told:
    """A key that is no key, or not that of these bytes."""
    told = either(chance, a_second(chance))
    parts = told.key.split("/")
    made: list[Callable[[], str]] = [
        lambda: told.key.replace("/", "//", 1),
        lambda: "/".join([parts[0], "..", *parts[1:]]),
        lambda: told.key.upper(),
        lambda: told.key[:-1],
        lambda: told.key + "/x",
        lambda: told.key.replace(parts[4], "1999"),
        lambda: told.key.replace(parts[-1], "0" + parts[-1]),
        lambda: told.key.replace("windows/", "sheets/") if "windows/" in told.key else told.key[:-3] + "json",
        lambda: told.key[:-6] + ("0" if told.key[-6] != "0" else "1") + told.key[-5:],
        lambda: told.key.replace("0", "\u0660", 1),
        lambda: told.key + "\n",
        lambda: "",
    ]
    return replace(told, key=chance.choice(made)())


def on_another_topic(chance: random.Random) -> Told:
    """A status that came on another camera's topic, or on none."""
    document = status(chance)
    topic = f"houselights/{TALK}/{STAGE}/{SCORES}/status"
    document["topic"] = chance.choice(
        (topic.replace(TALK, OTHER), topic.replace("1/", "2/"), topic.upper(), "#", "", 7)
    )
    if chance.random() < 0.2:
        del document["topic"], document["received_ms"]
    return Told(message=dumped(document).decode())


ABOUT_TIME: Final[tuple[Lie, ...]] = (
    long_ago,
    still_to_come,
    after_the_end,
    a_clock_that_is_off,
    windows_of_another_width,
    windows_far_apart,
    windows_out_of_order,
)
ABOUT_THE_OWNER: Final[tuple[Lie, ...]] = (
    under_another_key,
    not_set_up,
    of_what_a_laptop_scored,
    a_key_of_its_own_making,
    on_another_topic,
)
