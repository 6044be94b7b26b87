"""Talks of which the truth is known: a deck as PDF, and a recording in which its slides come, go and are covered."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Look = Callable[[Picture, float, np.random.Generator], Picture]

SIZE = (960, 540)
FPS = 5
SLIDES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A slide from one second of a talk on.

    Attributes:
        page: its page, from 0.
        at_s: when it came up.
    """

    page: int
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A planted talk.

    Attributes:
        name: what is hard about it, in few words.
        length_s: how long it lasts.
        shown: which page came up when, in order.
        away: from and until when the recording shows the speaker alone.
        look: draws the picture from a page, the second and a source of noise.
        fade_s: how long one page takes to become the next.
        key_every: pictures between key frames.
    """

    name: str
    length_s: int
    shown: tuple[Shown, ...]
    away: tuple[tuple[float, float], ...]
    look: Look
    fade_s: float = 0.0
    key_every: int = 50


def deck(seed: int, *, slides: int = SLIDES) -> bytes:
    """A deck as PDF: text, tables, pictures, two charts that are nearly alike, and slides that are built up.

    The page of each slide is the last step of it; no two pages have all of their text in common.
    """
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    rng = np.random.default_rng(seed)
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=SIZE)
    words = [
        "bridge",
        "load",
        "steel",
        "river",
        "wind",
        "hum",
        "cable",
        "tower",
        "arch",
        "span",
        "deck",
        "tension",
        "wave",
        "signal",
        "crowd",
        "laugh",
        "slide",
    ]

    def phrase(length: int) -> str:
        return " ".join(rng.choice(words, length))

    for number in range(slides):
        canvas.setFillColorRGB(1, 1, 1)
        canvas.rect(0, 0, *SIZE, stroke=0, fill=1)
        canvas.setFillColorRGB(0.1, 0.2, 0.45)
        canvas.rect(0, 500, SIZE[0], 40, stroke=0, fill=1)
        canvas.setFont("Helvetica", 11)
        canvas.drawString(40, 18, "Houselights · planted talk")
        canvas.drawString(900, 18, str(number + 1))
        canvas.setFillColorRGB(0.05, 0.05, 0.1)
        canvas.setFont("Helvetica-Bold", 34)
        canvas.drawString(50, 440, phrase(3).capitalize())
        kind = ("text", "table", "picture", "chart", "text")[number % 5]
        canvas.setFont("Helvetica", 20)
        if kind == "text":
            for line in range(int(rng.integers(3, 7))):
                canvas.drawString(70, 380 - 46 * line, "• " + phrase(int(rng.integers(3, 6))))
        elif kind == "table":
            for row in range(6):
                for column in range(4):
                    canvas.rect(70 + 200 * column, 340 - 44 * row, 200, 44)
                    canvas.drawString(84 + 200 * column, 354 - 44 * row, str(rng.integers(10, 9999)))
        elif kind == "picture":
            noise = rng.random((9, 16, 3)).astype(np.float32)
            photo = (255 * np.clip(cv2.resize(noise, (640, 360), interpolation=cv2.INTER_CUBIC), 0, 1)).astype(np.uint8)
            from PIL import Image

            canvas.drawImage(ImageReader(Image.fromarray(photo)), 160, 50, 640, 360)
        else:
            for bar in range(8):
                canvas.setFillColorRGB(*rng.random(3))
                canvas.rect(90 + 100 * bar, 70, 70, float(rng.integers(40, 320)), stroke=0, fill=1)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def schedule(seed: int, *, length_s: int, pages: int) -> tuple[tuple[Shown, ...], tuple[tuple[float, float], ...]]:
    """When each page comes up, two of them a second time, and when the recording looks away.

    Cuts to the speaker last 4 to 25 s; one hides a change.
    """
    rng = np.random.default_rng(seed)
    order = list(range(pages))
    for back in (7, 14):
        if back < pages - 2:
            order[order.index(back) + 1 : order.index(back) + 1] = [back - 3, back]
    lengths = rng.uniform(0.4, 1.6, len(order))
    edges = np.concatenate([[0.0], np.cumsum(lengths)]) * length_s / lengths.sum()
    shown = tuple(Shown(page=page, at_s=round(float(at_s), 1)) for page, at_s in zip(order, edges[:-1], strict=True))
    away = []
    for place, (from_s, until_s) in enumerate(itertools.pairwise(edges)):
        if until_s - from_s > 24 and place % 2:
            start_s = rng.uniform(from_s + 6, until_s - 14)
            away.append((start_s, min(start_s + rng.uniform(4, 25), until_s - 4)))
    hidden = len(order) // 2
    away = [one for one in away if not edges[hidden] - 20 < one[0] < edges[hidden] + 20]
    away.append((edges[hidden] - 12, edges[hidden] + 5))
    return shown, tuple(sorted(away))


def speaker(size: tuple[int, int], at_s: float) -> Picture:
    """A drawn speaker before a curtain, who sways and gestures."""
    width, high = size
    picture = np.full((high, width, 3), (60, 45, 40), np.uint8)
    for fold in range(0, width, 48):
        cv2.rectangle(picture, (fold, 0), (fold + 20, high), (72, 52, 46), -1)
    x = int(width * (0.5 + 0.08 * np.sin(at_s / 3))) if width else 0
    y = int(high * (0.42 + 0.02 * np.sin(at_s * 1.7)))
    head = high // 8
    cv2.ellipse(picture, (x, y + 3 * head), (2 * head, int(2.6 * head)), 0, 0, 360, (90, 60, 30), -1)
    cv2.circle(picture, (x, y), head, (150, 180, 215), -1)
    arm = (int(x + 3 * head * np.cos(at_s)), int(y + 2 * head - head * np.sin(at_s * 1.3)))
    cv2.line(picture, (x + head, y + 2 * head), arm, (90, 60, 30), head // 2)
    return picture


def captured(page: Picture, at_s: float, rng: np.random.Generator) -> Picture:
    """The screen itself."""
    return page


class Overlaid:
    """The screen, smaller, with the speaker in a corner over it."""

    def __init__(self) -> None:
        self._drawn = _Latest(self._draw)

    def __call__(self, page: Picture, at_s: float, rng: np.random.Generator) -> Picture:
        picture = self._drawn(page).copy()
        picture[340:530, 640:950] = speaker((310, 190), at_s)
        return picture

    def _draw(self, page: Picture) -> Picture:
        picture = np.full((SIZE[1], SIZE[0], 3), 24, np.uint8)
        picture[20:434, 20:756] = cv2.resize(page, (736, 414), interpolation=cv2.INTER_AREA)
        return picture


class Filmed:
    """A hall filmed at an angle: noise, a bright screen that is darker at its edges, a speaker who walks before it."""

    def __init__(self) -> None:
        self._drawn = _Latest(self._draw)
        rng = np.random.default_rng(7)
        self._noise = rng.integers(-14, 15, (8, SIZE[1], SIZE[0], 3), dtype=np.int16)

    def __call__(self, page: Picture, at_s: float, rng: np.random.Generator) -> Picture:
        picture = self._drawn(page).copy()
        x = int(330 + 90 * np.sin(at_s / 11))
        cv2.ellipse(picture, (x, 470), (56, 120), 0, 0, 360, (40, 32, 30), -1)
        cv2.circle(picture, (x, 335), 30, (70, 90, 110), -1)
        noisy = cv2.add(picture, self._noise[rng.integers(len(self._noise))], dtype=cv2.CV_8U)
        return np.asarray(noisy, np.uint8)

    def _draw(self, page: Picture) -> Picture:
        width, high = SIZE
        corners = np.array([[0, 0], [width, 0], [width, high], [0, high]], np.float32)
        screen = np.array([[300, 60], [820, 105], [800, 385], [290, 350]], np.float32)
        warp = cv2.getPerspectiveTransform(corners, screen)
        picture = np.full((high, width, 3), (28, 24, 22), np.uint8)
        lit = cv2.warpPerspective(page, warp, SIZE, flags=cv2.INTER_AREA)
        inside = cv2.warpPerspective(np.full((high, width), 255, np.uint8), warp, SIZE) > 128
        glow = np.linspace(0.62, 0.86, width, dtype=np.float32)[None, :, None]
        picture[inside] = (lit * glow + 18).clip(0, 255).astype(np.uint8)[inside]
        return picture


class _Latest:
    """Keeps what was drawn of the latest page."""

    def __init__(self, draw: Callable[[Picture], Picture]) -> None:
        self._draw = draw
        self._latest: tuple[Picture, Picture] | None = None

    def __call__(self, page: Picture) -> Picture:
        if self._latest is None or self._latest[0] is not page:
            self._latest = page, self._draw(page)
        return self._latest[1]


def write_talk(path: Path, pages: Sequence[Picture], talk: Talk) -> None:
    """Writes the recording of a talk, H.264 in MP4.

    Args:
        path: where.
        pages: the deck's pages, in colour and of `SIZE`.
        talk: what is shown.
    """
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "27"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.gop_size = talk.key_every
        for picture in _pictures(pages, talk):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        output.mux(stream.encode(None))


def _pictures(pages: Sequence[Picture], talk: Talk) -> Iterator[Picture]:
    rng = np.random.default_rng(len(talk.name))
    place = 0
    still: tuple[int, Picture] | None = None
    for number in range(talk.length_s * FPS):
        at_s = number / FPS
        while place + 1 < len(talk.shown) and talk.shown[place + 1].at_s <= at_s:
            place += 1
        if any(from_s <= at_s < until_s for from_s, until_s in talk.away):
            yield speaker(SIZE, at_s)
            continue
        page = pages[talk.shown[place].page]
        since_s = at_s - talk.shown[place].at_s
        if place and since_s < talk.fade_s:
            part = since_s / talk.fade_s
            page = np.asarray(cv2.addWeighted(page, part, pages[talk.shown[place - 1].page], 1 - part, 0), np.uint8)
        elif talk.look is captured:
            if still is None or still[0] != place:
                still = (place, page)
            yield still[1]
            continue
        yield talk.look(page, at_s, rng)
