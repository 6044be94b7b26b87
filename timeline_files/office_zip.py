"""Reads the XML files in an office document, which is a zip, within bounds."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from audience.errors import InvalidValue
from timeline_files.safe_xml import xml_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST_XML: Final = 4 * 2**20  # of one slide
LARGEST_IN_ALL: Final = 128 * 2**20
_MOST_FILES: Final = 50_000
_CENTRAL_ENTRY: Final = b"PK\x01\x02"
_NOT_A_DECK: Final = "save it as .pptx, .odp or PDF"

# What zipfile raises for files that are not zips, are damaged or encrypted, or use a rare compression.
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


class OfficeZip:
    """An office document; at most `LARGEST_IN_ALL` bytes of its XML are read.

    As a context manager it turns what a damaged file raises into one line.
    """

    def __init__(self, data: bytes) -> None:
        """Opens the document.

        Raises:
            InvalidValue: it is not a zip, or holds more files than a document can.
        """
        if data.count(_CENTRAL_ENTRY) > _MOST_FILES:
            raise InvalidValue(f"holds more than {_MOST_FILES} files, which no deck of slides does")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as problem:
            raise _unreadable(problem) from None
        self._left = LARGEST_IN_ALL

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, _: TracebackType | None
    ) -> None:
        self._archive.close()
        if isinstance(problem, InvalidValue):
            return
        if isinstance(problem, KeyError):
            raise InvalidValue(f"is not a deck of slides, or is damaged ({problem}): {_NOT_A_DECK} again") from None
        if isinstance(problem, _BROKEN):
            raise _unreadable(problem) from None

    @property
    def is_open_document(self) -> bool:
        """Whether it is an OpenDocument file, as LibreOffice writes them."""
        return "content.xml" in self._archive.NameToInfo

    def __contains__(self, path: str) -> bool:
        return path in self._archive.NameToInfo

    def xml(self, path: str, *, at_most: int = LARGEST_XML) -> Element:
        """Parses one file.

        Args:
            path: its path in the zip.
            at_most: its largest size, bytes.

        Raises:
            KeyError: there is no such file.
            InvalidValue: it is too large or not well formed.
        """
        with self._archive.open(path) as file:
            data = file.read(at_most + 1)
        self._left -= len(data)
        if self._left < 0:
            raise InvalidValue(f"holds slides of more than {LARGEST_IN_ALL >> 20} MiB of XML")
        try:
            return xml_of(data, at_most=at_most)
        except InvalidValue as problem:
            raise InvalidValue(f"{path}: {problem}") from None


def _unreadable(problem: BaseException) -> InvalidValue:
    return InvalidValue(f"is not a deck that can be opened ({problem}): {_NOT_A_DECK}, without a password")
