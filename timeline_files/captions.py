"""Readers for other subtitles and lyrics: what pysubs2 reads well (ASS, SSA, MPL2, TMP), MicroDVD, SAMI, TTML, LRC."""

from __future__ import annotations

import html
import re
import warnings
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from audience.errors import InvalidValue
from timeline_files.answers import Answers
from timeline_files.optional import require
from timeline_files.parts import MOST_PARTS, Part
from timeline_files.safe_xml import xml_of
from timeline_files.subtitles import spoken
from timeline_files.text import LARGEST_TEXT, lines_of, text_of
from timeline_files.timecode import Rate, Timecode, rate_in, rate_of
from timeline_files.times import quoted, time_s

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_LRC_TIME = re.compile(r"\[([0-9]{1,3}):([0-9]{1,2})(?:[.:]([0-9]{1,3}))?\]")
_LRC_TAG = re.compile(r"\[([a-zA-Z#]{1,12}):([^\]]*)\]")
_LRC_WORD = re.compile(r"<[0-9]{1,3}:[0-9]{2}(?:\.[0-9]{1,3})?>")
_TT_CLOCK = re.compile(r"([0-9]{2,4}):([0-9]{2}):([0-9]{2})(?:(\.[0-9]{1,12})|:([0-9]{2,3})(?:\.[0-9]+)?)?")
_TT_OFFSET = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,12})?)(h|ms|m|s|f|t)")
_PARAMETER: Final = "{http://www.w3.org/ns/ttml#parameter}"
_SAMI_SYNC = re.compile(r"<SYNC\b[^<>]{0,200}?\bStart\s*=\s*[\"']?([0-9]{1,12})[^<>]{0,200}>", re.IGNORECASE)
_SAMI_CLASS = re.compile(r"<P\b[^<>]{0,200}?\bClass\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)
_SAMI_TAG = re.compile(r"<[^<>]{0,400}>")
_MICRODVD_LINE = re.compile(r"\s*\{([0-9]{1,9})\}\{([0-9]{1,9})?\}(.*)")


def read_pysubs2(data: bytes, answers: Answers, *, format_: str) -> list[Part]:
    """Reads subtitles that pysubs2 knows, without comments, drawings and style tags.

    Args:
        data: the file.
        answers: answers given, and where questions go.
        format_: pysubs2's name of the format ("ass", "ssa", "mpl2", "tmp").

    Raises:
        InvalidValue: the file is malformed.
    """
    require("pysubs2", "reading these subtitles")
    import pysubs2

    text = text_of(data)
    lines_of(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of margins and layers, which are not read
            file = pysubs2.SSAFile.from_string(text, format_=format_)
    except (pysubs2.Pysubs2Error, ArithmeticError, LookupError, TypeError, ValueError) as problem:
        raise InvalidValue(f"is not a readable file of subtitles ({quoted(str(problem))}): export it again") from None
    return _of_events(file, answers, format_)


def _of_events(file: object, answers: Answers, format_: str) -> list[Part]:
    import pysubs2

    assert isinstance(file, pysubs2.SSAFile)
    parts = []
    for number, event in enumerate(file.events, start=1):
        if event.is_comment or event.is_drawing:
            continue
        start_s, end_s = event.start / 1000, event.end / 1000
        # TMP states no ends, and pysubs2 guesses them from the length of the text.
        end = None if end_s == start_s or format_ == "tmp" else end_s
        title = " ".join(event.plaintext.split())
        parts.append(Part(where=f"subtitle {number}", title=title, start_s=start_s, end_s=end))
    return spoken(parts, answers)


def read_microdvd(data: bytes, answers: Answers) -> list[Part]:
    """Reads MicroDVD: `{start}{end}text` in frames, at the rate that its first line states, or the one answered.

    Raises:
        InvalidValue: a line is malformed; the message names it.
    """
    rate: Rate | None = None
    given = next(filter(None, (rate_in(one) for one in answers.given)), None)
    frames: list[tuple[int, int, int | None, str]] = []
    for number, line in enumerate(lines_of(text_of(data)), start=1):
        if not line.strip():
            continue
        found = _MICRODVD_LINE.fullmatch(line)
        if found is None:
            raise InvalidValue(f"line {number}: {quoted(line)} where {{start}}{{end}}text was expected")
        start, end, text = int(found[1]), int(found[2]) if found[2] else None, found[3]
        if start <= 1 and (end is None or end <= 1) and not frames and rate is None and (stated := rate_in(text)):
            rate = stated
            continue
        frames.append((number, start, end, text))
    rate = given or rate
    if rate is None:
        rates = [rate_of(24, ntsc=True), rate_of(25), rate_of(30, ntsc=True), rate_of(24)]
        choices = {f"{one.text}fps": f"{one.text} frames/s" for one in rates}
        rate = rate_in(answers.choose("It counts frames, and states no frame rate", choices)) or rates[0]
    parts = []
    for number, start, end, text in frames:
        title = " ".join(re.sub(r"\{[^{}]*\}", "", text).replace("|", " ").split())
        start_s = round(float(start / rate.exact), 6)
        end_s = None if end is None or end == start else round(float(end / rate.exact), 6)
        parts.append(Part(where=f"line {number}", title=title, start_s=start_s, end_s=end_s))
    return spoken(parts, answers)


def read_sami(data: bytes, answers: Answers) -> list[Part]:
    """Reads SAMI, of several languages the first. A SYNC lasts until the next; one without text ends the one before.

    Raises:
        InvalidValue: it has no SYNC with a Start.
    """
    text = text_of(data)
    lines_of(text)
    syncs = list(_SAMI_SYNC.finditer(text))
    if not syncs:
        raise InvalidValue("is a SAMI file without a SYNC that has a Start: export it again")
    language = next((found[1].lower() for one in syncs if (found := _SAMI_CLASS.search(text, one.end()))), None)
    parts: list[Part] = []
    for place, sync in enumerate(syncs):
        body = text[sync.end() : syncs[place + 1].start() if place + 1 < len(syncs) else len(text)]
        spoken_in = _SAMI_CLASS.search(body)
        if language is not None and spoken_in is not None and spoken_in[1].lower() != language:
            continue
        start_s = int(sync[1]) / 1000
        if parts and parts[-1].end_s is None and start_s > parts[-1].start_s:
            parts[-1] = replace(parts[-1], end_s=start_s)
        said = " ".join(html.unescape(_SAMI_TAG.sub(" ", body)).replace("\u00a0", " ").split())
        if said:
            parts.append(Part(where=f"subtitle {len(parts) + 1}", title=said, start_s=start_s))
    return spoken(parts, answers)


def read_lrc(data: bytes, answers: Answers) -> list[Part]:
    """Reads lyrics: `[mm:ss.xx]text`, with the offset that the file states. A line without text ends the one before.

    Raises:
        InvalidValue: a line is malformed; the message names it.
    """
    offset_s = 0.0
    found: list[tuple[float, int, str]] = []
    for number, line in enumerate(lines_of(text_of(data)), start=1):
        line = line.strip()
        times, rest = [], line
        while stamp := _LRC_TIME.match(rest):
            times.append(int(stamp[1]) * 60 + float(f"{stamp[2]}.{stamp[3] or 0}"))
            rest = rest[stamp.end() :]
        if not times:
            tag = _LRC_TAG.match(line)
            if tag and tag[1].lower() == "offset" and re.fullmatch(r"\s*[+-]?[0-9]{1,7}\s*", tag[2]):
                offset_s = int(tag[2]) / 1000
            continue
        found += [(at_s, number, " ".join(_LRC_WORD.sub("", rest).split())) for at_s in times]
    # A positive offset shows lyrics sooner.
    found = sorted((max(0.0, round(at_s - offset_s, 6)), number, text) for at_s, number, text in found)
    parts = []
    for place, (at_s, number, text) in enumerate(found):
        after = found[place + 1] if place + 1 < len(found) else None
        end_s = after[0] if after and not after[2] and after[0] > at_s else None
        if text:
            parts.append(Part(where=f"line {number}", title=text, start_s=at_s, end_s=end_s))
    return spoken(parts, answers)


def read_ttml(data: bytes, answers: Answers) -> list[Part]:
    """Reads the paragraphs of TTML, DFXP, IMSC or iTunes Timed Text, whose times may be in clock, frames or ticks.

    Raises:
        InvalidValue: the file is malformed, or a paragraph's time is; the message names it.
    """
    root = xml_of(data, at_most=LARGEST_TEXT)
    clock = _Ticks(root)
    parts: list[Part] = []
    for body in (child for child in root if _name(child) == "body"):
        _collect(body, Fraction(0), clock, parts)
    return spoken(parts, answers)


class _Ticks:
    """The frame rate and tick rate that a document states."""

    def __init__(self, root: Element) -> None:
        rate = self._number(root, "frameRate", 30)
        factor = [
            Fraction(int(one)) for one in self._stated(root, "frameRateMultiplier", "1 1").replace(":", " ").split()
            if one.isdigit()
        ]  # fmt: skip
        multiplier = factor[0] / factor[1] if len(factor) == 2 and factor[1] else Fraction(1)
        drop = "dropNTSC" in self._stated(root, "dropMode", "")
        self._rate = Rate(int(rate) or 30, (rate * multiplier) or Fraction(30))
        self._smpte = self._stated(root, "timeBase", "media") == "smpte"
        self._drop = drop
        self._tick = self._number(root, "tickRate", 1) or Fraction(1)

    @staticmethod
    def _stated(root: Element, name: str, otherwise: str) -> str:
        spaces = (_PARAMETER, *(f"{{http://www.w3.org/{year}/ttaf1#parameter}}" for year in ("2006/10", "2006/04")))
        return next((root.attrib[space + name] for space in spaces if space + name in root.attrib), otherwise)

    def _number(self, root: Element, name: str, otherwise: int) -> Fraction:
        stated = self._stated(root, name, str(otherwise))
        return (
            Fraction(int(stated)) if stated.isascii() and stated.isdigit() and len(stated) < 10 else Fraction(otherwise)
        )

    def seconds(self, text: str, where: str) -> Fraction:
        """The seconds of a time expression (TTML2, section 12.3)."""
        text = text.strip()
        if found := _TT_CLOCK.fullmatch(text):
            hours, minutes, seconds = int(found[1]), int(found[2]), int(found[3])
            frames = int(found[5] or 0)
            if self._smpte:
                return Timecode(hours, minutes, seconds, frames, self._drop).at(self._rate)
            whole = hours * 3600 + minutes * 60 + seconds
            return whole + Fraction(f"0{found[4]}") if found[4] else whole + frames / self._rate.exact
        if found := _TT_OFFSET.fullmatch(text):
            value = Fraction(found[1])
            by = {"h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 1000)}
            if found[2] in by:
                return value * by[found[2]]
            return value / (self._rate.exact if found[2] == "f" else self._tick)
        try:
            return Fraction(time_s(text)).limit_denominator(10**6)
        except InvalidValue as problem:
            raise InvalidValue(f"{where}: {problem}") from None


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _collect(element: Element, begin: Fraction, clock: _Ticks, parts: list[Part]) -> None:
    """Adds the paragraphs under an element, whose times count from those of what holds them."""
    where = f"paragraph {len(parts) + 1}"
    if len(parts) > MOST_PARTS:
        return
    stated = element.get("begin")
    start = begin + (clock.seconds(stated, where) if stated else 0)
    if _name(element) == "div" and stated and _is_absolute(element, start, clock):
        start = Fraction(0)
    if _name(element) == "p":
        spans = [one for one in element.iter() if one is not element and one.get("begin")]
        if stated is None and spans:
            for span in spans:
                _add(span, start, clock, parts)
        else:
            _add(element, begin, clock, parts)
        return
    for child in element:
        if _name(child) in ("body", "div", "p"):
            _collect(child, start, clock, parts)


def _is_absolute(division: Element, start: Fraction, clock: _Ticks) -> bool:
    """Whether paragraphs repeat the times of their division, as Apple's lyrics do, instead of counting from it."""
    begins = [clock.seconds(one.get("begin", "0s"), "a paragraph") for one in division if _name(one) == "p"]
    return bool(begins) and start > 0 and min(begins) >= start


def _add(element: Element, begin: Fraction, clock: _Ticks, parts: list[Part]) -> None:
    where = f"paragraph {len(parts) + 1}"
    start = begin + clock.seconds(element.get("begin", "0s"), where)
    end, lasts = element.get("end"), element.get("dur")
    end_s: float | None = None
    if end:
        end_s = round(float(begin + clock.seconds(end, where)), 6)
    elif lasts:
        end_s = round(float(start + clock.seconds(lasts, where)), 6)
    words = []
    for one in element.iter():
        if _name(one) == "br":
            words.append(" ")
        elif _name(one) not in ("metadata", "set"):
            words.append(one.text or "")
        if one is not element:
            words.append(one.tail or "")
    start_s = round(float(start), 6)
    title = " ".join("".join(words).split())
    parts.append(Part(where=where, title=title, start_s=start_s, end_s=end_s if end_s != start_s else None))
