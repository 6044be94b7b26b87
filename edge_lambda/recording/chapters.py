"""Finds the parts of recordings that a camera split into several files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

# GX010001, GX020001: the part, then the recording; the first part of older ones is GOPR0001, the next is GP010001.
_GOPRO = re.compile(r"(G[HXLS])(\d\d)(\d{4})", re.IGNORECASE)
_OLD_GOPRO = re.compile(r"GP(\d\d)(\d{4})", re.IGNORECASE)
# VID_20260504_213000_00_002: Insta360.
_LAST_NUMBER = re.compile(r"(VID_\d{8}_\d{6}_\d\d_)(\d{3})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file that is part of a longer recording.

    Attributes:
        number: number of the part, from 1.
        before: paths of the earlier parts, in order; they may not exist.
    """

    number: int
    before: tuple[Path, ...]


def part_of(path: Path) -> Part | None:
    """Tells from a file's name which part of a recording it is; None if it is the first or unknown."""
    stem = path.stem
    if (found := _GOPRO.fullmatch(stem)) and (number := int(found[2])) > 1:
        stems = [f"{found[1]}{part:02d}{found[3]}" for part in range(1, number)]
    elif found := _OLD_GOPRO.fullmatch(stem):
        number = int(found[1]) + 1
        stems = [f"GOPR{found[2]}", *(f"GP{part:02d}{found[2]}" for part in range(1, number - 1))]
    elif (found := _LAST_NUMBER.fullmatch(stem)) and (number := int(found[2])) > 1:
        stems = [f"{found[1]}{part:03d}" for part in range(1, number)]
    else:
        return None
    return Part(number=number, before=tuple(path.with_name(stem + path.suffix) for stem in stems))
