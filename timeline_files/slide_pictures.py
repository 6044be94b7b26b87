"""Slides and pictures of their pages: for finding them in a recording, and for reports.

PDF is drawn here, in isolated processes; other decks are printed as PDF first, by LibreOffice where it is installed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.slide_pictures import LARGEST_PICTURE, MOST_PICTURES, picture_id
from timeline_files.decks import LARGEST_DECK, is_pdf, slides_of
from timeline_files.isolated import ProcessCrashed, ProcessTimedOut, run_isolated
from timeline_files.pdf_deck import page_pictures
from timeline_files.slides import Slide

if TYPE_CHECKING:
    from audience.timelines import Timeline
    from timeline_files.talk_frames import Grey

MOST_PAGES: Final = 500
PICTURE_WIDTH: Final = 720
"""Pixels of a picture that is kept: a third of a printed page's width at 260 dots an inch."""

PRINTED_WITHIN_S: Final = 180.0

# LibreOffice with a profile of its own: no macros, and nothing is fetched that a deck links to.
_PROFILE: Final = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse">
<value>3</value></prop><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop>
<prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
</oor:items>
"""


def deck_slides(name: str, data: bytes) -> list[Slide]:
    """Reads the slides of a deck in an isolated process.

    Raises:
        InvalidValue: the file is not a deck that can be read; the message names it.
    """
    try:
        read = run_isolated(slides_in, data)
    except InvalidValue as problem:
        raise InvalidValue(f"{name}: {problem}") from None
    except (ProcessCrashed, ProcessTimedOut):
        raise InvalidValue(f"{name}: is not a deck that can be read: export it again") from None
    return [Slide(**{**slide, "pages": tuple(slide["pages"])}) for slide in read]


def slides_in(data: bytes) -> list[dict[str, Any]]:
    """Reads the slides of a deck in this process, as dicts (`asdict`).

    Raises:
        InvalidValue: as `slides_of`.
    """
    return [asdict(slide) for slide in slides_of(data)]


def deck_pictures(name: str, pdf: bytes, *, width: int) -> list[Grey]:
    """Draws the pages of a deck, those that are not hidden, in grey.

    Args:
        name: the deck's file name.
        pdf: the deck as PDF.
        width: of the pictures, pixels.

    Returns:
        The pages in order, all as high as the first.

    Raises:
        InvalidValue: a page cannot be drawn, or there are too many.
    """
    pictures: list[Grey] = []
    for page in _drawn(name, pdf, range(MOST_PAGES + 1), width=width, in_colour=False):
        grey = page[:, :, 0]
        pictures.append(_as_high(grey, pictures[0].shape if pictures else grey.shape))
    if len(pictures) > MOST_PAGES:
        raise InvalidValue(f"{name}: has over {MOST_PAGES} pages: slides are found in decks of at most {MOST_PAGES}")
    return pictures


def with_pictures(name: str, pdf: bytes | None, timeline: Timeline) -> tuple[Timeline, dict[str, bytes]]:
    """Draws the pictures of the slides on a timeline.

    Args:
        name: the deck's file name.
        pdf: the deck as PDF; None where it cannot be drawn.
        timeline: of the deck; the pictures of its segments are names of pages (`Slide.page_name`).

    Returns:
        The timeline with the ids of its pictures, and these, JPEG, by id. From a page on that cannot be drawn, slides
        have none.
    """
    pages = sorted({int(one.picture.split()[1]) for one in timeline.segments if one.picture})[:MOST_PICTURES]
    drawn: dict[str, bytes] = {}
    if pdf is not None and find_spec("cv2") is not None:
        with suppress(InvalidValue):
            for number, page in zip(pages, _drawn(name, pdf, pages, width=PICTURE_WIDTH, in_colour=True), strict=False):
                drawn[f"page {number}"] = _jpeg(page)
    ids = {page: picture_id(jpeg) for page, jpeg in drawn.items()}
    segments = tuple(replace(one, picture=ids.get(one.picture, "")) for one in timeline.segments)
    return replace(timeline, segments=segments), {ids[page]: jpeg for page, jpeg in drawn.items()}


def _drawn(name: str, pdf: bytes, wanted: Sequence[int], *, width: int, in_colour: bool) -> Iterator[NDArray[np.uint8]]:
    """Pages as they are drawn, height x width x 3 (blue, green, red) or 1, in as many processes as it takes.

    Raises:
        InvalidValue: a page cannot be drawn.
    """
    done, wanted = 0, list(wanted)
    while done < len(wanted):
        try:
            drawn = run_isolated(page_pictures, pdf, wanted=wanted[done:], width=width, in_colour=in_colour)
        except InvalidValue as problem:
            raise InvalidValue(f"{name}: {problem}") from None
        except (ProcessCrashed, ProcessTimedOut):
            raise InvalidValue(
                f"{name}: page {wanted[done] + 1} cannot be drawn: export the deck as PDF again, with smaller pictures"
            ) from None
        for page in drawn["pictures"]:
            yield np.frombuffer(b64decode(page["rows"]), np.uint8).reshape(page["height"], width, -1)
        if not drawn["pictures"]:
            return  # the deck has no more pages
        done += len(drawn["pictures"])


def _jpeg(page: NDArray[np.uint8]) -> bytes:
    """A picture as a file, small enough for a store."""
    import cv2

    for quality in (85, 60, 30):
        jpeg = bytes(cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
        if len(jpeg) <= LARGEST_PICTURE:
            break
    return jpeg


def _as_high(grey: Grey, shape: tuple[int, ...]) -> Grey:
    """A page, cut or filled with white to the shape of the others."""
    page = np.full(shape, 255, np.uint8)
    high, wide = min(shape[0], grey.shape[0]), min(shape[1], grey.shape[1])
    page[:high, :wide] = grey[:high, :wide]
    return page


def printed(name: str, data: bytes) -> bytes:
    """The deck as PDF: as it is, or by LibreOffice.

    Raises:
        InvalidValue: LibreOffice is not installed, or cannot open the deck.
    """
    if is_pdf(data):
        return data
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        raise InvalidValue(
            f"{name}: export the deck as PDF and give that (in PowerPoint: File, Export, PDF), or install LibreOffice, "
            "which draws the slides"
        )
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        deck = place / f"deck{Path(name).suffix or '.pptx'}"
        deck.write_bytes(data)
        profile = place / "profile" / "user"
        profile.mkdir(parents=True)
        (profile / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
        command = [program, f"-env:UserInstallation={profile.parent.as_uri()}", "--headless", "--norestore"]
        command += ["--convert-to", "pdf", "--outdir", folder, str(deck)]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8"}
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(PRINTED_WITHIN_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        printed = deck.with_suffix(".pdf")
        if not printed.is_file() or printed.stat().st_size > LARGEST_DECK:
            raise InvalidValue(f"{name}: LibreOffice cannot draw its slides: export the deck as PDF and give that")
        return printed.read_bytes()
