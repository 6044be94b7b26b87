"""Reader for edit decision lists (CMX 3600), the format that editing programs have in common.

    001  AX       V     C        00:00:00:00 00:00:10:00 01:00:00:00 01:00:10:00
    * FROM CLIP NAME: Opening

The last two times of a line are the clip's start and end in the film.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from audience.errors import InvalidValue
from timeline_files.parts import Part
from timeline_files.text import lines_of, text_of
from timeline_files.times import quoted

_TIMECODE = "[0-9]{2}:[0-9]{2}:[0-9]{2}[:;.][0-9]{2}"
_CUT = re.compile(
    r"[0-9]{1,8}\s+(\S{1,128})\s+(\S{1,16})\s+(?:C|D|K[BO]?|W[0-9]{3})(?:\s+[0-9]{1,3})?"
    rf"\s+[0-9:;.]{{11}}\s+[0-9:;.]{{11}}\s+({_TIMECODE})\s+({_TIMECODE})"
)
_NAME = re.compile(r"\*?\s*(FROM|TO)\s+CLIP\s+NAME:\s*(.*)")
_RATES = (24, 25, 30, 50, 60)
_BLACK = ("BL", "BLACK")


@dataclass(slots=True, kw_only=True)
class _Cut:
    """One line of the list, with the clip name from the comments under it."""

    line: int
    reel: str
    channel: str
    begin: str
    end: str
    name: str = ""

    @property
    def is_picture(self) -> bool:
        return "V" in self.channel.upper() or self.channel.upper() in ("B", "NONE")


def read_edl(data: bytes) -> list[Part]:
    """Reads the video clips (all clips, if the list has audio only), without black.

    The first clip begins at second 0, whatever its timecode. A list does not state its frame rate: the reader assumes
    the lowest common rate that has all frame numbers in use, an error of less than half a second. Times with a
    semicolon are drop-frame timecode.

    Raises:
        InvalidValue: a line is malformed; the message names it.
    """
    cuts = _cuts(lines_of(text_of(data)))
    cuts = [cut for cut in cuts if cut.is_picture] or cuts
    if not cuts:
        return []
    rate = _rate(cuts)
    first_s = _seconds(cuts[0].begin, rate)
    parts = []
    for cut in cuts:
        start_s, end_s = (round(_seconds(timecode, rate) - first_s, 6) for timecode in (cut.begin, cut.end))
        # The outgoing clip of a dissolve is listed again with length 0.
        if start_s != end_s and cut.reel.upper() not in _BLACK:
            parts.append(Part(where=f"line {cut.line}", title=cut.name or cut.reel, start_s=start_s, end_s=end_s))
    return parts


def _cuts(lines: list[str]) -> list[_Cut]:
    cuts: list[_Cut] = []
    for number, line in enumerate(lines, start=1):
        line = line.strip()
        if found := _CUT.fullmatch(line):
            reel, channel, begin, end = found.groups()
            cuts.append(_Cut(line=number, reel=reel, channel=channel, begin=begin, end=end))
        elif line[:1].isdigit():
            raise InvalidValue(
                f"line {number}: {quoted(line)} where number, reel, track, transition and four timecodes were expected"
            )
        elif cuts and (named := _NAME.fullmatch(line)) and (named[1] == "TO" or not cuts[-1].name):
            # A dissolve names both clips; the line is about the incoming one.
            cuts[-1].name = named[2]
    return cuts


def _rate(cuts: list[_Cut]) -> int:
    """The nominal frame rate, frames per second."""
    highest, line = max((int(timecode[-2:]), cut.line) for cut in cuts for timecode in (cut.begin, cut.end))
    rate = next((rate for rate in _RATES if highest < rate), None)
    if rate is None:
        raise InvalidValue(f"line {line}: frame {highest} of a second was not expected: at most 59")
    drop_frame = any(";" in cut.begin + cut.end for cut in cuts)
    return (60 if rate > 30 else 30) if drop_frame else rate


def _seconds(timecode: str, rate: int) -> float:
    hours, minutes, seconds, frames = (int(part) for part in re.split("[:;.]", timecode))
    minutes += hours * 60
    count = (minutes * 60 + seconds) * rate + frames
    if ";" not in timecode:
        return count / rate
    # Drop-frame timecode skips the first 2 frame numbers (4 at 60 frames/s) of each minute except every tenth, which
    # keeps it in step with 30/1.001 frames/s (SMPTE 12M).
    count -= rate // 15 * (minutes - minutes // 10)
    return count * 1.001 / rate
