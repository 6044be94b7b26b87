"""Files of recordings: what they are called and begin with, fingerprints, and options that keep FFmpeg to one file.

A file with any extension may be a playlist or a stream description, and FFmpeg would open what it refers to: other
files on this machine, and other hosts.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from audience.errors import InvalidValue, RecordingUnreadable

_BYTES = 1 << 20

ENDINGS: Final = frozenset(
    {".264", ".avi", ".flv", ".h264", ".hevc", ".m2ts", ".m4v", ".mjpeg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg"}
    | {".mts", ".mxf", ".ogv", ".ts", ".webm", ".wmv"}
)
"""How names of recordings end."""

_ODD: Final = re.compile(r"[^\w .()+,'&@=-]")
_LONGEST_NAME: Final = 120


def fingerprint(file: BinaryIO) -> str:
    """A hash that identifies a recording without reading all of it: of its size, first and last megabyte.

    Args:
        file: the recording, open for reading; its position changes.

    Returns:
        64 hexadecimal digits (SHA-256).
    """
    size = file.seek(0, os.SEEK_END)
    digest = hashlib.sha256(str(size).encode())
    file.seek(0)
    digest.update(file.read(_BYTES))
    file.seek(max(0, size - _BYTES))
    digest.update(file.read(_BYTES))
    return digest.hexdigest()


def isolated_open_options(path: Path) -> dict[str, Any]:
    """Options for `av.open(file, **isolated_open_options(path))`, where `file` is open in binary mode.

    FFmpeg then reads that file through Python and has no protocol to open another. If it tries to, `av.open` raises
    RecordingUnreadable.

    Args:
        path: path of the file, for messages.
    """

    def refuse(_url: str, _flags: int, _options: dict[str, str]) -> NoReturn:
        raise RecordingUnreadable(
            f"{path} is a list of other files or addresses, which are not opened: give a video file"
        )

    return {
        "mode": "r",
        "metadata_errors": "replace",
        "options": {"protocol_whitelist": "none"},
        "io_open": refuse,
    }


def file_name_of(name: str) -> str:
    """A name to keep a file under, made of the one it has.

    What a camera calls its files says when they were taken and which part they are, so the name is kept as far as no
    folder, control character or hidden file comes of it.

    Raises:
        InvalidValue: it does not end as recordings do.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    plain = _ODD.sub("_", last).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not stem or f"{dot}{ending}".lower() not in ENDINGS:
        shown = plain[-60:] or "this"
        raise InvalidValue(
            f"“{shown}” is not called as recordings are: give a video, such as .mp4, .mov, .mkv or .webm"
        )
    stem = stem.encode()[:_LONGEST_NAME].decode(errors="ignore").rstrip(" .")
    return f"{stem}.{ending}"


def named_recordings(place: str) -> list[Path]:
    """The recordings that a path on this machine names: a file, or all that lie directly in a folder, by name.

    Raises:
        InvalidValue: there is no such file or folder, or no recording in it.
    """
    path = Path(place.strip().strip("\"'")).expanduser()
    try:
        if path.is_dir():
            found = sorted(one for one in path.iterdir() if one.suffix.lower() in ENDINGS and one.is_file())
            if not found:
                raise InvalidValue(f"there is no recording in {path}: it has no file such as .mp4, .mov or .mkv")
            return [one.resolve() for one in found if not one.name.startswith(".")]
        if path.is_file():
            file_name_of(path.name)
            return [path.resolve()]
    except OSError as problem:
        raise InvalidValue(f"{path} cannot be read: {problem.strerror}") from None
    raise InvalidValue(f"there is no file or folder {path}: give its whole path on this machine")


def refusal_of(head: bytes) -> str:
    """Why the first bytes of a file are no recording's; "" where they may be one's."""
    for sign, kind in _OTHERS.items():
        if head.startswith(sign):
            return f"This is {kind}, not a recording: give a video file."
    if head[4:8] == b"ftyp":
        photo = head[8:12] in (b"heic", b"heix", b"mif1", b"avif")
        sound = head[8:12] in (b"M4A ", b"M4B ")
        return f"This is {'a photo' if photo else 'sound only'}: give a video file." if photo or sound else ""
    if head[:4] == b"RIFF":
        return "" if head[8:12] == b"AVI " else "This is sound or a picture, not a recording: give a video file."
    if any(head.startswith(sign) for sign in _VIDEO) or head[4:8] in _ATOMS:
        return ""
    if any(len(head) > 3 * step + skip and {head[skip + step * n] for n in range(4)} == {0x47} for step, skip in _TS):
        return ""
    return "This is not a recording that can be read: give a video file, such as MP4, MOV, MKV, WebM or AVI."


_VIDEO: Final = (
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"\x00\x00\x01\xba",  # MPEG program stream
    b"\x00\x00\x01\xb3",
    b"\x00\x00\x00\x01",  # raw H.264 and HEVC
    b"\x00\x00\x01",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # WMV
    b"\x06\x0e\x2b\x34",  # MXF
    b"FLV\x01",
    b"OggS",
    b"\xff\xd8\xff",  # pictures one after another (MJPEG); a single one is found out when it is read
)
_ATOMS: Final = (b"moov", b"mdat", b"wide", b"free", b"skip")
# Packets of transport streams, and of those with a time before each.
_TS: Final = ((188, 0), (192, 4))
_OTHERS: Final = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP, or a document such as PowerPoint",
    b"\x89PNG": "a picture (PNG)",
    b"GIF8": "a picture (GIF)",
    b"ID3": "a sound file (MP3)",
    b"fLaC": "a sound file (FLAC)",
    b"\xd0\xcf\x11\xe0": "an Office document",
    b"Rar!": "an archive (RAR)",
    b"7z\xbc\xaf": "an archive (7z)",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"#EXTM3U": "a list of other files",
    b"<": "a page or another text",
    b"{": "a text (JSON)",
}
