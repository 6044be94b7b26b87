"""What WebVTT and SRT have in common: blocks of lines, each with a line `start --> end` and text under it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from audience.errors import InvalidValue
from timeline_files.parts import Part
from timeline_files.times import shown, time_s

ARROW = "-->"
Block = tuple[int, list[str]]


def blocks_of(lines: Sequence[str]) -> Iterator[Block]:
    """Runs of lines that are not blank, each with the number of its first line."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def part_of(block: Block, plain: Callable[[str], str]) -> Part:
    """The part a block states.

    Args:
        block: a line with its times, before it at most one that names it, after it text.
        plain: makes plain text of what is written there.

    Raises:
        InvalidValue: it has no times, or they are none.
    """
    first, lines = block
    place = next((place for place, line in enumerate(lines[:2]) if ARROW in line), None)
    if place is None:
        raise InvalidValue(f"line {first}: {shown(lines[0])} where a line `start {ARROW} end` was expected")
    start, _, end = lines[place].partition(ARROW)
    try:
        # After the end may stand where on the picture the text is to be.
        start_s, end_s = time_s(start), time_s((end.split() or [""])[0])
    except InvalidValue as problem:
        raise InvalidValue(f"line {first + place}: {problem}") from None
    title = plain(" ".join(line.strip() for line in lines[place + 1 :]))
    return Part(where=f"line {first + place}", title=title, start_s=start_s, end_s=end_s)
