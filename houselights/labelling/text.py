"""What `houselights dataset` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from houselights.wording import counted, listed, printable

if TYPE_CHECKING:
    from houselights.labelling.check import Check, Pair
    from houselights.labelling.cutting import Cutting
    from houselights.labelling.dataset import Face
    from houselights.labelling.labels import Agreement
    from houselights.labelling.split import SplitReport

MOST_SHOWN: Final = 10
"""Pairs and faces that are listed; `--json` has more."""

PERSONAL_DATA: Final = "Photos of people are personal data: you need their consent, or another right to use them."
KEPT: Final = "What is done is kept: run the same command again to go on."


def what_is_sent(faces: int, of: int, *, account: str, region: str) -> str:
    """What Rekognition is going to be sent, and what that costs.

    Args:
        faces: faces to be sent.
        of: faces of the data set.
        account, region: of AWS.
    """
    from audience.monitoring.prices import DETECT_FACES

    before = f"; {of - faces:,} were labelled before" if of > faces else ""
    return (
        f"{counted(faces, 'face')} will be sent to Amazon Rekognition in {region}, account {account}, each cut out and "
        f"in a call of its own{before}.\n"
        f"That is {counted(faces, 'call')} of DetectFaces, ${faces * DETECT_FACES:.2f} at the list price of us-east-1 "
        f"(${DETECT_FACES:.3f} a call). Names of people and files are not sent.\n"
        "AWS may keep pictures to improve its services unless your organization opts out: see docs/privacy.md."
    )


def cutting_lines(cutting: Cutting) -> Iterator[str]:
    """What was found in photos and videos, and what was left out."""
    yield f"{counted(cutting.faces, 'face')} found; {counted(cutting.looked_at, 'file')} read now."
    if cutting.heic:
        photos = counted(len(cutting.heic), "HEIC photo")
        yield f"{photos} left out, as the format is not read: save as JPEG ({listed(cutting.heic)})."
    if cutting.unread:
        reasons = [f"{name}: {problem}" for name, problem in cutting.unread.items()]
        yield f"{counted(len(reasons), 'file')} cannot be read ({listed(reasons)})."
    if cutting.copies:
        copies = [f"{name} of {other}" for name, other in cutting.copies.items()]
        yield f"{counted(len(copies), 'file')} left out as a copy ({listed(copies)})."
    if cutting.gone:
        files = counted(len(cutting.gone), "file")
        yield f"{files} no longer there: the pictures of their faces were removed ({listed(cutting.gone)})."
    if cutting.other:
        endings = listed(sorted(ending or "no ending" for ending in cutting.other))
        yield f"{counted(cutting.other.total(), 'other file')} ignored ({endings})."


def split_text(report: SplitReport, faces: Sequence[Face]) -> str:
    """How a data set was split."""
    from houselights.labelling.split import PARTS, UNKNOWN

    split = report.split
    people, counts = Counter(split.part_of.values()), Counter(split.part(face.id) for face in faces)
    lines = [f"{part}: {counted(counts[part], 'face')} of {counted(people[part], 'person')}" for part in PARTS]
    unknown = sum(person.startswith(UNKNOWN) for person in split.part_of)
    known_by = {"folders": "the folders that photos are in", "pictures": "nothing"}
    lines.append(f"People are known by {known_by.get(split.people_from, split.people_from)}.")
    if unknown:
        lines.append(
            f"{unknown} of {len(split.part_of)} are known by their pictures alone: photos of one person that are not "
            "nearly the same may be in two parts, which makes figures look better than they are. Say who is who with "
            "--people."
        )
    named = [[name for name in group if not name.startswith(UNKNOWN)] for group in report.joined]
    if joined := [" and ".join(group[:3]) for group in named if len(group) > 1]:
        lines.append(f"Kept together, as pictures of theirs are nearly the same: {listed(joined, MOST_SHOWN)}.")
    if report.moved:
        lines.append(f"Moved to another part for that: {listed(report.moved, MOST_SHOWN)}.")
    if report.missing:
        missing = [f"{name} in {part}" for name, part in report.missing]
        lines.append(f"No face of {listed(missing, MOST_SHOWN)}.")
    return "\n".join(lines)


def check_text(check: Check) -> str:
    """What a check found."""
    lines = [f"{counted(check.faces, 'face')}, {check.labelled:,} with a label.", *_table(check), ""]
    if not check.people:
        lines.append("Not split by people yet: run `houselights dataset split`.")
    elif check.not_split:
        came = counted(check.not_split, "face")
        lines.append(f"{came} came after the split: run `houselights dataset split` again.")
    if check.leak_count:
        pairs = counted(check.leak_count, "pair")
        lines.append(f"LEAKAGE: {pairs} of nearly the same picture in two parts: split again.")
        lines += _pair_lines(check.leaks)
    elif check.people:
        lines.append("No picture is in two parts.")
    alike = counted(check.duplicate_count, "pair")
    where = " in one part" if check.people else ""
    lines.append(f"{alike} of nearly the same picture{where}; {check.contradicting:,} pairs have different labels.")
    lines += _pair_lines(check.duplicates)
    for one in check.agreements:
        lines.append(agreement_line(one))
        lines += [f"  {face}  {first} / {second}" for face, first, second in one.disputed[:MOST_SHOWN]]
    return "\n".join([*lines, *_doubt_lines(check), *_too_small_lines(check)])


def agreement_line(one: Agreement) -> str:
    """How far two raters agree."""
    first, second = one.raters
    kappa = "not computable" if one.kappa is None else f"{one.kappa:.2f}"
    return f"{first} and {second} agree on {one.same:,} of {one.faces:,} faces; Cohen's kappa {kappa}."


def _table(check: Check) -> Iterator[str]:
    """Faces by expression and part."""
    if not check.counts:
        return
    parts = list(next(iter(check.counts.values())))
    yield ""
    yield f"{'':<12}" + "".join(f"{part or 'faces':>12}" for part in parts)
    for name, row in check.counts.items():
        yield f"{name:<12}" + "".join(f"{row[part]:>12,}" for part in parts)
    if check.people:
        yield f"{'people':<12}" + "".join(f"{check.people.get(part, 0):>12,}" for part in parts)


def _doubt_lines(check: Check) -> Iterator[str]:
    if not check.compared:
        yield "To list labels that ExpressionNet contradicts, run `dataset label --by expressionnet` as well."
        return
    surest = "; the surest first:" if check.doubt_count else "."
    yield f"ExpressionNet contradicts {check.doubt_count:,} of {check.compared:,} labels{surest}"
    for one in check.doubts[:MOST_SHOWN]:
        yield f"  {one.face}  {one.label} by {one.by}, scored {one.scored} (+{one.sure:.2f})  {printable(one.file)}"


def _too_small_lines(check: Check) -> Iterator[str]:
    if check.too_small:
        few = ", ".join(f"{name} in {part} ({count})" for name, part, count in check.too_small)
        yield f"Too few faces to train or measure: {few}."


def _pair_lines(pairs: Sequence[Pair]) -> list[str]:
    return [
        f"  {printable(pair.files[0])}  {printable(pair.files[1])}  ({pair.bits} bits)" for pair in pairs[:MOST_SHOWN]
    ]
