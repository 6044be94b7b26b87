"""Times as tables, lists and pasted text write them, and what they mean together.

One time alone often has several meanings (`19:30`, `1,205`, `0.0015`, `01:00:00:12`); beside the others of its file it
has one, or the user is asked.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Final, Literal

from audience.errors import InvalidValue
from audience.time import clock_text
from timeline_files.answers import AS_IS, CLIPS, CLOCK, DECIMAL, MARKERS, SORTED, THOUSANDS, UNITS, Answers
from timeline_files.parts import LATEST_S, Part
from timeline_files.timecode import Rate, Timecode, likely_rates, rate_in, timecode_in
from timeline_files.times import HOW, quoted

Form = Literal["number", "comma", "clock", "timecode", "day"]
DAY_S: Final = 86_400
_EARLIEST_CLOCK_S: Final = 6 * 3600
_UNIT_S: Final = {
    "seconds": Fraction(1),
    "ms": Fraction(1, 1000),
    "minutes": Fraction(60),
    "hours": Fraction(3600),
    "days": Fraction(DAY_S),
}
_PLAIN = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,18})?(?:[eE]-?[0-9]{1,2})?")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){1,3}(?:\.[0-9]+)?|[0-9]{1,3}(?:[ '\u2019][0-9]{3}){1,3}(?:[.,][0-9]+)?")
_GROUPED_BY_DOTS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3}){1,3},[0-9]+|[0-9]{1,3}(?:\.[0-9]{3}){2,3}")
_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,4}):([0-9]{1,2})(?:[.,]([0-9]{1,12}))?(?:\s*([ap])\.?\s?m\.?)?", re.I)
_HALF_DAY = re.compile(r"([0-9]{1,2})\s*([ap])\.?\s?m\.?", re.IGNORECASE)
_UNITS = re.compile(
    r"(?:([0-9]{1,3})\s*(?:hours?|hrs?|std|h)\.?[\s,:]*)?"
    r"(?:([0-9]{1,5})\s*(?:minutes?|mins?|min|m|\u2032|')\.?[\s,:]*)?"
    r"(?:([0-9]{1,7}(?:[.,][0-9]{1,9})?)\s*(?:seconds?|secs?|sek|s|\u2033|\"|'')?\.?)?",
    re.IGNORECASE,
)
_ISO_LENGTH = re.compile(r"PT(?:([0-9]{1,3})H)?(?:([0-9]{1,5})M)?(?:([0-9]{1,7}(?:\.[0-9]{1,9})?)S)?", re.IGNORECASE)
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*")
_BARS = re.compile(r"[0-9]{1,5}\.[0-9]{1,2}\.[0-9]{1,3}")
_LONGEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time as written.

    Attributes:
        text: the text.
        form: "number" without a unit; "comma" a number whose comma may be a decimal or a thousands separator; "clock"
            with colons or units; "timecode" with frames; "day" a time of day, certainly.
        seconds: its value; for a timecode without frames, and for "comma" with the comma as a decimal one.
        timecode: the timecode, if it is one.
        fields: numbers separated by colons; 0 if there are none.
    """

    text: str
    form: Form
    seconds: Fraction
    timecode: Timecode | None = None
    fields: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A title with its times as written."""

    where: str
    title: str
    start: Moment
    end: Moment | None = None
    length: Moment | None = None


def moment_in(text: str) -> Moment:
    """Parses a time.

    Raises:
        InvalidValue: the text is no time.
    """
    plain = unicodedata.normalize("NFKC", text[:_LONGEST]).strip().strip("\u200e\u200f\u202a\u202c'").strip()
    if _PLAIN.fullmatch(plain):
        if re.fullmatch(r"[0-9]{1,3},[0-9]{3}", plain):
            return Moment(text=plain, form="comma", seconds=Fraction(plain.replace(",", ".")))
        return Moment(text=plain, form="number", seconds=Fraction(plain.replace(",", ".")))
    if _GROUPED.fullmatch(plain) or _GROUPED_BY_DOTS.fullmatch(plain):
        return Moment(text=plain, form="number", seconds=_grouped(plain))
    if found := _CLOCK.fullmatch(plain):
        return _clock(plain, found)
    if timecode := timecode_in(plain):
        whole = timecode.hours * 3600 + timecode.minutes * 60 + timecode.seconds
        return Moment(text=plain, form="timecode", seconds=Fraction(whole), timecode=timecode, fields=4)
    if found := _HALF_DAY.fullmatch(plain):
        return Moment(text=plain, form="day", seconds=Fraction(_hour(int(found[1]), found[2]) * 3600))
    if _ISO_DAY.fullmatch(plain):
        try:
            instant = datetime.fromisoformat(plain)
        except ValueError:
            raise InvalidValue(f"{quoted(text)} is not a time: {HOW}") from None
        since = instant.replace(tzinfo=None) - datetime(2000, 1, 1)  # noqa: DTZ001 only differences count
        return Moment(text=plain, form="day", seconds=Fraction(since.days * DAY_S + since.seconds))
    found = _ISO_LENGTH.fullmatch(plain) or _UNITS.fullmatch(plain)
    if found and any(found.groups()) and len(text) <= _LONGEST:
        hours, minutes = int(found[1] or 0), int(found[2] or 0)
        seconds = Fraction((found[3] or "0").replace(",", "."))
        return Moment(text=plain, form="clock", seconds=hours * 3600 + minutes * 60 + seconds)
    if _BARS.fullmatch(plain):
        raise InvalidValue(f"{quoted(text)} counts bars and beats: show the ruler in minutes and seconds, export again")
    raise InvalidValue(f"{quoted(text)} is not a time: {HOW}")


def is_time(text: str) -> bool:
    """Whether a text is a time."""
    try:
        moment_in(text)
    except InvalidValue:
        return False
    return True


def _clock(text: str, found: re.Match[str]) -> Moment:
    hours, minutes, seconds, decimals, half = found.groups()
    if int(seconds) >= 60 or (hours and int(minutes) >= 60):
        raise InvalidValue(f"{quoted(text)} is not a time: minutes and seconds go up to 59")
    fraction = Fraction(f"0.{decimals or 0}")
    if half:
        # Without seconds a time with "pm" is hours and minutes.
        whole = (int(hours), int(minutes), int(seconds)) if hours else (int(minutes), int(seconds), 0)
        return Moment(
            text=text, form="day", seconds=_hour(whole[0], half) * 3600 + whole[1] * 60 + whole[2] + fraction, fields=3
        )
    value = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + fraction
    return Moment(text=text, form="clock", seconds=value, fields=3 if hours else 2)


def _hour(hour: int, half: str) -> int:
    return hour % 12 + (12 if half.lower() == "p" else 0)


def _grouped(text: str) -> Fraction:
    """A number with thousands separators."""
    if _GROUPED_BY_DOTS.fullmatch(text):
        return Fraction(text.replace(".", "").replace(",", "."))
    whole, dot, decimals = text.partition(".")
    if not dot and " " in text + " " and "," in text and not re.search(r",[0-9]{3}(?:,|$)", text):
        whole, _, decimals = text.partition(",")
    return Fraction(re.sub(r"[^0-9]", "", whole) + (f".{decimals}" if decimals else ""))


def parts_of(entries: Sequence[Entry], answers: Answers, *, comma_is_decimal: bool = False) -> list[Part]:
    """The parts that entries of one file state, in seconds from the beginning.

    Args:
        entries: in the order of the file.
        answers: answers given, and where questions go.
        comma_is_decimal: whether a comma in a number can only be a decimal one.

    Raises:
        Unclear: the times have several meanings, and none is likeliest.
    """
    if not entries:
        return []
    entries = _without_commas(entries, answers, comma_is_decimal)
    to_s = _meaning(entries, answers)
    parts = []
    for entry in entries:
        start_s = to_s(entry.start)
        end_s = None if entry.end is None else to_s(entry.end)
        if entry.end is None and entry.length is not None:
            # A length counts from nothing, whatever the first time is.
            length = to_s(entry.length) - to_s(_nothing(entry.length))
            end_s = start_s + length if length > 0 else None
        if end_s is not None and end_s == start_s:
            end_s = None
        parts.append(
            Part(
                where=entry.where,
                title=entry.title,
                start_s=_rounded(start_s),
                end_s=None if end_s is None else _rounded(end_s),
            )
        )
    return parts


def _nothing(length: Moment) -> Moment:
    """A length of 0, written as another length is."""
    code = length.timecode
    return replace(length, seconds=Fraction(0), timecode=None if code is None else Timecode(0, 0, 0, 0, code.drop))


def _rounded(seconds: Fraction) -> float:
    return round(float(seconds), 6)


Meaning = Callable[[Moment], Fraction]


def _times(entries: Sequence[Entry]) -> list[Moment]:
    return [time for entry in entries for time in (entry.start, entry.end, entry.length) if time is not None]


def _without_commas(entries: Sequence[Entry], answers: Answers, comma_is_decimal: bool) -> Sequence[Entry]:
    """The entries with each doubtful comma decided."""
    entries = _with_dots_in_doubt(entries, answers)
    commas = [time for time in _times(entries) if time.form == "comma"]
    if not commas:
        return entries

    def as_thousands(time: Moment) -> Moment:
        if time.form != "comma":
            return time
        return replace(time, form="number", seconds=Fraction(re.sub("[.,]", "", time.text)))

    def as_decimals(time: Moment) -> Moment:
        return replace(time, form="number") if time.form == "comma" else time

    def in_order(by: Callable[[Moment], Moment]) -> bool:
        starts = [by(entry.start).seconds for entry in entries]
        return all(before < after for before, after in itertools.pairwise(starts))

    decimal = comma_is_decimal or any(time.text.startswith("0,") for time in commas)
    ordered = in_order(as_decimals), in_order(as_thousands)
    if not decimal and ordered == (False, True):
        chosen = THOUSANDS
    elif decimal and ordered != (False, True):
        chosen = DECIMAL
    else:
        text = max(commas, key=lambda time: time.seconds).text
        chosen = answers.choose(
            f"{quoted(text)} may be {re.sub('[.,]', '', text)} seconds or {text.replace(',', '.')} seconds",
            {THOUSANDS: "its sign separates thousands", DECIMAL: "its sign begins decimals"},
        )
    by = as_thousands if chosen == THOUSANDS else as_decimals

    def changed(time: Moment | None) -> Moment | None:
        return None if time is None else by(time)

    return [
        replace(entry, start=by(entry.start), end=changed(entry.end), length=changed(entry.length)) for entry in entries
    ]


def _with_dots_in_doubt(entries: Sequence[Entry], answers: Answers) -> Sequence[Entry]:
    """The entries with numbers such as `1.205` in doubt like `1,205`, where as seconds they hardly fill the session."""
    times = _times(entries)
    dotted = [time for time in times if time.form == "number" and re.fullmatch(r"[1-9][0-9]{0,2}\.[0-9]{3}", time.text)]
    others = [time for time in times if time not in dotted]
    length_s = answers.length_s
    if not dotted or length_s is None or any(time.form != "number" or "." in time.text for time in others):
        return entries
    if max(time.seconds for time in times) * 20 >= length_s:
        return entries

    def doubted(time: Moment | None) -> Moment | None:
        return replace(time, form="comma") if time is not None and time in dotted else time

    return [
        replace(entry, start=doubted(entry.start) or entry.start, end=doubted(entry.end), length=doubted(entry.length))
        for entry in entries
    ]


def _meaning(entries: Sequence[Entry], answers: Answers) -> Meaning:
    """How the times of a file become seconds."""
    times = _times(entries)
    starts = [entry.start for entry in entries]
    if any(time.timecode for time in times):
        return _of_timecodes(times, starts, answers)
    if all(start.form == "number" for start in starts):
        ends = [entry.end for entry in entries if entry.end is not None and entry.end.form == "number"]
        return _of_numbers([*starts, *ends], answers)
    return _of_clocks(starts, answers)


def _of_timecodes(times: Sequence[Moment], starts: Sequence[Moment], answers: Answers) -> Meaning:
    rate = timecode_rate([time.timecode for time in times if time.timecode], answers)
    zero = timeline_zero([start.timecode for start in starts if start.timecode], rate, answers)

    def to_s(time: Moment) -> Fraction:
        if time.timecode is None:
            return time.seconds
        return time.timecode.at(rate) - (zero if time.timecode.hours or time.seconds >= zero else 0)

    return to_s


def timecode_rate(
    codes: Sequence[Timecode], answers: Answers, stated: Rate | None = None, *, of_film: bool = False
) -> Rate:
    """The frame rate of timecodes: the one answered, the one stated, or the likeliest that has all frame numbers.

    Raises:
        InvalidValue: no rate has the highest frame number.
    """
    for given in answers.given:
        if given.lower().endswith("fps") and (rate := rate_in(given)) is not None:
            return rate
    if stated is not None:
        return stated
    highest = max((code.frames for code in codes), default=0)
    drop = any(code.drop for code in codes)
    rates = likely_rates(highest, drop, of_film=of_film)
    if not rates:
        raise InvalidValue(f"frame {highest} of a second was not expected: at most 59")
    if len(rates) > 1 and any(code.hours or code.minutes or code.seconds or code.frames for code in codes):
        answers.choose(
            "Its times count frames, and it states no frame rate",
            {f"{rate.text}fps": f"{rate.text} frames/s" for rate in rates[:5]},
            f"{rates[0].text}fps",
        )
    return rates[0]


def timeline_zero(starts: Sequence[Timecode], rate: Rate, answers: Answers) -> Fraction:
    """The seconds of timecode at which the film or talk begins.

    Editing programs begin at 01:00:00:00, broadcasters at 10:00:00:00.
    """
    stated = answers.value("from=")
    if stated is not None:
        moment = moment_in(stated)
        return moment.timecode.at(rate) if moment.timecode else moment.seconds
    first = min(starts, key=lambda code: code.at(rate), default=None)
    if first is None or not first.hours:
        return Fraction(0)
    last_s = max(code.at(rate) for code in starts)
    begin = f"{first.hours:02d}:00:00:00"
    fits = answers.length_s is not None and last_s < answers.length_s
    chosen = answers.choose(
        f"Its times begin at hour {first.hours}",
        {f"from={begin}": f"{begin} is the beginning", AS_IS: "00:00:00:00 is the beginning"},
        AS_IS if fits else f"from={begin}",
    )
    return Fraction(0) if chosen == AS_IS else Timecode(first.hours, 0, 0, 0, first.drop).at(rate)


def _of_numbers(times: Sequence[Moment], answers: Answers) -> Meaning:
    """Numbers without a unit: seconds, unless those would be far too long or far too short."""
    unit = _unit(times, answers)
    if unit == "frames":
        choices = {f"{rate.text}fps": f"{rate.text} frames/s" for rate in likely_rates(0, False, of_film=False)[:6]}
        likeliest = next(iter(choices))
        given = next(filter(None, (rate_in(one) for one in answers.given if one.lower().endswith("fps"))), None)
        rate = given or rate_in(
            answers.choose("Its times are frame numbers, and it states no frame rate", choices, likeliest)
        )
        assert rate is not None
        return lambda time: time.seconds / rate.exact if time.form == "number" else time.seconds
    scale = _UNIT_S[unit]
    exact = 1 if unit == "seconds" else 1000

    def to_s(time: Moment) -> Fraction:
        if time.form != "number":
            return time.seconds
        value = time.seconds * scale
        return value if exact == 1 else Fraction(round(value * exact), exact)

    return to_s


def _unit(times: Sequence[Moment], answers: Answers) -> str:
    given = next((one for one in answers.given if one in UNITS), None)
    if given is not None:
        return given
    last = max(one.seconds for one in times)
    length_s = answers.length_s
    several = len({one.seconds for one in times}) > 1
    if several and last < 1 and any(len(one.text.partition(".")[2]) >= 3 for one in times):
        hours, minutes = (clock_text(float(last * scale)) for scale in (3600, 60))
        return answers.choose(
            f"All its times lie within one second: the last is {max(times, key=lambda one: one.seconds).text}",
            {
                "days": f"{UNITS['days']}: the last is {clock_text(float(last * DAY_S))}",
                "hours": f"hours: the last is {hours}",
                "minutes": f"minutes: the last is {minutes}",
                "seconds": "seconds, as they are",
            },
        )
    whole = all(one.seconds.denominator == 1 or len(one.text.partition(".")[2]) > 3 for one in times)
    too_long = last > DAY_S if length_s is None else last >= 20 * length_s
    if several and whole and too_long and last <= 10**12:
        lasting = "" if length_s is None else f" and the session lasts {clock_text(length_s)}"
        return answers.choose(
            f"Its times go up to {max(times, key=lambda one: one.seconds).text}{lasting}",
            {
                "ms": f"milliseconds: the last is {clock_text(float(last / 1000))}",
                "frames": f"frames: at 25 a second the last is {clock_text(float(last / 25))}",
                "seconds": "seconds, as they are",
            },
        )
    return "seconds"


def _of_clocks(starts: Sequence[Moment], answers: Answers) -> Meaning:
    """Times with colons: from the beginning, or times of day."""
    stated = answers.value("from=")
    if stated is None and not _are_of_day(starts, answers):
        return lambda time: time.seconds
    # Two fields of a time of day are hours and minutes.
    scale = 60 if all(start.fields == 2 for start in starts) else 1
    first = starts[0] if stated is None else moment_in(stated)
    zero = first.seconds * (60 if first.fields == 2 and (scale == 60 or stated) else 1)
    if first.form != starts[0].form and starts[0].seconds >= DAY_S:
        # An answer is a time of the first day.
        zero += starts[0].seconds // DAY_S * DAY_S

    def to_s(time: Moment) -> Fraction:
        value = time.seconds * (60 if time.fields == 2 and scale == 60 else 1) - zero
        return value + DAY_S if -DAY_S < value < -DAY_S // 2 else value  # past midnight

    return to_s


def _are_of_day(starts: Sequence[Moment], answers: Answers) -> bool:
    first, last = starts[0], max(starts, key=lambda one: one.seconds)
    counted = f"times of day: {first.text} is the beginning"
    length_s = answers.length_s
    if all(start.form == "day" for start in starts):
        if first.seconds < _EARLIEST_CLOCK_S:
            return False
        as_is = {CLOCK: counted, AS_IS: "hours from the beginning"}
        return answers.choose(f"It holds times of day, from {first.text}", as_is, CLOCK) == CLOCK
    if any(start.form not in ("clock", "day") or not start.fields for start in starts):
        return False
    seems, choices = "", {CLOCK: counted, AS_IS: f"as they are: {first.text} from the beginning"}
    if length_s is not None and first.seconds >= length_s:
        seems = f"Its times begin at {first.text}, and the session lasts {clock_text(length_s)}"
    elif length_s is None and first.seconds >= _EARLIEST_CLOCK_S and last.seconds - first.seconds < first.seconds / 2:
        seems = f"Its times run from {first.text} to {last.text}"
    elif (
        all(start.fields == 2 and start.seconds < 24 * 60 and start.seconds % 5 == 0 for start in starts)
        and first.seconds >= 6 * 60
        and len(starts) > 1
        # As hours and minutes they must fit the session, or as minutes and seconds they must not.
        and (length_s is None or last.seconds >= length_s or (last.seconds - first.seconds) * 60 <= length_s)
    ):
        seems = f"Its times run from {first.text} to {last.text}, with nothing before"
    if not seems:
        return CLOCK in answers.given
    return answers.choose(seems, choices) == CLOCK


def in_order(parts: Sequence[Part], answers: Answers) -> list[Part]:
    """The parts, in order of time where the user asked for it.

    Raises:
        Unclear: they run backwards.
    """
    back = next(
        ((before, after) for before, after in itertools.pairwise(parts) if after.start_s < before.start_s), None
    )
    if back is None:
        return list(parts)
    before, after = back
    answers.choose(
        f"{after.where}: {quoted(after.title)} starts at {_shown(after)}, not after {quoted(before.title)} "
        f"({before.where}) at {_shown(before)}; put the segments in order",
        {SORTED: "put them in order of time"},
    )
    return sorted(parts, key=lambda part: part.start_s)


def _shown(part: Part) -> str:
    from timeline_files.times import time_text

    return time_text(part.start_s) if 0 <= part.start_s <= LATEST_S else f"{part.start_s:g} s"


def markers_or_clips(
    clips: list[Part], markers: Sequence[Part], answers: Answers, *, kind: str = "markers", meant: bool = False
) -> list[Part]:
    """The clips or the markers of an edit, as answered, or whichever are likelier what was meant.

    Args:
        clips: in order.
        markers: in any order.
        answers: of the user.
        kind: what the markers are called.
        meant: whether markers are meant wherever there are any.
    """
    if not markers:
        return clips
    choices = {MARKERS: f"its {len(markers)} {kind}", CLIPS: f"its {len(clips)} clips"}
    more = len(markers) > 1 and len(markers) >= len(clips)
    likeliest = MARKERS if meant or more or not clips else CLIPS
    if answers.choose(f"It holds clips and {kind}", choices, likeliest) == CLIPS:
        return clips
    return untangled(markers, answers)


def untangled(parts: Sequence[Part], answers: Answers) -> list[Part]:
    """Subtitles or markers as segments: in order, those of one start joined, none reaching into the next."""
    joined: list[Part] = []
    overlapping = 0
    for part in sorted(parts, key=lambda one: one.start_s):
        if joined and joined[-1].start_s == part.start_s:
            last = joined[-1]
            ends = [end for end in (last.end_s, part.end_s) if end is not None]
            title = last.title if part.title == last.title else f"{last.title} / {part.title}"
            joined[-1] = replace(last, title=title, end_s=max(ends, default=None))
            overlapping += 1
            continue
        if joined and (end_s := joined[-1].end_s) is not None and end_s > part.start_s:
            joined[-1] = replace(joined[-1], end_s=part.start_s)
            overlapping += 1
        joined.append(part)
    if overlapping:
        answers.note(f"{overlapping} of its {len(parts)} entries overlap: each ends where the next begins")
    return joined


def from_beginning(parts: Sequence[Part], answers: Answers) -> list[Part]:
    """Subtitles in seconds from the beginning, also where the film's timecode begins at hour 1 or 10.

    Raises:
        Unclear: they begin after the session's end.
    """
    if not parts:
        return []
    stated = answers.value("from=")
    zero_s = 0.0 if stated is None else float(moment_in(stated).seconds)
    first_s, length_s = parts[0].start_s, answers.length_s
    if stated is None and length_s is not None and first_s >= max(length_s, 3600):
        begin = f"{int(first_s // 3600):02d}:00:00"
        chosen = answers.choose(
            f"Its times begin at {clock_text(first_s)}, and the session lasts {clock_text(length_s)}",
            {f"from={begin}": f"{begin} is the beginning", AS_IS: "as they are"},
        )
        zero_s = 0.0 if chosen == AS_IS else first_s // 3600 * 3600
    return [
        replace(
            part,
            start_s=round(part.start_s - zero_s, 6),
            end_s=None if part.end_s is None else round(part.end_s - zero_s, 6),
        )
        for part in parts
    ]
