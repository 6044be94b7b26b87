"""Finds the faces in a folder of photos and videos, and cuts each out."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from audience.errors import InvalidValue, RecordingUnreadable
from edge_lambda.crops import SHOULDERS_DOWN, SHOULDERS_SCALE, head_and_shoulders
from edge_lambda.detectors import Detection, Detector, Image
from edge_lambda.detectors.working_size import bounded
from edge_lambda.recording import open_recording
from houselights.labelling.alike import picture_hash
from houselights.labelling.dataset import PICTURE_PX, SOURCES, DataSet, FaceFound, Source
from houselights.wording import listed

PHOTOS: Final = frozenset({".bmp", ".jfif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
VIDEOS: Final = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".mts", ".webm"})
HEIC: Final = frozenset({".heic", ".heif", ".hif"})

MOST_PIXELS: Final = 8_000_000
"""Larger photos are made smaller first; more pixels show no more of a face."""

JPEG_QUALITY: Final = 95
_PART_BYTES: Final = 1 << 20
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})


@dataclass(slots=True, kw_only=True)
class Cutting:
    """What a run found.

    Attributes:
        faces: faces in the data set now.
        looked_at: photos and videos read by this run; others were read earlier.
        unread: photos and videos that cannot be read, with the reason.
        heic: photos in Apple's format, which is not read.
        copies: files with the same content as another, and which.
        other: number of files that are neither photo nor video, by ending.
        gone: files of earlier runs that are no longer in the folder; the pictures of their faces were removed.
    """

    faces: int = 0
    looked_at: int = 0
    unread: dict[str, str] = field(default_factory=dict)
    heic: list[str] = field(default_factory=list)
    copies: dict[str, str] = field(default_factory=dict)
    other: Counter[str] = field(default_factory=Counter)
    gone: list[str] = field(default_factory=list)


def cut_faces(
    photos: Path,
    dataset: DataSet,
    load_detector: Callable[[], Detector],
    *,
    every_s: float,
    least_px: int,
    on_progress: Callable[[int, int, int], None] = lambda done, files, faces: None,
) -> Cutting:
    """Finds and cuts the faces of all photos and videos below a folder. What an earlier run did is not done again.

    Args:
        photos: the folder, with any folders in it. Names that begin with a dot are left out.
        dataset: where faces are kept.
        load_detector: makes what finds faces; called if there is anything to look at.
        every_s: seconds between pictures of a video, over 0.
        least_px: faces of less height are left out, pixels.
        on_progress: called after each file and each picture of a video with the files done, all files, and the faces.

    Raises:
        InvalidValue: the folder cannot be read, or holds neither photos nor videos.
    """
    result = Cutting()
    files = [(_name(path, photos), path, path.stat()) for path in _files(photos, dataset.folder, result)]
    known = dataset.sources()
    result.gone = sorted(known.keys() - {name for name, _, _ in files})
    changed = [name for name, _, about in files if name in known and not _is_same(known[name], about)]
    for name in (*result.gone, *changed):
        _remove(dataset, known, name)
    if not files:
        raise InvalidValue(f"{photos} holds no photos or videos{_what_else(result)}")
    cutter: _Cutter | None = None
    by_id = {face.id: source.file for source in known.values() for face in source.faces}
    result.faces = len(by_id)
    for done, (name, path, about) in enumerate(files):
        source = known.get(name)
        if source is None:
            cutter = cutter or _Cutter(dataset, load_detector(), every_s=every_s, least_px=least_px)
            before = len(by_id)
            source = cutter.cut(
                path,
                Source(file=name, size=about.st_size, modified_ns=about.st_mtime_ns),
                by_id,
                on_face=partial(_report, on_progress, done, len(files), before),
            )
            dataset.add_source(source)
            result.looked_at += 1
        if source.problem:
            result.unread[name] = source.problem
        if source.copy_of:
            result.copies[name] = source.copy_of
        result.faces = len(by_id)
        on_progress(done + 1, len(files), result.faces)
    return result


def check_folder(photos: Path) -> None:
    """Raises InvalidValue if photos are to be looked for in what is no folder."""
    if not photos.is_dir():
        raise InvalidValue(f"{photos} is not a folder: give the folder of the photos")


def _report(on_progress: Callable[[int, int, int], None], done: int, files: int, before: int, here: int) -> None:
    on_progress(done, files, before + here)


class _Cutter:
    def __init__(self, dataset: DataSet, detector: Detector, *, every_s: float, least_px: int) -> None:
        self._dataset, self._detector = dataset, detector
        self._every_s, self._least_px = every_s, least_px

    def cut(self, path: Path, source: Source, by_id: dict[str, str], on_face: Callable[[int], None]) -> Source:
        """Cuts one file; adds its faces to `by_id`."""
        about = {"file": source.file, "size": source.size, "modified_ns": source.modified_ns}
        found: list[FaceFound] = []
        try:
            content = _fingerprint(path)
            for image, at_ms in _pictures(path, self._every_s):
                photo_hash = picture_hash(image)
                for number, face in enumerate(self._faces(image)):
                    id = hashlib.sha256(f"{content}/{at_ms}/{number}".encode()).hexdigest()[:16]
                    if id in by_id:
                        return Source(**about, copy_of=by_id[id])  # type: ignore[arg-type]
                    jpeg = head_and_shoulders(image, face, side=PICTURE_PX, quality=JPEG_QUALITY)
                    self._dataset.keep_picture(id, jpeg)
                    found.append(_found(id, number, image, face, jpeg, photo_hash, at_ms))
                on_face(len(found))
        except RecordingUnreadable as problem:
            return Source(**about, problem=str(problem).removeprefix(f"{path} "))  # type: ignore[arg-type]
        except OSError as problem:
            return Source(**about, problem=f"cannot be read ({problem.strerror})")  # type: ignore[arg-type]
        by_id |= {face.id: source.file for face in found}
        return Source(**about, faces=found)  # type: ignore[arg-type]

    def _faces(self, image: Image) -> list[Detection]:
        found = [face for face in self._detector.detect(image) if face.height >= self._least_px]
        return sorted(found, key=lambda face: face.height, reverse=True)


def _pictures(path: Path, every_s: float) -> Iterator[tuple[Image, int | None]]:
    """The pictures of a file with their times, milliseconds; one without a time for a photo."""
    if path.suffix.lower() in VIDEOS:
        for frame in open_recording(path).sample(every_s):
            yield frame.image, round(frame.at_s * 1000)
        return
    content = path.read_bytes()
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        raise RecordingUnreadable("is a HEIC photo: save it as JPEG")
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    except (cv2.error, MemoryError):
        image = None
    if image is None:
        raise RecordingUnreadable("is damaged, or no photo")
    yield bounded(np.asarray(image, dtype=np.uint8), max_pixels=MOST_PIXELS)[0], None


def _found(
    id: str, number: int, image: Image, face: Detection, jpeg: bytes, photo_hash: str, at_ms: int | None
) -> FaceFound:
    height, width = image.shape[:2]
    return FaceFound(
        id=id,
        number=number,
        px=round(face.height, 1),
        centre=(round((face.left + face.width / 2) / width, 4), round((face.top + face.height / 2) / height, 4)),
        extent=(round(face.width / width, 4), round(face.height / height, 4)),
        box=_box(face),
        photo_hash=photo_hash,
        face_hash=picture_hash(np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)),
        at_ms=at_ms,
    )


def _box(face: Detection) -> tuple[float, float, float, float]:
    """Where the face is in the picture that `head_and_shoulders` makes of it, fractions."""
    height = 1 / SHOULDERS_SCALE
    width = height * face.width / face.height
    return (
        round(0.5 - width / 2, 4),
        round(0.5 - height * (0.5 + SHOULDERS_DOWN), 4),
        round(width, 4),
        round(height, 4),
    )


def _files(photos: Path, dataset: Path, result: Cutting) -> Iterator[Path]:
    """Photos and videos, in the order of their names; notes what is neither."""
    check_folder(photos)
    for folder, folders, names in os.walk(photos, onerror=_refuse):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not _is_data_set(Path(folder, name))
        )
        if Path(folder).resolve() == dataset.resolve():
            folders.clear()
            continue
        for name in sorted(names):
            path = Path(folder, name)
            ending = path.suffix.lower()
            if name.startswith(".") or not path.is_file():
                continue
            if ending in PHOTOS or ending in VIDEOS:
                yield path
            elif ending in HEIC:
                result.heic.append(_name(path, photos))
            else:
                result.other[ending] += 1


def _is_data_set(folder: Path) -> bool:
    return (folder / SOURCES).exists()


def _refuse(problem: OSError) -> None:
    raise InvalidValue(f"{problem.filename} cannot be read ({problem.strerror})")


def _name(path: Path, photos: Path) -> str:
    """The path within the folder, as text that any file can hold: bytes that are no UTF-8 are written as \\xff."""
    return os.fsencode(path.relative_to(photos).as_posix()).decode("utf-8", "backslashreplace")


def _fingerprint(path: Path) -> str:
    """A hash of the file's size, and of its first and last megabyte: all of most photos, and enough of a video."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        begins = file.read(_PART_BYTES)
        file.seek(max(file.tell(), size - _PART_BYTES))
        ends = file.read(_PART_BYTES)
    return hashlib.sha256(b"%d/" % size + begins + ends).hexdigest()


def _is_same(source: Source, about: os.stat_result) -> bool:
    return (source.size, source.modified_ns) == (about.st_size, about.st_mtime_ns)


def _remove(dataset: DataSet, known: dict[str, Source], name: str) -> None:
    """Removes a source that is gone or was changed, and the pictures of its faces.

    Its copies are removed with it, so that they are read as new and one of them takes its place. Labels stay: they name
    no file and show nobody.
    """
    # The copies first: a run that is stopped in between finds them again by the source.
    for file in (*[source.file for source in known.values() if source.copy_of == name], name):
        if (source := known.pop(file, None)) is not None:
            for face in source.faces:
                dataset.picture_file(face.id).unlink(missing_ok=True)
            dataset.add_source(Source(file=file, size=0, modified_ns=0, gone=True))


def _what_else(result: Cutting) -> str:
    if result.heic:
        return f" that can be read: {listed(result.heic)}: save HEIC photos as JPEG"
    return ""
