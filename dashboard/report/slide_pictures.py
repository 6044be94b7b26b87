"""Pictures of slides for a report: those that the store keeps, or a folder into which somebody exported them."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from PIL import Image

from audience.errors import InvalidValue
from audience.sessions import Stage
from dashboard.report.contents import ReportPictures

_ENDINGS: Final = frozenset({".jpeg", ".jpg", ".png"})
_WIDEST_PX: Final = 960
_QUALITY: Final = 85


def stored_pictures(stage: Stage, kept: Mapping[str, bytes]) -> ReportPictures | None:
    """The pictures of a stage's leading timeline, its first slide as the cover; None where there are none.

    Args:
        stage: the stage.
        kept: its pictures in the store, by id.
    """
    segments = stage.timelines[0].segments if stage.timelines else ()
    found = {index: kept[one.picture] for index, one in enumerate(segments) if one.picture in kept}
    return ReportPictures(cover=found[min(found)], segments=found) if found else None


def slide_pictures(folder: Path, segments: int) -> ReportPictures:
    """The pictures in a folder, in the order of the numbers in their names: one a segment, the first as the cover.

    Args:
        folder: with PNG or JPEG files, as PowerPoint, Keynote and LibreOffice export slides.
        segments: how many there are.

    Raises:
        InvalidValue: the folder has no pictures, or another number of them; or one cannot be read.
    """
    try:
        found = sorted((one for one in folder.iterdir() if one.suffix.lower() in _ENDINGS), key=_by_number)
    except OSError as problem:
        raise InvalidValue(f"{folder} cannot be read: {problem.strerror}; name a folder of pictures") from None
    if not found:
        raise InvalidValue(f"{folder} has no pictures: export the slides as PNG or JPEG into it")
    if len(found) != segments:
        raise InvalidValue(
            f"{folder} has {len(found)} pictures and the session's timeline {segments} parts: leave one for each"
        )
    pictures = [_small(one) for one in found]
    return ReportPictures(cover=pictures[0], segments=dict(enumerate(pictures)))


def _by_number(file: Path) -> list[tuple[int, str]]:
    """Slide2 before Slide10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", file.stem.lower())]


def _small(file: Path) -> bytes:
    """A picture as a report holds it: JPEG, without what cameras and programs note in files."""
    try:
        with Image.open(file, formats=("PNG", "JPEG")) as picture:
            picture.draft("RGB", (_WIDEST_PX, _WIDEST_PX))
            shown = picture.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InvalidValue(f"{file} is no PNG or JPEG that can be read: export it again") from None
    shown.thumbnail((_WIDEST_PX, _WIDEST_PX))
    made = io.BytesIO()
    shown.save(made, "JPEG", quality=_QUALITY, optimize=True)
    return made.getvalue()
