"""What is no delivery and no status at all: damaged on its way, or made to be hard to read; a function a kind."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any, Final

from bench.trust.honest import (
    SCORES,
    STAGE,
    TALK,
    Told,
    a_second,
    delivered_sheet,
    dumped,
    key_for,
    sheet,
    status,
    window_file,
)
from bench.trust.lies import Lie, either

_WRONG: Final[tuple[Any, ...]] = (True, [], [1], {}, {"a": 1}, "5", "", 2**64, -(2**70), 1e400)
_NOT_NULL: Final = ("start_ms", "part", "faces", "expected", "tallies")


def bytes_turned(chance: random.Random) -> Told:
    """Some bytes are others than the key was made from."""
    told = either(chance, a_second(chance))
    data = bytearray(told.data)
    for _ in range(chance.randint(1, 4)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return replace(told, data=bytes(data) if bytes(data) != told.data else told.data[:-1])


def cut_short(chance: random.Random) -> Told:
    """Half of it, or noise, under the key of just these bytes."""
    kind = chance.choice(("windows", "sheets"))
    whole = either(chance, a_second(chance)).data
    data = chance.choice((whole[: chance.randrange(len(whole))], chance.randbytes(chance.randrange(3000)), b""))
    return Told(key=key_for(kind, TALK, STAGE, SCORES, a_second(chance), data), data=data)


def of_another_type(chance: random.Random) -> Told:
    """A value is of a type that its field never has."""
    document = window_file(chance, windows=2, faces=2)
    wrong = chance.choice(_WRONG)
    field = chance.choice([*document, *_NOT_NULL])
    holder = chance.choice(document["windows"]) if field in _NOT_NULL else document
    if type(wrong) is type(holder[field]) or (field == "tallies" and isinstance(wrong, dict)):
        wrong = 5 if isinstance(holder[field], str | list | dict) else []
    start_ms = document["windows"][0]["start_ms"]
    holder[field] = wrong
    data = dumped(document)
    return Told(key=key_for("windows", TALK, STAGE, SCORES, start_ms, data), data=data)


def other_fields(chance: random.Random) -> Told:
    """A field is missing, is one too many, stands twice, or names another format."""
    document = window_file(chance)
    start_ms = document["windows"][0]["start_ms"]
    holder = chance.choice((document, document["windows"][0], document["scorer"]))
    match chance.randrange(4):
        case 0:
            del holder[chance.choice(list(holder))]
        case 1:
            holder[chance.choice(("extra", "__class__", "", "Session"))] = 1
        case 2:
            document[chance.choice(("format", "schema"))] = chance.choice((0, 2, -1, "houselights-status", "x"))
        case _:
            data = dumped(document).replace(b'{"format"', b'{"session":"talk","format"', 1)
            return Told(key=key_for("windows", TALK, STAGE, SCORES, start_ms, data), data=data)
    data = dumped(document)
    return Told(key=key_for("windows", TALK, STAGE, SCORES, start_ms, data), data=data)


def hard_to_read(chance: random.Random) -> Told:
    """Nested deep, a number of many digits, no number, or as large as it may be and more."""
    depth = 10 ** chance.randint(3, 5)
    data = chance.choice(
        (
            b"[" * depth + b"]" * depth,
            b'{"a":' * depth + b"1" + b"}" * depth,
            b'{"format":"houselights-windows","schema":' + b"9" * depth + b"}",
            b'{"format":"houselights-windows","schema":NaN}',
            b'{"format":"houselights-windows","schema":1e999999}',
            b'{"format":"houselights-windows","schema":"' + b"\\ud800" * 100 + b'"}',
            b'{"format":"houselights-windows","schema":1,"windows":[' + b"{}," * depth + b"{}]}",
        )
    )
    if chance.random() < 0.01:
        data = chance.choice((b" " * 999_999 + b"1", b"[" + b"0," * 499_000 + b"0]", b"x" * 1_000_001))
    return Told(key=key_for("windows", TALK, STAGE, SCORES, a_second(chance), data), data=data)


def a_sheet_of_another_kind(chance: random.Random) -> Told:
    """A picture without a manifest, with another schema's, or with more than a picture."""
    manifest, tiles = sheet(chance)
    told = delivered_sheet(manifest, tiles)
    data = told.data
    data = chance.choice(
        (
            data.replace(b"houselights-sheet 1", b"houselights-sheet 2", 1),
            data.replace(b"houselights-sheet 1", b"houselights-sheat 1", 1),
            data.replace(b"expressions", b"heads-alone", 1),
            data + b"more",
            b"\xff\xd8" + data,
            data[:2] + data[2:40] * 70 + data[2:],
        )
    )
    return Told(key=key_for("sheets", TALK, STAGE, "cam-2", manifest["windows"][0][0], data), data=data)


def no_message(chance: random.Random) -> Told:
    """What the queue brings is word of no object and no camera's status."""
    honest = status(chance)
    match chance.randrange(4):
        case 0:
            text = dumped(honest).decode()
            return Told(message=text[: chance.randrange(1, len(text))])
        case 1:
            honest[chance.choice([name for name in honest if name not in _MAY_BE_MISSING])] = chance.choice(
                ([], {}, True)
            )
        case 2:
            del honest[chance.choice([name for name in honest if name not in _MAY_BE_MISSING])]
        case _:
            return Told(message=chance.choice(("", " ", "null", "[]", "{}", "\ud800", "x" * 10**5, '{"detail":{}}')))
    return Told(message=dumped(honest).decode())


_MAY_BE_MISSING: Final = ("last_window_ms", "brightness", "sharpness")

DAMAGED: Final[tuple[Lie, ...]] = (
    bytes_turned,
    cut_short,
    of_another_type,
    other_fields,
    hard_to_read,
    a_sheet_of_another_kind,
    no_message,
)
