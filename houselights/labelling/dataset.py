"""The folder of a data set: the faces cut from photos and videos, and each label they were given.

    DIR/sources.jsonl              a line for each photo and video: what was found in it
    DIR/faces/ID.jpg               each face, head and shoulders, `PICTURE_PX` a side
    DIR/labels/person-NAME.jsonl   what a person said
    DIR/labels/rekognition.jsonl   what Rekognition answered, raw and as scores
    DIR/labels/expressionnet.jsonl what ExpressionNet scored
    DIR/split.json                 who is in which part (`houselights.labelling.split`)

Lines are only added, and of several about one thing the last counts. So a command that is stopped loses at most the
line that it was writing. All files are readable by their owner alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Generic, TypeVar

import msgspec

from audience.errors import InvalidValue
from audience.private_files import make_private, private_folder, write_private

PICTURE_PX: Final = 224
"""Side of a face's picture. The face fills 124 of them, three times what Rekognition asks for."""

SOURCES: Final = "sources.jsonl"
FACES: Final = "faces"
LABELS: Final = "labels"

_RATER = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_PERSON: Final = "person-"
_HASH: Final = "^[0-9a-f]{64}$"

Line = TypeVar("Line", bound=msgspec.Struct)


class FaceFound(msgspec.Struct, frozen=True, kw_only=True):
    """A face of a photo or of a picture of a video.

    Attributes:
        id: hexadecimal, made from the source's content, so a photo that is moved or renamed keeps its labels.
        number: 0 for the largest face of the picture, 1 for the next.
        px: height of the face in the source, pixels.
        centre: x and y of the face's centre, fractions of the source's picture.
        extent: width and height of the face, fractions of the source's picture.
        box: left, top, width, height of the face as fractions of its own picture in `faces/`.
        photo_hash: of the source's picture, and
        face_hash: of the face's own, `houselights.labelling.alike.picture_hash`.
        at_ms: time of the picture in a video, milliseconds; None for a photo.
    """

    id: str
    number: int
    px: float
    centre: tuple[float, float]
    extent: tuple[float, float]
    box: tuple[float, float, float, float]
    photo_hash: Annotated[str, msgspec.Meta(pattern=_HASH)]
    face_hash: Annotated[str, msgspec.Meta(pattern=_HASH)]
    at_ms: int | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A photo or video, and what was found in it.

    Attributes:
        file: its path within the folder of photos, with forward slashes.
        size, modified_ns: of the file, to see whether it was changed.
        faces: the faces found; their pictures are in `faces/`.
        problem: why it could not be read; "" where it could.
        copy_of: another file with the same content, whose faces count; "" for none.
        gone: whether it is no longer in the folder of photos.
    """

    file: str
    size: int
    modified_ns: int
    faces: list[FaceFound] = []
    problem: str = ""
    copy_of: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A face of the data set, with its source."""

    found: FaceFound
    file: str

    @property
    def id(self) -> str:
        """Its id, which names its picture."""
        return self.found.id


class JsonLines(Generic[Line]):
    """A file with one JSON object a line, each of one type."""

    def __init__(self, file: Path, kind: type[Line]) -> None:
        """Creates the object without I/O."""
        self.file = file
        self._decode: Callable[[bytes], Line] = msgspec.json.Decoder(kind).decode
        self._can_append = False

    def read(self) -> list[Line]:
        """All whole lines; none if there is no file.

        Raises:
            InvalidValue: a line cannot be read. A last line that was cut off is left out instead.
        """
        try:
            content = self.file.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as problem:
            raise InvalidValue(f"{self.file} cannot be read ({problem.strerror})") from None
        *whole, _cut_off = content.split(b"\n")
        lines = []
        for number, line in enumerate(whole, start=1):
            try:
                lines.append(self._decode(line))
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise InvalidValue(f"line {number} of {self.file} is damaged: remove it, and run this again") from None
        return lines

    def append(self, line: Line) -> None:
        """Adds a line.

        Raises:
            InvalidValue: the file cannot be written.
        """
        with writing(self.file):
            if not self._can_append:
                private_folder(self.file.parent)
                make_private(self.file)
                _remove_cut_off_line(self.file)
                self._can_append = True
            with self.file.open("ab") as output:
                output.write(msgspec.json.encode(line) + b"\n")


class DataSet:
    """A data set in its folder."""

    def __init__(self, folder: Path) -> None:
        """Creates the object without I/O."""
        self.folder = folder
        self._sources = JsonLines(folder / SOURCES, Source)

    @classmethod
    def open(cls, folder: Path) -> DataSet:
        """Opens an existing data set.

        Raises:
            InvalidValue: there is none in the folder.
        """
        if not (folder / SOURCES).is_file():
            raise InvalidValue(
                f"{folder} is not a data set: make one with `houselights dataset label PHOTOS --to {folder}`"
            )
        return cls(folder)

    def sources(self) -> dict[str, Source]:
        """Every photo and video that is still there, by file."""
        latest = {source.file: source for source in self._sources.read()}
        return {file: source for file, source in sorted(latest.items()) if not source.gone}

    def add_source(self, source: Source) -> None:
        """Notes a photo or video, in place of an earlier line about the same file."""
        self._sources.append(source)

    def faces(self) -> list[Face]:
        """All faces, ordered by id: the order does not depend on names or folders, and is the same for every rater."""
        found = {
            face.id: Face(found=face, file=source.file) for source in self.sources().values() for face in source.faces
        }
        return [found[id] for id in sorted(found)]

    def picture_file(self, face_id: str) -> Path:
        """Where the picture of a face is."""
        return self.folder / FACES / f"{face_id}.jpg"

    def picture(self, face_id: str) -> bytes:
        """The JPEG of a face.

        Raises:
            InvalidValue: it is missing.
        """
        try:
            return self.picture_file(face_id).read_bytes()
        except OSError as problem:
            raise InvalidValue(
                f"{self.picture_file(face_id)} cannot be read ({problem.strerror}): run `houselights dataset label` "
                "again, with the photos"
            ) from None

    def keep_picture(self, face_id: str, jpeg: bytes) -> None:
        """Writes the picture of a face.

        Raises:
            InvalidValue: it cannot be written.
        """
        file = self.picture_file(face_id)
        with writing(file):
            private_folder(file.parent)
            write_private(file, jpeg)

    def labels_file(self, name: str) -> Path:
        """Where labels are: "rekognition", "expressionnet", or `person_file_name` of a rater."""
        return self.folder / LABELS / f"{name}.jsonl"

    def raters(self) -> list[str]:
        """Names of the people who labelled, in alphabetical order."""
        return sorted(file.stem.removeprefix(_PERSON) for file in self.folder.glob(f"{LABELS}/{_PERSON}*.jsonl"))


def person_file_name(rater: str) -> str:
    """The name of a person's labels.

    Raises:
        InvalidValue: no file can be called by that name everywhere.
    """
    if not _RATER.fullmatch(rater):
        raise InvalidValue(f"--rater {rater!r} cannot be used: take up to 32 small letters, digits and hyphens")
    return _PERSON + rater


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Turns an error of the file system into one line.

    Raises:
        InvalidValue: the file cannot be written.
    """
    try:
        yield
    except OSError as problem:
        raise InvalidValue(f"{file} cannot be written ({problem.strerror})") from None


def _remove_cut_off_line(file: Path) -> None:
    """Removes what follows the last line feed, so that the next line is whole."""
    with file.open("r+b") as both:
        content = both.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            both.truncate(whole)
            os.fsync(both.fileno())
