"""Determines when a recording began from its file, and how certain that is.

Sources, in this order: Apple's creation date (with time zone), the creation time in the header, the time in the file's
name, the file's date. Future times, and times of a clock that was never set, are ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Literal

from audience.errors import ScoringRefused
from edge_lambda.recording.opening import Recording

Certainty = Literal["sure", "likely", "doubtful"]

GIVEN = "given"
APPLE = "com.apple.quicktime.creationdate"
# 2026-05-04_21-30-00, 20260504_213000, DJI_20260504213000, PXL_20260504_193000123: a date, then a time of day.
_IN_NAME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)-?(\d\d)-?(\d\d)[ _T-]?(?:at )?(\d\d)[.:-]?(\d\d)[.:-]?(\d\d)(?:\d{3})?(?!\d)"
)
# File names of cameras that write local time and label it UTC: GoPro, Canon, Sony, Nikon, Panasonic, DJI, Insta360,
# dashcams.
_LOCAL_AS_UTC = re.compile(
    r"(G[HXLSP]\w{2}\d{4}|GOPR\d{4}|MVI_\d+|C\d{4}|DSC\w\d+|P\d{7}|DJI_\d+.*|VID_\d+_\d+_\d\d_\d+|\d+_\d+[FR])"
)
_FIRST_YEAR = 1990
# A clock that was never set starts at the beginning of a year; a camera then runs for some hours.
_UNSET_FOR = timedelta(hours=24)
# Allowed difference between the clocks of camera and computer.
_AHEAD_AT_MOST = timedelta(minutes=5)
_ZONE_STEP_S = 900
_SAME_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start time of a recording.

    Attributes:
        at: time of its first picture, aware UTC.
        rule: the source of the time, as text.
        certainty: "sure", "likely", or "doubtful" (possibly wrong by hours).
        remarks: notes for the user, one line each.
    """

    at: datetime
    rule: str
    certainty: Certainty
    remarks: tuple[str, ...] = ()


def start_of(recording: Recording, *, written: datetime, now: datetime, zone: tzinfo | None = None) -> Start:
    """Determines when a recording began.

    Args:
        recording: its file name and tags are used.
        written: the file's modification time, aware.
        now: the current time, aware.
        zone: time zone of the camera's clock; None if not given.

    Raises:
        ScoringRefused: information is missing; the message asks for it in one line.
    """
    path, tags = recording.path, recording.tags
    named = _in_name(path)
    apple = _instant(tags.get(APPLE, ""), zone)
    if apple is not None and _is_plausible(apple, now, written):
        return Start(at=apple, rule="the time its Apple device took it", certainty="sure")

    remarks: list[str] = []
    text = tags.get("creation_time", "")
    stated = _parsed(text)
    if stated is not None and stated.tzinfo is None and zone is None and stated.year >= _FIRST_YEAR:
        raise ScoringRefused(
            f"{path} was created at {stated:%Y-%m-%d %H:%M:%S}, but its time zone is not stated",
            "give it with --timezone, such as Europe/Berlin or +02:00, or give --started-at",
            wants_start=True,
        )
    made = _instant(text, zone)
    android = any(name.startswith("com.android.") for name in tags)
    if made is not None and not android and zone is not None and stated is not None:
        made = stated.replace(tzinfo=zone).astimezone(UTC)
    if made is not None and not _is_plausible(made, now, written):
        if text:
            remarks.append(f"Its creation time, {made:%Y-%m-%d %H:%M} UTC, is ignored: the camera's clock was not set.")
        made = None
    if made is not None:
        return _from_creation_time(recording, made, named, android=android, zone=zone)

    if named is not None and (zone is not None or _is_in_utc(path)):
        at = named.replace(tzinfo=UTC if _is_in_utc(path) else zone).astimezone(UTC)
        if _is_plausible(at, now, written):
            return Start(at=at, rule="the time in the file's name", certainty="likely", remarks=tuple(remarks))
    return _from_file_date(recording, written, now, named, remarks)


def _from_creation_time(
    recording: Recording, made: datetime, named: datetime | None, *, android: bool, zone: tzinfo | None
) -> Start:
    length_s = recording.duration_s
    length = timedelta(seconds=length_s or 0)
    ended = android or (
        named is not None and not _differ_by_zone(made, named) and _differ_by_zone(made - length, named)
    )
    if ended and length_s is None:
        line = "Its creation time is its end, and its length is unknown: it began earlier."
        return Start(at=made, rule="the recording's creation time", certainty="doubtful", remarks=(line,))
    if ended:
        agrees = named is not None and _differ_by_zone(made - length, named)
        line = f"Its creation time, {made:%Y-%m-%d %H:%M:%S} UTC, is its end: it began {length_s:.0f} s earlier."
        return Start(
            at=made - length,
            rule="the recording's creation time, which is its end, minus its length",
            certainty="sure" if agrees else "likely",
            remarks=(line,),
        )
    rule = "the recording's creation time"
    if zone is not None:
        return Start(at=made, rule=f"{rule}, as local time", certainty="likely")
    if _LOCAL_AS_UTC.fullmatch(recording.path.stem.upper()):
        line = "Cameras that name files like this write local time as UTC: the start may be hours off."
        return Start(at=made, rule=rule, certainty="doubtful", remarks=(line,))
    if named is not None and not _differ_by_zone(made, named):
        line = f"The file's name says {named:%Y-%m-%d %H:%M:%S}, which does not agree."
        return Start(at=made, rule=rule, certainty="doubtful", remarks=(line,))
    return Start(at=made, rule=rule, certainty="likely" if named is None else "sure")


def _from_file_date(
    recording: Recording, written: datetime, now: datetime, named: datetime | None, remarks: list[str]
) -> Start:
    if not _is_plausible(written, now, written):
        raise ScoringRefused(
            f"the start of {recording.path} is unknown (the file is dated {written:%Y-%m-%d})",
            "give --started-at",
            wants_start=True,
        )
    length_s = recording.length_s()
    if length_s is None:
        return Start(
            at=written,
            rule="the file's date (its length is unknown)",
            certainty="doubtful",
            remarks=(*remarks, "The file's date is when it was written, or copied."),
        )
    at = written - timedelta(seconds=length_s)
    agrees = named is not None and (_differ_by_zone(at, named) or _differ_by_zone(written, named))
    if named is not None and not agrees:
        remarks.append(f"The file's name says {named:%Y-%m-%d %H:%M:%S}, which does not agree with the file's date.")
    return Start(
        at=at,
        rule="the file's date minus its length",
        certainty="likely" if agrees else "doubtful",
        remarks=tuple(remarks),
    )


def _is_plausible(at: datetime, now: datetime, written: datetime) -> bool:
    if at.year < _FIRST_YEAR or at > now + _AHEAD_AT_MOST:
        return False
    unset = at - datetime(at.year, 1, 1, tzinfo=UTC) < _UNSET_FOR and at.year < now.year
    return not unset or abs(written - at) < timedelta(days=2)


def _differ_by_zone(at: datetime, named: datetime) -> bool:
    """Whether two times differ only by a time zone offset, a multiple of 15 minutes."""
    apart_s = (at.replace(tzinfo=None) - named).total_seconds()
    off_s = (apart_s + _ZONE_STEP_S / 2) % _ZONE_STEP_S - _ZONE_STEP_S / 2
    return abs(off_s) <= _SAME_S and abs(apart_s) <= 14 * 3600 + _SAME_S


def _is_in_utc(path: Path) -> bool:
    return path.name.upper().startswith("PXL_")


def _in_name(path: Path) -> datetime | None:
    found = _IN_NAME.search(path.stem)
    return _parsed("{}-{}-{}T{}:{}:{}".format(*found.groups())) if found else None


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def _instant(text: str, zone: tzinfo | None) -> datetime | None:
    found = _parsed(text)
    try:
        return found.replace(tzinfo=found.tzinfo or zone or UTC).astimezone(UTC) if found else None
    except OverflowError:
        return None
