"""Transcripts: what was said on a stage, line by line, in the seconds of what was shown; and the words of a moment."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from audience.errors import InvalidValue
from audience.ids import check_title

MOST_LINES: Final = 50_000
LONGEST_LINE: Final = 2_000
LATEST_S: Final = 1e6

MOST_CHARACTERS: Final = 300
"""How many characters of a transcript are quoted at most, its ellipses included."""

_BACK_S: Final = 20.0  # a sentence may begin this long before the words that are looked for
_ELLIPSIS: Final = "…"
# A full stop within a number or an abbreviation of one letter ends no sentence; Chinese and Japanese use no space.
_SENTENCE_END = re.compile(r"(?<![ (][A-HJ-Z])(?<!^[A-HJ-Z])[.!?…]+[\"'”’»)\]]*(?=\s|$)|[。！？]+[」』”]*")  # noqa: RUF001


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Some words, and when they were said.

    Attributes:
        start_s, end_s: seconds of the stage's timelines; of a stage without cues, seconds since the session's start.
        text: the words, in one line.
    """

    start_s: float
    end_s: float
    text: str

    def __post_init__(self) -> None:
        if not 0 <= self.start_s <= self.end_s <= LATEST_S:
            raise InvalidValue(
                f"a line of a transcript runs from {self.start_s:g} s to {self.end_s:g} s: it must begin at 0 or later "
                "and not end before it begins"
            )
        if not self.text.strip() or len(self.text) > LONGEST_LINE:
            raise InvalidValue(f"a line of a transcript has {len(self.text)} characters: use 1 to {LONGEST_LINE}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said on a stage.

    Attributes:
        title: what people call it, such as the name of its file.
        lines: sorted by `start_s`; they may overlap, where two people speak.
    """

    title: str
    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        check_title("title of a transcript", self.title)
        if not self.lines:
            raise InvalidValue("a transcript has no words")
        if len(self.lines) > MOST_LINES:
            raise InvalidValue(f"a transcript has {len(self.lines)} lines: use at most {MOST_LINES}")
        starts = [line.start_s for line in self.lines]
        if starts != sorted(starts):
            object.__setattr__(self, "lines", tuple(sorted(self.lines, key=lambda line: line.start_s)))

    def words(self, from_s: float, until_s: float, most: int = MOST_CHARACTERS) -> str:
        """The words said in a stretch, in whole sentences where there are any.

        A sentence that began before the stretch is quoted from its beginning, if that is near. Where there is too much,
        the end of the stretch is kept.

        Args:
            from_s, until_s: the stretch; NaN for none.
            most: characters of the result.

        Returns:
            "" where nothing was said.
        """
        if math.isnan(from_s) or math.isnan(until_s):
            return ""
        starts = [line.start_s for line in self.lines]
        # Lines that begin long before the stretch are over: no line is longer than a few seconds, or it has no times.
        first, last = bisect_left(starts, from_s - _BACK_S), bisect_right(starts, until_s)
        said = [line for line in self.lines[first:last] if line.end_s > from_s]
        if not said:
            return ""
        before = self.lines[first : self.lines.index(said[0], first)]
        return quoted_sentences(" ".join(line.text for line in before), " ".join(line.text for line in said), most)


def quoted_sentences(before: str, said: str, most: int = MOST_CHARACTERS) -> str:
    """Trims words to whole sentences.

    Args:
        before: the words before those to quote, of which the beginning of their first sentence is taken.
        said: the words to quote.
        most: characters of the result, over 2.
    """
    ends = [found.end() for found in _SENTENCE_END.finditer(before)]
    begun = before[ends[-1] :].strip() if ends else before.strip()
    whole = (bool(ends) or not begun) and len(begun) + len(said) < most
    text = f"{begun} {said}".strip() if whole else said.strip()
    sentences = _sentences(text)
    if not whole and len(sentences) > 1:
        sentences, whole = sentences[1:], True
    # Words after the last full stop are the beginning of a sentence that goes on.
    goes_on = not _SENTENCE_END.search(sentences[-1])
    if goes_on and len(sentences) > 1:
        sentences, goes_on = sentences[:-1], False
    kept: list[str] = []
    room = most - 2 * len(_ELLIPSIS)
    for sentence in reversed(sentences):
        if sum(map(len, kept)) + len(kept) + len(sentence) > room:
            break
        kept.insert(0, sentence)
    if not kept:
        cut = sentences[-1][-room:]
        return _ELLIPSIS + (cut.partition(" ")[2] or cut) + (_ELLIPSIS if goes_on else "")
    opening = "" if len(kept) < len(sentences) or whole else _ELLIPSIS
    return opening + " ".join(kept) + (_ELLIPSIS if goes_on else "")


def first_sentences(text: str, most: int = MOST_CHARACTERS) -> str:
    """The beginning of a text of one line, in whole sentences if one fits.

    Args:
        text: the text; "" is returned as it is.
        most: characters of the result.
    """
    if len(text) <= most:
        return text
    kept = text[: max((end for one in _SENTENCE_END.finditer(text) if (end := one.end()) <= most), default=0)]
    return kept or text[: most - len(_ELLIPSIS)].rpartition(" ")[0].rstrip(",;:") + _ELLIPSIS


def _sentences(text: str) -> list[str]:
    """The sentences of a text, the last of which may have no end."""
    ends = [0, *(found.end() for found in _SENTENCE_END.finditer(text)), len(text)]
    parts = [text[start:end].strip() for start, end in pairwise(ends)]
    return [part for part in parts if part]


def without_repeats(lines: Sequence[Line]) -> list[Line]:
    """Lines without the words that the line before them already said, as rolling captions repeat them."""
    kept: list[Line] = []
    before: list[str] = []
    for line in lines:
        words = line.text.split()
        repeated = next(
            (count for count in range(min(len(before), len(words)), 1, -1) if before[-count:] == words[:count]), 0
        )
        if words == before:
            repeated = len(words)
        before = words
        if rest := " ".join(words[repeated:]):
            kept.append(Line(start_s=line.start_s, end_s=line.end_s, text=rest))
    return kept
