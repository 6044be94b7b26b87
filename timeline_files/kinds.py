"""Detects what a file is: by its signature first, by how its text looks next, and by its name last."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from timeline_files.chapter_text import chapter_lines
from timeline_files.edl import is_edl_line
from timeline_files.subtitles import ARROW
from timeline_files.tables import is_table
from timeline_files.zips import ZIP_ERRORS

MEDIA: Final = (
    *(".avi", ".m4a", ".m4v", ".mkv", ".mov", ".mp3", ".mp4", ".mpg", ".mts", ".ogg", ".ts", ".wav", ".webm", ".m4b"),
    *(
        ".aac",
        ".aif",
        ".aiff",
        ".flac",
        ".flv",
        ".m2ts",
        ".mka",
        ".mpeg",
        ".mxf",
        ".oga",
        ".ogv",
        ".opus",
        ".wma",
        ".wmv",
    ),
)
MEDIA_KIND: Final = "media"
_NAMED: Final[Mapping[str, str]] = {
    **{one: one for one in (".csv", ".vtt", ".srt", ".sbv", ".ass", ".ssa", ".lrc", ".ttml", ".edl", ".otio", ".json")},
    **{one: one for one in (".fcpxml", ".xspf", ".psc", ".cue", ".sub", ".smi", ".ffmeta", ".pptx", ".xlsx", ".otioz")},
    **{".tsv": ".csv", ".tab": ".csv", ".dfxp": ".ttml", ".itt": ".ttml", ".imsc": ".ttml", ".sami": ".smi"},
    **{".ffmetadata": ".ffmeta", ".xlsm": ".xlsx", ".pptm": ".pptx", ".ppsx": ".pptx", ".potx": ".pptx"},
    **{".pdf": ".pdf", ".odp": ".odp"},
}
"""Kinds that a name decides, where neither signature nor text does."""

_EXPORT_TIMES = "write the times down as title,start in a CSV file"
_MARKERS_OUT = "export its markers or an EDL"
REFUSED: Final[Mapping[str, str]] = {
    "picture": f"is a picture: {_EXPORT_TIMES}",
    ".pdf": f"is a PDF: {_EXPORT_TIMES}, or give the .pptx it was made from",
    ".odp": "is an OpenDocument presentation: save it as .pptx with rehearsed times",
    ".ods": "is an OpenDocument spreadsheet: save it as .xlsx or .csv",
    ".odt": f"is an OpenDocument text: copy its lines with times into a .txt file, or {_EXPORT_TIMES}",
    "odf": f"is an OpenDocument file: {_EXPORT_TIMES}",
    ".docx": f"is a Word document: copy its lines with times into a .txt file, or {_EXPORT_TIMES}",
    ".doc": f"is an old Word document: copy its lines with times into a .txt file, or {_EXPORT_TIMES}",
    ".xls": "is an old Excel workbook: save it as .xlsx or .csv",
    ".xlsb": "is a binary Excel workbook: save it as .xlsx or .csv",
    "spreadsheetml": "is an Excel 2003 XML workbook: save it as .xlsx or .csv",
    ".ppt": "is a presentation in the old Office format (.ppt): save it as .pptx",
    "locked office": "is an Office file with a password: save it without one",
    "old or locked": "has a password, or is of the old Office kind: save it without one, as .pptx or .xlsx",
    "ole": f"is an old Office file or a database of a program: {_EXPORT_TIMES}",
    ".aaf": "is an AAF: export an EDL, FCPXML or .otio instead",
    ".key": "is a Keynote presentation: export it as .pptx (File, Export To)",
    ".numbers": "is a Numbers spreadsheet: export it as .xlsx or .csv",
    ".pages": f"is a Pages document: export it as plain text, or {_EXPORT_TIMES}",
    "iwork": "is a Keynote, Numbers or Pages document: export it as .pptx, .xlsx or .txt",
    ".epub": f"is an e-book: {_EXPORT_TIMES}",
    "zip": "is a ZIP archive: unpack it, and give the file with the times",
    "archive": "is an archive: unpack it, and give the file with the times",
    "gzip": "is a gzip archive: unpack it, and give the file with the times",
    "program": f"is a program: {_EXPORT_TIMES}",
    "database": f"is a database: {_EXPORT_TIMES}",
    "font": f"is a font: {_EXPORT_TIMES}",
    "disk image": "is a disk image: open it, and give the file with the times",
    ".prproj": f"is a Premiere Pro project: {_MARKERS_OUT} (File, Export)",
    ".als": f"is an Ableton Live set: {_EXPORT_TIMES}",
    ".drp": f"is a DaVinci Resolve project: {_MARKERS_OUT} (Timelines, Export)",
    ".avb": f"is an Avid bin: {_MARKERS_OUT}",
    ".ptx": "is a Pro Tools session: export its session info as text",
    ".mid": "is a MIDI file, which counts beats: export markers in minutes and seconds as CSV or text",
    ".flp": f"is an FL Studio project: {_EXPORT_TIMES}",
    ".rpp": "is a REAPER project: export its markers (Region/Marker Manager) as CSV",
    ".aup3": "is an Audacity project: export its labels (File, Export, Labels)",
    ".blend": f"is a Blender file: {_MARKERS_OUT}",
    ".psd": f"is a Photoshop file: {_EXPORT_TIMES}",
    "plist": f"is a property list of an Apple program: {_EXPORT_TIMES}",
    ".rtf": "is rich text: save it as plain text (.txt)",
    ".html": "is a web page: copy its lines with times into a .txt file",
    ".svg": f"is a picture (SVG): {_EXPORT_TIMES}",
    ".ps": f"is PostScript: {_EXPORT_TIMES}",
    ".ics": f"is a calendar: {_EXPORT_TIMES}",
    ".eml": "is an e-mail: copy its lines with times into a .txt file",
    ".gsheet": "is a link to Google Slides, Sheets or Docs: choose File, Download there, as .pptx, .xlsx or .csv",
    ".url": "is a link: download what it leads to, and give that file",
    ".m3u": f"is a list of films or sounds, without what they hold: {_EXPORT_TIMES}",
    "mlt": "is a Kdenlive or Shotcut project: export its markers, or an EDL or .otio",
    "xml": "is XML without times that can be read: give FCPXML, Premiere's XML, TTML or Matroska chapters",
    "binary": f"is a file of a program, and no text: {_EXPORT_TIMES}",
}
"""What is said of a kind that no reader knows: what it is, and what to give instead."""

FOLDERS: Final[Mapping[str, str]] = {
    ".fcpbundle": "is a Final Cut Pro library: export the project as XML (File, Export XML)",
    ".imovielibrary": "is an iMovie library: share the film to Final Cut Pro, and export its XML from there",
    ".key": "is a Keynote presentation: export it as .pptx (File, Export To)",
    ".numbers": "is a Numbers spreadsheet: export it as .xlsx or .csv",
    ".pages": "is a Pages document: export it as plain text",
    ".logicx": "is a Logic Pro project: copy its marker list into a .txt file",
    ".band": "is a GarageBand project: write the times down as title,start in a CSV file",
    ".photoslibrary": "is a library of photos: give a file with times",
    ".dra": "is a DaVinci Resolve archive: export its markers or an EDL (Timelines, Export)",
}
"""Folders that an Apple computer shows as one file."""

_SIGNATURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", "picture"),
    (0, b"\xff\xd8\xff", "picture"),
    (0, b"GIF87a", "picture"),
    (0, b"GIF89a", "picture"),
    (0, b"II*\0", "picture"),
    (0, b"MM\0*", "picture"),
    (0, b"\0\0\x01\0", "picture"),
    (0, b"\0\0\0\x0cjP  ", "picture"),
    (0, b"8BPS", ".psd"),
    (0, b"%!PS", ".ps"),
    (0, b"\x1aE\xdf\xa3", MEDIA_KIND),
    (0, b"OggS", MEDIA_KIND),
    (0, b"fLaC", MEDIA_KIND),
    (0, b"ID3", MEDIA_KIND),
    (0, b"FLV\x01", MEDIA_KIND),
    (0, b"\0\0\x01\xba", MEDIA_KIND),
    (0, b"\0\0\x01\xb3", MEDIA_KIND),
    (0, b"0&\xb2u\x8ef\xcf\x11", MEDIA_KIND),
    (0, b"\x06\x0e+4\x02\x05\x01\x01", MEDIA_KIND),
    (0, b".RMF", MEDIA_KIND),
    (0, b"caff", MEDIA_KIND),
    (0, b"wvpk", MEDIA_KIND),
    (0, b"MAC ", MEDIA_KIND),
    (0, b"#!AMR", MEDIA_KIND),
    (0, b"7z\xbc\xaf'\x1c", "archive"),
    (0, b"Rar!\x1a\x07", "archive"),
    (0, b"BZh", "archive"),
    (0, b"\xfd7zXZ\0", "archive"),
    (0, b"(\xb5/\xfd", "archive"),
    (257, b"ustar", "archive"),
    (0, b"MSCF", "archive"),
    (0, b"\x7fELF", "program"),
    (0, b"\xcf\xfa\xed\xfe", "program"),
    (0, b"\xfe\xed\xfa", "program"),
    (0, b"\xca\xfe\xba\xbe", "program"),
    (0, b"\0asm", "program"),
    (0, b"dex\n", "program"),
    (4, b"Standard Jet DB", "database"),
    (4, b"Standard ACE DB", "database"),
    (0, b"PAR1", "database"),
    (0, b"\x89HDF\r\n\x1a\n", "database"),
    (0, b"ARROW1", "database"),
    (0, b"\0\x01\0\0\0", "font"),
    (0, b"OTTO\0", "font"),
    (0, b"wOFF", "font"),
    (0, b"wOF2", "font"),
    (0, b"MThd", ".mid"),
    (0, b"FLhd", ".flp"),
    (0, b"BLENDER", ".blend"),
    (0, b"bplist0", "plist"),
    (0, b"\x03\x30\x31\x30\x30\x31\x30\x31\x31", ".ptx"),
    (0, b"\n\0DomainAvid", ".avb"),
    (6, b"Domain", ".avb"),
    (0x8001, b"CD001", "disk image"),
)
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS: Final = (
    ("EncryptedPackage", "locked office"),
    ("PowerPoint Document", ".ppt"),
    ("WordDocument", ".doc"),
    ("Workbook", ".xls"),
    ("Book\0", ".xls"),
)
_ZIP_ENTRIES: Final = (
    ("content.otio", ".otioz"),
    ("xl/workbook.bin", ".xlsb"),
    ("xl/workbook.xml", ".xlsx"),
    ("ppt/presentation.xml", ".pptx"),
    ("word/document.xml", ".docx"),
)
_ODF: Final = (("presentation", ".odp"), ("spreadsheet", ".ods"), ("text", ".odt"))
_XML_ROOTS: Final[Mapping[str, str]] = {
    "fcpxml": ".fcpxml",
    "xmeml": ".xmeml",
    "chapters": ".mkvxml",
    "tt": ".ttml",
    "rss": ".psc",
    "playlist": ".xspf",
    "svg": ".svg",
    "html": ".html",
    "workbook": "spreadsheetml",
    "premieredata": ".prproj",
    "ableton": ".als",
    "mlt": "mlt",
    "plist": "plist",
    "sami": ".smi",
}
_XML_ROOT = re.compile(r"<(?![?!])(?:[\w.-]+:)?([\w.-]+)")
_MOST_ENTRIES: Final = 50_000


def kind_of(name: str, data: bytes) -> str:
    """The kind of a file: a key of `timeline_files.reading.READERS` or `REFUSED`, or `MEDIA_KIND`.

    Args:
        name: the file's name.
        data: the whole file, text in UTF-8.
    """
    suffix = PurePosixPath(name).suffix.lower()
    kind = _by_signature(data, suffix)
    if kind is not None:
        return kind
    if suffix in MEDIA and b"\0" in data[:4096]:
        return MEDIA_KIND
    if _is_binary(data):
        return {".key": ".key", ".numbers": ".numbers", ".ptx": ".ptx", ".avb": ".avb"}.get(suffix, "binary")
    return _of_text(data, suffix)


def _by_signature(data: bytes, suffix: str) -> str | None:
    for at, signature, kind in _SIGNATURES:
        if data.startswith(signature, at):
            return kind
    head = data[:16]
    if b"%PDF-" in data[:1024]:
        return ".pdf"
    if (
        head[:2] == b"BM"
        and len(data) >= 26
        and struct.unpack_from("<I", data, 14)[0] in (12, 40, 52, 56, 64, 108, 124)
    ):
        return "picture"
    if head[4:8] == b"ftyp":
        return "picture" if head[8:12] in (b"heic", b"heix", b"avif", b"mif1", b"msf1") else MEDIA_KIND
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return MEDIA_KIND
    if head[:4] in (b"RIFF", b"RF64", b"FORM"):
        return "picture" if head[8:12] == b"WEBP" else MEDIA_KIND
    if (head[:1] == b"G" and data[188:189] == b"G") or (
        data[4:5] == b"G" and data[196:197] == b"G" and head[:1] == b"\0"
    ):
        return MEDIA_KIND
    if head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE0 == 0xE0 and head[1] != 0xFE and suffix in MEDIA:
        return MEDIA_KIND
    if head[:2] == b"MZ" and len(data) >= 64 and data[struct.unpack_from("<I", data, 60)[0] :][:2] in (b"PE", b"NE"):
        return "program"
    if data.startswith(b"SQLite format 3\0"):
        return ".aup3" if suffix == ".aup3" else "database"
    if head[:2] == b"\x1f\x8b":
        return _in_gzip(data)
    if data.startswith(_OLE):
        return _in_ole(data, suffix)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _in_zip(data, suffix)
    if data.startswith(b"koly", max(0, len(data) - 512)):
        return "disk image"
    return None


def _in_gzip(data: bytes) -> str:
    try:
        head = zlib.decompressobj(31).decompress(data[: 1 << 16], 4096)
    except zlib.error:
        return "gzip"
    return next((kind for mark, kind in ((b"<PremiereData", ".prproj"), (b"<Ableton", ".als")) if mark in head), "gzip")


def _in_ole(data: bytes, suffix: str) -> str:
    """The program of a compound file, by the names of its streams (UTF-16)."""
    for stream, kind in _OLE_STREAMS:
        if stream.encode("utf-16-le") in data:
            return kind
    # The class of an AAF file stands in its header, and in its root.
    if b"AAFB" in data[:64] or ("Root Entry".encode("utf-16-le") in data and b"\x41\x41\x46\x42" in data[:4096]):
        return ".aaf"
    if "Header-2".encode("utf-16-le") in data:
        return ".aaf"
    # New Office files are zips; in such a container they are encrypted.
    unknown = dict.fromkeys((".docx", ".pptx", ".xlsx", ".xlsm"), "old or locked")
    return {**unknown, ".aaf": ".aaf", ".doc": ".doc", ".ppt": ".ppt", ".xls": ".xls"}.get(suffix, "ole")


def _in_zip(data: bytes, suffix: str) -> str:
    if data.count(b"PK\x01\x02") > _MOST_ENTRIES:
        return "zip"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            lower = {one.lower() for one in names}
            mime = archive.read("mimetype")[:200].decode("ascii", "replace") if "mimetype" in names else ""
    except ZIP_ERRORS:
        return _NAMED[suffix] if suffix in (".pptx", ".xlsx", ".otioz") else "zip"
    for entry, kind in _ZIP_ENTRIES:
        if entry in lower:
            return kind
    if "opendocument" in mime or "content.xml" in names:
        return next(
            (kind for word, kind in _ODF if word in mime), suffix if suffix in (".odp", ".ods", ".odt") else "odf"
        )
    if "epub" in mime:
        return ".epub"
    if any(one.endswith(".iwa") or one == "Index.zip" for one in names):
        return suffix if suffix in (".key", ".numbers", ".pages") else "iwork"
    if any(one.endswith("info.fcpxml") for one in lower):
        return ".fcpxmld"
    if suffix == ".drp" or any(one.endswith("project.xml") and "mediapool" in " ".join(lower) for one in lower):
        return ".drp"
    if any(one.startswith(("ppt/", "xl/", "word/")) for one in lower):
        return next(kind for part, kind in (("ppt/", ".pptx"), ("xl/", ".xlsx"), ("word/", ".docx")) if any(
            one.startswith(part) for one in lower
        ))  # fmt: skip
    return _NAMED[suffix] if suffix in (".pptx",) and not names else "zip"


def _is_binary(data: bytes) -> bool:
    """Whether a file is no text: control characters that no text has."""
    head = data[:8192]
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"WEBVTT", b"\xef\xbb\xbfWEBVTT")):
        return False
    return _controls(head) > (0.02 if b"\0" in head and len(head) > 200 else 0.15)


def _controls(head: bytes) -> float:
    plain = sum(head.count(bytes([sign])) for sign in range(32) if sign not in (9, 10, 11, 12, 13, 27))
    return plain / max(1, len(head))


def _of_text(data: bytes, suffix: str) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    text = data[:65536].decode(encoding, "replace").lstrip("\ufeff")
    begin = text.lstrip()
    if begin.startswith("WEBVTT"):
        return ".vtt"
    if begin.startswith("<"):
        return _of_xml(begin, suffix)
    if begin.startswith("{\\rtf"):
        return ".rtf"
    if begin.startswith(("{", "[")) and (suffix in (".json", ".otio") or re.match(r"\{\s*(\"|\})|\[\s*[\[{\]]", begin)):
        return ".otio" if suffix == ".otio" or '"OTIO_SCHEMA"' in text[:4096] else _of_json(begin, suffix)
    if begin.startswith(";FFMETADATA"):
        return ".ffmeta"
    if re.match(r"\[Script Info\]", begin, re.IGNORECASE):
        return ".ssa" if re.search(r"^\[V4 Styles\]", text, re.MULTILINE | re.IGNORECASE) else ".ass"
    for mark, kind in (
        (r"BEGIN:VCALENDAR", ".ics"), (r"#EXTM3U", ".m3u"), (r"\[InternetShortcut\]", ".url"),
        (r"(?:Return-Path|Received|Delivered-To|MIME-Version): ", ".eml"), (r"SESSION NAME:\t", ".protools"),
    ):  # fmt: skip
        if re.match(mark, begin):
            return kind
    if suffix not in _NAMED or suffix == ".sub":
        guessed = _of_lines(text, begin)
        if guessed is not None:
            return guessed
    if suffix in _NAMED:
        return _NAMED[suffix]
    return ".csv" if not chapter_lines(text) and is_table(text) else ".txt"


def _of_json(begin: str, suffix: str) -> str:
    google = suffix in (".gsheet", ".gslides", ".gdoc") or re.match(r'\{\s*"":\s*"WARNING! DO NOT EDIT', begin)
    return ".gsheet" if google else ".json"


def _of_xml(begin: str, suffix: str) -> str:
    if re.match(r"<\s*(?:!DOCTYPE\s+html|html)\b", begin, re.IGNORECASE):
        return ".html"
    if begin.startswith("<REAPER_PROJECT"):
        return ".rpp"
    without = re.sub(r"<!--.*?-->|<\?.*?\?>", "", begin, flags=re.DOTALL)
    without = re.sub(r"<!DOCTYPE[^\[>]*(?:\[[^\]]*\]\s*)?>", "", without)
    root = _XML_ROOT.search(without)
    kind = _XML_ROOTS.get(root[1].lower()) if root else None
    if kind == ".mkvxml" and root is not None and ":" in without[root.start() : root.end()]:
        return ".psc"
    if kind == ".mkvxml" and "podlove" in begin[:2000]:
        return ".psc"
    if kind is not None:
        return kind
    # Lines with times may be in tags, as where they were copied from a page.
    if suffix in (".txt", "") and chapter_lines(begin) > 1:
        return ".txt"
    return _NAMED[suffix] if suffix in (".fcpxml", ".ttml", ".psc", ".xspf") else "xml"


def _of_lines(text: str, begin: str) -> str | None:
    """The kind of a text by how its first lines look; None if they look like nothing known."""
    lines = [line.strip() for line in begin.splitlines()[:60] if line.strip()]
    if not lines:
        return None
    first = lines[0]
    if any(ARROW in line for line in lines[:8]) and re.search(rf"[0-9]:[0-9]{{2}}[.,]?[0-9]*\s*{ARROW}", text[:4096]):
        return ".srt"
    for pattern, kind in (
        (r"CHAPTER_?[0-9]{1,4}\s*=", ".ogm"),
        (r"\{[0-9]+\}\{[0-9]*\}", ".sub"),
        (r"\[[0-9]+\]\[[0-9]*\]", ".mpl2"),
        (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}\.[0-9]{3},[0-9]{1,2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}$", ".sbv"),
        (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}:[^\s0-9:]", ".tmp"),
    ):
        if re.match(pattern, first):
            return kind
    if is_edl_line(first) or (first.startswith(("TITLE:", "FCM:")) and any(map(is_edl_line, lines))):
        return ".edl"
    if first.startswith("TITLE:") and len(lines) == 1:
        return ".edl"
    if any(re.match(r"TRACK [0-9]+ AUDIO", line) for line in lines) and any(
        line.startswith("INDEX ") for line in lines
    ):
        return ".cue"
    stamped = sum(bool(re.match(r"\[[0-9]{1,3}:[0-9]{2}\.[0-9]{2,3}\]", line)) for line in lines)
    if stamped * 2 > len(lines) or re.match(r"\[(?:ar|ti|al|by|length|offset):", first):
        return ".lrc"
    return ".csv" if is_table(text) else None
