"""Slides whose times are found in a talk's recording, on talks of which the truth is known.

Each talk has 20 slides in 30 minutes, some shown twice, and cuts to the speaker, one of which hides a change: the
screen itself with sudden changes, a hall filmed at an angle with noise and a speaker before the screen, and the screen
beside a speaker with slow changes.
"""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.bring.planted_talks import (
    SLIDES,
    Filmed,
    Look,
    Overlaid,
    Picture,
    Talk,
    captured,
    deck,
    schedule,
    write_talk,
)
from bench.figures import Figure
from timeline_files.decks import slides_of
from timeline_files.slide_matching import WITHIN_S, SlideMatch, match_deck

LENGTH_S = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """Changes of one talk: all, those found, those wrong or missed but not said to be unsure, those said to be."""

    changes: int
    found: int
    wrong: int
    unsure: int


def figures() -> Iterator[Figure]:
    """Makes the talks, finds their slides, and counts."""
    counted = []
    processor_s = 0.0
    for seed, talk in enumerate(_talks(), start=1):
        data = deck(seed)
        with tempfile.TemporaryDirectory() as folder:
            recording = Path(folder) / "talk.mp4"
            write_talk(recording, _pages(data), talk)
            began_s = _used_s()
            match = match_deck("deck.pdf", data, recording)
            processor_s += _used_s() - began_s
        one = _count(talk, match, [slide.title for slide in slides_of(data)])
        counted.append(one)
        share = one.found / one.changes
        yield Figure(name=f"slide changes found within {WITHIN_S:g} s: {talk.name}", value=share, reach=0.95)
    changes = sum(one.changes for one in counted)
    yield Figure(
        name=f"slide changes found within {WITHIN_S:g} s, {len(counted)} talks of {LENGTH_S // 60} min",
        value=sum(one.found for one in counted) / changes,
        reach=0.95,
    )
    yield Figure(
        name="slide changes wrong or missed and not said to be unsure",
        value=sum(one.wrong for one in counted) / changes,
        reach=0.0,
        direction="at most",
    )
    yield Figure(name="slide changes said to be unsure", value=sum(one.unsure for one in counted) / changes)
    yield Figure(
        name="processor time to find slides, per hour of recording",
        value=processor_s / (len(counted) * LENGTH_S / 3600),
        unit="s",
        reach=240,
        direction="at most",
    )


def _talks() -> Iterator[Talk]:
    looks: tuple[tuple[str, Look, float, int], ...] = (
        ("the screen itself", captured, 0.0, 50),
        ("filmed at an angle", Filmed(), 0.0, 50),
        ("beside a speaker, with fades", Overlaid(), 1.0, 10),
    )
    for seed, (name, look, fade_s, key_every) in enumerate(looks, start=1):
        shown, away = schedule(seed, length_s=LENGTH_S, pages=SLIDES)
        yield Talk(name=name, length_s=LENGTH_S, shown=shown, away=away, look=look, fade_s=fade_s, key_every=key_every)


def _pages(data: bytes) -> list[Picture]:
    """The pages in colour."""
    import pypdfium2

    with pypdfium2.PdfDocument(data) as document:
        return [np.ascontiguousarray(page.render(scale=1).to_numpy()[:, :, :3]).astype(np.uint8) for page in document]


def _count(talk: Talk, match: SlideMatch, titles: list[str]) -> _Counted:
    """Holds every change of the talk against the segment that begins nearest to it with that slide."""
    segments = match.timeline.segments
    found = unsure = 0
    taken: set[int] = set()
    changes = talk.shown[1:]
    for change in changes:
        own = [place for place, one in enumerate(segments) if one.title == titles[change.page] and place not in taken]
        nearest = min(own, key=lambda place: abs(segments[place].start_s - change.at_s), default=None)
        if nearest is None:
            continue
        is_near = abs(segments[nearest].start_s - change.at_s) <= WITHIN_S
        if is_near or segments[nearest].guessed:
            taken.add(nearest)
            found += is_near
            unsure += segments[nearest].guessed and not is_near
    # What was placed where nothing changed is wrong as well.
    invented = sum(place not in taken and not one.guessed for place, one in enumerate(segments) if place)
    return _Counted(
        changes=len(changes), found=found, wrong=max(len(changes) - found - unsure, invented), unsure=unsure
    )


def _used_s() -> float:
    """Processor time of this process and those it waited for, seconds."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
