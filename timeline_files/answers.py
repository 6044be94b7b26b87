"""Questions about a file that only its owner can answer, and the answers given.

A reader that meets times with several meanings asks: it names what it saw and what that could mean. Where one meaning
is far likelier it is taken, and the question stays open for whoever looks at the result; otherwise nothing is read.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from audience.errors import InvalidValue

OPTION: Final = "--read-as"
MARKERS, CLIPS = "markers", "clips"
SORTED, CLOCK, AS_IS = "sorted", "clock", "as-is"
THOUSANDS, DECIMAL = "thousands", "decimal"
UNITS: Final[Mapping[str, str]] = {
    "seconds": "seconds",
    "ms": "milliseconds",
    "minutes": "minutes",
    "hours": "hours",
    "days": "parts of a day, as a spreadsheet keeps times",
    "frames": "frames",
}
_WORDS = (MARKERS, CLIPS, SORTED, CLOCK, AS_IS, THOUSANDS, DECIMAL, *UNITS)
_FREE = re.compile(r"(from=|sheet=|project=|text=).+|[0-9./]+\s*fps", re.IGNORECASE | re.DOTALL)
MOST_NOTES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a reader cannot know.

    Attributes:
        saw: what is in the file, a sentence without its full stop.
        choices: each answer, with what it means; empty for a note that needs no answer.
        taken: the answer that was taken as likeliest; None where nothing was read.
    """

    saw: str
    choices: tuple[tuple[str, str], ...] = ()
    taken: str | None = None


class Unclear(InvalidValue):
    """A file cannot be read without an answer.

    Attributes:
        question: what is asked.
    """

    def __init__(self, message: str, question: Question) -> None:
        super().__init__(message)
        self.question = question


@dataclass(slots=True)
class Answers:
    """What the user said of a file, and what its reader asked.

    Attributes:
        given: answers, such as `ms`, `clock`, `29.97fps`, `from=19:30:00`.
        length_s: length of the film or talk, seconds; None if unknown.
        asked: open questions and notes, in order.
    """

    given: tuple[str, ...] = ()
    length_s: float | None = None
    asked: list[Question] = field(default_factory=list)

    def __post_init__(self) -> None:
        for answer in self.given:
            if answer not in _WORDS and _FREE.fullmatch(answer) is None:
                raise InvalidValue(
                    f"{OPTION} {answer[:40]!r} is not understood: give {', '.join(_WORDS)}, a rate such as 29.97fps, "
                    "from=19:30:00, sheet=NAME, project=NAME or text=windows-1252"
                )

    def choose(self, saw: str, choices: Mapping[str, str], likeliest: str | None = None) -> str:
        """The answer given, or the likeliest, in which case the question stays open.

        Args:
            saw: what is in the file.
            choices: each answer, with what it means.
            likeliest: taken where no answer was given; None where there is no such.

        Raises:
            Unclear: no answer was given, and none is likeliest.
        """
        given = next((answer for answer in self.given if answer in choices), None)
        question = Question(saw=saw, choices=tuple(choices.items()), taken=given or likeliest)
        if question.taken is None:
            raise Unclear(refusal(question), question)
        if question not in self.asked:
            self.asked.append(question)
        return question.taken

    def value(self, prefix: str) -> str | None:
        """The text of an answer such as `from=19:30:00`; None where none was given."""
        return next((one[len(prefix) :] for one in self.given if one.lower().startswith(prefix)), None)

    def note(self, saw: str) -> None:
        """Notes what was left out or taken apart, for whoever looks at the result."""
        if len(self.asked) < MOST_NOTES:
            self.asked.append(Question(saw=saw))


def refusal(question: Question) -> str:
    """The question as the line with which a file is refused."""
    options = " or ".join(f"{OPTION} {shlex.quote(answer)} ({meaning})" for answer, meaning in question.choices)
    return f"{question.saw}: say which with {options}"


def remark(question: Question) -> str:
    """The question as a line beside what was read."""
    others = [
        f"{OPTION} {shlex.quote(answer)} ({meaning})"
        for answer, meaning in question.choices
        if answer != question.taken
    ]
    taken = dict(question.choices).get(question.taken or "", "")
    return question.saw + (f"; read as {taken}" if taken else "") + (f"; else {' or '.join(others)}" if others else "")


def question_from(stored: Mapping[str, Any]) -> Question:
    """The question in a dict made by `dataclasses.asdict`, after JSON."""
    choices = tuple((str(answer), str(meaning)) for answer, meaning in stored["choices"])
    return Question(saw=stored["saw"], choices=choices, taken=stored["taken"])
