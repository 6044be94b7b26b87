"""How many kinds of timeline file are read right, or refused as what they are; and what a large one costs."""

from __future__ import annotations

import time
from collections.abc import Iterator

from audience.errors import InvalidValue
from bench.figures import Figure
from tests.timeline_files.kinds import CASES, Case, Segments, problem_with
from timeline_files.reading import read_file

_LARGE_BYTES = 50 * 2**20


def figures() -> Iterator[Figure]:
    """Reads every case of `tests.timeline_files.kinds` as a page would, in a process of its own each."""
    begun = time.perf_counter()
    wrong = {case.kind: problem for case in CASES if (problem := problem_with(case, read))}
    lasted_s = time.perf_counter() - begun
    for kind, problem in wrong.items():
        print(f"  {kind}: {problem}")  # noqa: T201 a bench says what is wrong
    yield Figure(
        name="kinds of timeline file read right or refused as what they are, share",
        value=1 - len(wrong) / len(CASES),
        reach=1,
        direction="exactly",
    )
    yield Figure(name="kinds of timeline file in the table", value=len({case.kind for case in CASES}), reach=60)
    yield Figure(
        name="kinds refused as what they are",
        value=sum(case.refused != () and bool(case.not_said) for case in CASES),
        reach=15,
    )
    yield Figure(name="reading one file, average", value=lasted_s / len(CASES) * 1000, unit="ms")
    begun = time.perf_counter()
    for name, line in (
        ("a.csv", "title,0:01\n"),
        ("a.txt", "0:00 Opening\n"),
        ("a.srt", "1\n00:00:00,000 --> 00:00:01,000\nA\n\n"),
    ):
        got = read(Case(kind="large", name=name, data=line.encode() * (_LARGE_BYTES // len(line))))
        assert isinstance(got, str), got[:1]
    yield Figure(
        name="a text of 50 MB is refused in",
        value=(time.perf_counter() - begun) / 3,
        unit="s",
        reach=5,
        direction="at most",
    )


def read(case: Case) -> Segments | str:
    """The segments of a case, or its refusal."""
    try:
        found = read_file(case.name, case.data, length_s=case.length_s, read_as=case.read_as)
    except InvalidValue as problem:
        return str(problem)
    return tuple((part.title, part.start_s, part.end_s) for part in found.timeline.segments)
