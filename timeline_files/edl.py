"""Reader for edit decision lists (CMX 3600), the format that editing programs have in common.

    001  AX       V     C        00:00:00:00 00:00:10:00 01:00:00:00 01:00:10:00
    * FROM CLIP NAME: Opening

The last two times of a line are the clip's start and end in the film. DaVinci Resolve writes its timeline's markers as
such a list too: clips of one frame, each with its name after `|M:` on the next line. Avid writes them as `* LOC:`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from audience.errors import InvalidValue
from timeline_files.answers import AS_IS, CLIPS, MARKERS, Answers
from timeline_files.moments import moment_in, timecode_rate, timeline_zero
from timeline_files.parts import Part
from timeline_files.text import lines_of, text_of
from timeline_files.timecode import Rate, Timecode, timecode_in
from timeline_files.times import quoted

_TIMECODE = "[0-9]{2}:[0-9]{2}:[0-9]{2}[:;.][0-9]{2,3}|[0-9]{2};[0-9]{2};[0-9]{2};[0-9]{2,3}"
_CUT = re.compile(
    r"[0-9]{1,8}\s+(\S.{0,127}?)\s+(\S{1,16})\s+(?:C|D|K[BO]?|W[0-9]{3})(?:\s+[0-9]{1,3})?"
    rf"\s+[0-9:;.]{{11,12}}\s+[0-9:;.]{{11,12}}\s+({_TIMECODE})\s+({_TIMECODE})(?:\s.*)?"
)
_COUNTS = re.compile(r"FCM:\s*(NON-)?DROP\s+FRAME", re.IGNORECASE)
_NAME = re.compile(r"\*?\s*(FROM|TO)\s+CLIP\s+NAME:\s*(.*)")
_MARKER = re.compile(r"\|C:[^|]*\|M:([^|]*)(?:\|D:\s*([0-9]{1,9}))?.*")
_LOCATOR = re.compile(rf"\*?\s*LOC:\s*({_TIMECODE})\s+(\S+)(?:\s+(.*))?")
_BLACK = ("BL", "BLACK")


@dataclass(slots=True, kw_only=True)
class _Cut:
    """One line of the list, with the clip name from the comments under it.

    Attributes:
        marker: name of the marker that the line is; None if it is none.
        lasts: frames that the marker lasts.
    """

    line: int
    reel: str
    channel: str
    begin: Timecode
    end: Timecode
    name: str = ""
    marker: str | None = None
    lasts: int = 1

    @property
    def is_picture(self) -> bool:
        return "V" in self.channel.upper() or self.channel.upper() in ("B", "NONE")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Locator:
    """A marker of Avid within a list of clips."""

    line: int
    at: Timecode
    name: str


def read_edl(data: bytes, answers: Answers | None = None) -> list[Part]:
    """Reads the video clips (all clips, if the list has audio only), without black; or the markers of a markers' list.

    The first clip begins at second 0, whatever its timecode; a markers' list begins at the hour of its first marker. A
    list does not state its frame rate: the likeliest one that has all frame numbers is taken, and the question is left
    open. Times with a semicolon are drop-frame timecode.

    Raises:
        InvalidValue: a line is malformed; the message names it.
        Unclear: every clip lasts one frame, and none is named as a marker.
    """
    answers = answers or Answers()
    cuts, locators = _read(lines_of(text_of(data)))
    cuts = [cut for cut in cuts if cut.is_picture] or cuts
    if not cuts:
        return []
    codes = [code for cut in cuts for code in (cut.begin, cut.end)] + [one.at for one in locators]
    try:
        rate = timecode_rate(codes, answers, of_film=True)
    except InvalidValue as problem:
        worst = max(cuts, key=lambda cut: max(cut.begin.frames, cut.end.frames))
        raise InvalidValue(f"line {worst.line}: {problem}") from None
    if _are_markers(cuts, rate, answers):
        return _markers(cuts, rate, answers)
    if locators and _locators_wanted(cuts, locators, answers):
        first_s = _zero(cuts, rate, answers)
        return _in_order(
            [
                Part(where=f"line {one.line}", title=one.name, start_s=_rounded(one.at.at(rate) - first_s))
                for one in locators
            ]
        )
    return _clips(cuts, rate, answers)


def _read(lines: Sequence[str]) -> tuple[list[_Cut], list[_Locator]]:
    cuts: list[_Cut] = []
    locators: list[_Locator] = []
    drop = False
    for number, line in enumerate(lines, start=1):
        line = line.strip()
        found = _CUT.fullmatch(line) if line[:1].isdigit() and len(line) < 1000 else None
        if counts := _COUNTS.fullmatch(line):
            drop = counts[1] is None
        elif found:
            reel, channel, begin, end = found.groups()
            codes = _timecode(number, begin, drop), _timecode(number, end, drop)
            cuts.append(_Cut(line=number, reel=reel, channel=channel, begin=codes[0], end=codes[1]))
        elif line[:1].isdigit():
            raise InvalidValue(
                f"line {number}: {quoted(line)} where number, reel, track, transition and four timecodes were expected"
            )
        elif cuts and (marked := _MARKER.fullmatch(line)):
            cuts[-1].marker = marked[1].strip()
            cuts[-1].lasts = int(marked[2] or 1)
        elif cuts and (located := _LOCATOR.fullmatch(line)):
            name = (located[3] or "").strip() or located[2].title()
            locators.append(_Locator(line=number, at=_timecode(number, located[1], drop), name=name))
        elif cuts and (named := _NAME.fullmatch(line)) and (named[1] == "TO" or not cuts[-1].name):
            # A dissolve names both clips; the line is about the incoming one.
            cuts[-1].name = named[2]
    return cuts, locators


def _timecode(line: int, text: str, drop: bool) -> Timecode:
    code = timecode_in(text)
    if code is None:
        raise InvalidValue(f"line {line}: {quoted(text)} is not a timecode: minutes and seconds go up to 59")
    return replace(code, drop=True) if drop else code


def _are_markers(cuts: Sequence[_Cut], rate: Rate, answers: Answers) -> bool:
    """Whether the list is one of markers: named so, or clips of one frame."""
    named = any(cut.marker is not None for cut in cuts)
    if MARKERS in answers.given or CLIPS in answers.given:
        return MARKERS in answers.given and (named or not any(cut.name for cut in cuts))
    if named:
        return True
    short = all(0 <= cut.end.at(rate) - cut.begin.at(rate) <= Fraction(3, 2) / rate.exact for cut in cuts)
    if len(cuts) < 2 or not short:
        return False
    choices = {MARKERS: "markers: each lasts until the next", CLIPS: "clips of one frame"}
    return answers.choose(f"Each of its {len(cuts)} clips lasts one frame", choices) == MARKERS


def _locators_wanted(cuts: Sequence[_Cut], locators: Sequence[_Locator], answers: Answers) -> bool:
    clips = len({cut.line for cut in cuts})
    choices = {MARKERS: f"its {len(locators)} markers", CLIPS: f"its {clips} clips"}
    likeliest = MARKERS if clips == 1 and len(locators) > 1 else CLIPS
    return answers.choose("It holds clips and markers", choices, likeliest) == MARKERS


def _markers(cuts: Sequence[_Cut], rate: Rate, answers: Answers) -> list[Part]:
    zero = timeline_zero([cut.begin for cut in cuts], rate, answers)
    parts = []
    for cut in cuts:
        start = cut.begin.at(rate) - zero
        # A marker of one frame is a point; a longer one was drawn over what it is about.
        end = start + cut.lasts / rate.exact if cut.lasts > 1 else None
        parts.append(
            Part(
                where=f"line {cut.line}",
                title=cut.marker or cut.name or cut.reel,
                start_s=_rounded(start),
                end_s=None if end is None else _rounded(end),
            )
        )
    return _in_order(parts)


def _in_order(parts: list[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: part.start_s)


def _clips(cuts: Sequence[_Cut], rate: Rate, answers: Answers) -> list[Part]:
    zero = _zero(cuts, rate, answers)
    tracks = {cut.channel.upper() for cut in cuts if cut.channel.upper().startswith("V")}
    if len(tracks) > 1:
        lowest = min(tracks, key=lambda track: (len(track), track))
        left_out = sum(cut.channel.upper() in tracks - {lowest} for cut in cuts)
        answers.note(f"{left_out} clips of other tracks than {lowest} are left out")
        cuts = [cut for cut in cuts if cut.channel.upper() not in tracks - {lowest}]
    parts = []
    for cut in cuts:
        start_s, end_s = (_rounded(code.at(rate) - zero) for code in (cut.begin, cut.end))
        # The outgoing clip of a dissolve is listed again with length 0.
        if start_s != end_s and cut.reel.upper() not in _BLACK:
            parts.append(Part(where=f"line {cut.line}", title=cut.name or cut.reel, start_s=start_s, end_s=end_s))
    return parts


def _zero(cuts: Sequence[_Cut], rate: Rate, answers: Answers) -> Fraction:
    stated = answers.value("from=")
    if stated is not None:
        moment = moment_in(stated)
        return moment.timecode.at(rate) if moment.timecode else moment.seconds
    return Fraction(0) if AS_IS in answers.given else cuts[0].begin.at(rate)


def _rounded(seconds: Fraction) -> float:
    return round(float(seconds), 6)


def is_edl_line(line: str) -> bool:
    """Whether a line is a clip of an edit decision list."""
    return bool(re.match(r"\s*[0-9]{3,8}\s+\S+\s+\S+\s+(?:[CD]|K[BO]?|W[0-9]{3})\s", line))
