"""Finds when each slide was shown from the talk's own recording: the stage or the screen, not the audience.

Pictures of the recording are scored against the deck's pages (`timeline_files.slide_scores`). The likeliest sequence
of slides is that of a hidden Markov model (Viterbi 1967), in which a slide that is not in the picture stays on until
another is seen. What is not certain is marked as guessed and left for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.timelines import Timeline
from timeline_files.optional import require
from timeline_files.parts import Part, plain_title, timeline_of
from timeline_files.slides import Slide

if TYPE_CHECKING:
    from timeline_files.slide_scores import SlideScores
    from timeline_files.talk_frames import Frame, Grey, TalkFrames

OnPosition = Callable[[float, float | None], None]

WITHIN_S: Final = 2.0
"""A change that was seen is known to within this; one that is less certain is marked as guessed."""

_SEEN: Final = 0.45  # a score above which a slide is likelier seen than not
_WEIGHT: Final = 6.0  # of a score against the costs of changes
_NEXT, _ANY, _CUT = 0.8, 2.2, 0.5
_SURE_SCORE: Final = 0.55
_SURE_LEAD: Final = 0.04
_LONG_GROUP_S: Final = 3.0
_SAME_PICTURE: Final = 0.8  # mean difference of brightness between pictures of the same thing, of 255


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideMatch:
    """What was found.

    Attributes:
        timeline: the slides in the order in which they were shown; those whose times are not certain are guessed.
        unseen: slides of the deck that were not seen and are not in the timeline.
        pictures: of the slides, JPEG, by the ids that the timeline's segments name.
    """

    timeline: Timeline
    unseen: tuple[Slide, ...]
    pictures: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def unsure(self) -> int:
        """How many segments are guessed."""
        return sum(segment.guessed for segment in self.timeline.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """A picture that was scored.

    Attributes:
        at_s: its time, seconds.
        scores: (n,) of the pages.
    """

    at_s: float
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A stretch in which one slide was seen.

    Attributes:
        slide: its place in the deck, from 0.
        first_s, last_s: when it was seen first and last.
        after_s: the last second at which something else was seen; its own start lies between this and `first_s`.
        sure: whether it is certain that it was this slide.
    """

    slide: int
    first_s: float
    last_s: float
    after_s: float
    sure: bool


def match_deck(name: str, data: bytes, recording: Path, *, on_position: OnPosition | None = None) -> SlideMatch:
    """Finds when each slide of a deck was shown; the timeline is called as the deck's file.

    Args:
        name: the deck's file name.
        data: the deck.
        recording: the talk's own recording.
        on_position: as for `match_slides`.

    Raises:
        RecordingUnreadable, InvalidValue: as `match_slides`; or the deck cannot be read or drawn.
    """
    require("cv2", "finding slides in a recording")
    from timeline_files.slide_pictures import deck_pictures, deck_slides, printed, with_pictures
    from timeline_files.slide_scores import PAGE_WIDTH

    slides = deck_slides(name, data)
    pdf = printed(name, data)
    pages = deck_pictures(name, pdf, width=PAGE_WIDTH)
    match = match_slides(PurePath(name).stem, slides, pages, recording, on_position=on_position)
    timeline, pictures = with_pictures(name, pdf, match.timeline)
    return replace(match, timeline=timeline, pictures=pictures)


def match_slides(
    title: str,
    slides: Sequence[Slide],
    pages: Sequence[Grey],
    recording: Path,
    *,
    on_position: OnPosition | None = None,
) -> SlideMatch:
    """Finds when each slide was shown. Second 0 is the recording's first picture.

    Args:
        title: title of the timeline.
        slides: the slides of the deck, whose `pages` are places in `pages`.
        pages: pictures of the deck's pages, grey, all of one size.
        recording: the talk's own recording.
        on_position: called with the position and the recording's length, in seconds.

    Raises:
        RecordingUnreadable: the recording cannot be read, or has no picture.
        InvalidValue: no slide is seen in it; or a library is not installed.
    """
    require("cv2", "finding slides in a recording")
    require("av", "reading films")
    from timeline_files.slide_scores import SlideScores
    from timeline_files.talk_frames import TalkFrames

    frames = TalkFrames(recording)
    scores = SlideScores(pages)
    samples = _sampled(frames, scores, on_position)
    slide_of_page = _slide_of_page(slides, len(pages))
    path = _likeliest(samples)
    runs = _runs(samples, path, slide_of_page, scores.is_same)
    if not runs:
        raise InvalidValue(
            f"{recording.name}: none of the {len(slides)} slides is seen in it: give the recording of the stage or the "
            "screen, and the deck that was shown"
        )
    parts = _parts(runs, slides, frames.packets.ends_s)
    shown = {part.where for part in parts}
    return SlideMatch(
        timeline=timeline_of(title, parts),
        unseen=tuple(slide for slide in slides if _where(slide) not in shown),
    )


def _slide_of_page(slides: Sequence[Slide], pages: int) -> NDArray[np.int64]:
    places = np.full(pages, -1)
    for place, slide in enumerate(slides):
        places[[page for page in slide.pages if page < pages]] = place
    return places


def _sampled(frames: TalkFrames, scores: SlideScores, on_position: OnPosition | None) -> list[_Sample]:
    """Scored pictures: the key frames, and those between two that show something else."""
    length_s = frames.packets.ends_s
    latest: tuple[Frame, _Sample] | None = None

    def scored(frame: Frame) -> _Sample:
        nonlocal latest
        if latest is not None and _is_still(latest[0].grey, frame.grey):
            sample = replace(latest[1], at_s=frame.at_s)
        else:
            sample = _Sample(at_s=frame.at_s, scores=scores.of(frame.grey))
        latest = frame, sample
        return sample

    coarse = []
    for frame in frames.key_frames():
        coarse.append(scored(frame))
        if on_position is not None:
            on_position(0.8 * frame.at_s, length_s)
    if not coarse:
        return []
    path = _likeliest(coarse)
    until = [*(sample.at_s for sample in coarse[1:]), length_s]
    samples = []
    for place, (sample, until_s) in enumerate(zip(coarse, until, strict=True)):
        samples.append(sample)
        is_last = place == len(coarse) - 1
        changes = not is_last and path[place] != path[place + 1]
        wide = until_s - sample.at_s > _LONG_GROUP_S
        if (changes and until_s - sample.at_s > 1.0) or (
            wide and (is_last or frames.may_have_changed(sample.at_s, until_s))
        ):
            samples += [scored(frame) for frame in frames.between(sample.at_s, until_s)]
        if on_position is not None:
            on_position(0.8 * length_s + 0.2 * sample.at_s, length_s)
    return samples


def _is_still(one: Grey, other: Grey) -> bool:
    """Whether two pictures show the same, down to small details."""
    if one.shape != other.shape:
        return False
    difference = np.abs(one.astype(np.int16) - other)
    rows = difference.shape[0] // 12 * 12
    blocks = difference[:rows, :].reshape(12, rows // 12, 16, -1).mean(axis=(1, 3))
    return bool(blocks.max() < _SAME_PICTURE)


def _likeliest(samples: Sequence[_Sample]) -> NDArray[np.int64]:
    """(t,) the page that is seen in each sample, or -1 - page where it is hidden, by the Viterbi algorithm.

    A state is a page, seen or hidden. The next page comes at a lower cost than another.
    """
    emitted = _WEIGHT * (np.stack([sample.scores for sample in samples]) - _SEEN)
    count = emitted.shape[1]
    change = np.full((count, count), _ANY)
    change[np.arange(count - 1), np.arange(1, count)] = _NEXT
    np.fill_diagonal(change, 0.0)
    cost = np.empty((2 * count, 2 * count))
    cost[:count, :count] = change
    cost[:count, count:] = np.where(np.eye(count, dtype=bool), _CUT, np.inf)
    cost[count:, :count] = change + _CUT
    cost[count:, count:] = np.where(np.eye(count, dtype=bool), 0.0, np.inf)
    gains = np.concatenate([emitted, np.zeros_like(emitted)], axis=1)
    total = gains[0].copy()
    back = np.zeros((len(samples), 2 * count), dtype=np.int64)
    for place in range(1, len(samples)):
        arrived = total[:, None] - cost
        back[place] = arrived.argmax(axis=0)
        total = arrived[back[place], np.arange(2 * count)] + gains[place]
    state = int(total.argmax())
    path = np.empty(len(samples), dtype=np.int64)
    for place in range(len(samples) - 1, -1, -1):
        path[place] = state if state < count else -1 - (state - count)
        state = int(back[place, state])
    return path


def _runs(
    samples: Sequence[_Sample],
    path: NDArray[np.int64],
    slide_of_page: NDArray[np.int64],
    is_same: NDArray[np.bool_],
) -> list[_Run]:
    """The stretches in which one slide was seen, in order; those of one slide that follow each other are one."""
    seen = [place for place in range(len(samples)) if path[place] >= 0 and slide_of_page[path[place]] >= 0]
    groups: list[list[int]] = []
    for place in seen:
        if groups and slide_of_page[path[groups[-1][-1]]] == slide_of_page[path[place]]:
            groups[-1].append(place)
        else:
            groups.append([place])
    runs: list[_Run] = []
    for group in groups:
        own = [float(samples[place].scores[path[place]]) for place in group]
        leads = []
        for place, score in zip(group, own, strict=True):
            page = path[place]
            others = (slide_of_page != slide_of_page[page]) & ~is_same[page]
            leads.append(score - float(samples[place].scores[others].max(initial=0.0)))
        sure = float(np.median(own)) >= _SURE_SCORE and float(np.median(leads)) >= _SURE_LEAD
        first_s, last_s = samples[group[0]].at_s, samples[group[-1]].at_s
        runs.append(
            _Run(
                slide=int(slide_of_page[path[group[0]]]),
                first_s=first_s,
                last_s=last_s,
                after_s=runs[-1].last_s if runs else 0.0,
                sure=sure,
            )
        )
    return runs


def _parts(runs: Sequence[_Run], slides: Sequence[Slide], ends_s: float) -> list[Part]:
    """The segments. A change nobody saw lies in the middle of where it may be; if that is wide, it is guessed.

    Slides that stand between two in the deck, and may have been shown in such a gap, are guessed there.
    """
    shown = {run.slide for run in runs}
    begun: list[tuple[int, float, bool]] = []
    for place, run in enumerate(runs):
        wide = run.first_s - run.after_s > 2 * WITHIN_S
        between: list[int] = []
        if wide and place:
            between = [slide for slide in range(runs[place - 1].slide + 1, run.slide) if slide not in shown]
        gap_s = run.first_s - run.after_s
        for number, slide in enumerate(between, start=1):
            begun.append((slide, run.after_s + gap_s * number / (len(between) + 1), True))
        if place == 0:
            begun.append((run.slide, run.first_s if wide else 0.0, wide or not run.sure))
        elif between:
            begun.append((run.slide, run.first_s, True))
        else:
            begun.append((run.slide, run.after_s + gap_s / 2, wide or not run.sure))
    starts = [start_s for _, start_s, _ in begun]
    parts = []
    for (index, start_s, guessed), end_s in zip(begun, [*starts[1:], max(ends_s, starts[-1] + 0.5)], strict=True):
        shown_slide = slides[index]
        parts.append(
            Part(
                where=_where(shown_slide),
                title=plain_title(shown_slide.title) or f"Slide {shown_slide.number}",
                start_s=round(start_s, 2),
                end_s=round(end_s, 2),
                notes=shown_slide.notes,
                guessed=guessed,
                picture=shown_slide.page_name,
            )
        )
    return parts


def _where(slide: Slide) -> str:
    return f"slide {slide.number}"
