"""When a recording began, by what its file says, and how sure that is.

In this order: what Apple's devices write (with its zone), the creation time in the file's header, the time in the
file's name, the file's own date. A time that a clock shows that was never set, or that is yet to come, is not believed.
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
# Names of the kinds of camera that write their local time, and call it UTC: GoPro, Canon, Sony, Nikon, Panasonic, DJI,
# Insta360, dashcams.
_LOCAL_AS_UTC = re.compile(
    r"(G[HXLSP]\w{2}\d{4}|GOPR\d{4}|MVI_\d+|C\d{4}|DSC\w\d+|P\d{7}|DJI_\d+.*|VID_\d+_\d+_\d\d_\d+|\d+_\d+[FR])"
)
_FIRST_YEAR = 1990
# A clock that was never set begins with a year; a camera runs for some hours after that.
_UNSET_FOR = timedelta(hours=24)
# Clocks of cameras and computers differ.
_AHEAD_AT_MOST = timedelta(minutes=5)
_ZONE_STEP_S = 900
_SAME_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """When a recording began.

    Attributes:
        at: the instant of its first picture, aware UTC.
        rule: where that comes from, in words.
        certainty: "sure", "likely", or "doubtful": wrong by hours perhaps.
        remarks: what a person should know of it, a line each.
    """

    at: datetime
    rule: str
    certainty: Certainty
    remarks: tuple[str, ...] = ()


def start_of(recording: Recording, *, written: datetime, now: datetime, zone: tzinfo | None = None) -> Start:
    """When a recording began.

    Args:
        recording: its file's name and tags count.
        written: the file's date, aware.
        now: the wall clock, aware.
        zone: whose local time the camera's clock shows; None where nobody said.

    Raises:
        ScoringRefused: with one line that asks for what is missing.
    """
    path, tags = recording.path, recording.tags
    named = _in_name(path)
    apple = _instant(tags.get(APPLE, ""), zone)
    if apple is not None and _is_believed(apple, now, written):
        return Start(at=apple, rule="the time its Apple device took it", certainty="sure")

    remarks: list[str] = []
    text = tags.get("creation_time", "")
    stated = _parsed(text)
    if stated is not None and stated.tzinfo is None and zone is None and stated.year >= _FIRST_YEAR:
        raise ScoringRefused(
            f"{path} says that it is of {stated:%Y-%m-%d %H:%M:%S} and does not say in which time zone: give it with "
            "--timezone, as Europe/Berlin or +02:00, or give --started-at"
        )
    made = _instant(text, zone)
    android = any(name.startswith("com.android.") for name in tags)
    if made is not None and not android and zone is not None and stated is not None:
        made = stated.replace(tzinfo=zone).astimezone(UTC)
    if made is not None and not _is_believed(made, now, written):
        if text:
            remarks.append(
                f"Its creation time, {made:%Y-%m-%d %H:%M} UTC, is not believed: the camera's clock was not set."
            )
        made = None
    if made is not None:
        return _from_creation_time(recording, made, named, android=android, zone=zone)

    if named is not None and (zone is not None or _is_in_utc(path)):
        at = named.replace(tzinfo=UTC if _is_in_utc(path) else zone).astimezone(UTC)
        if _is_believed(at, now, written):
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
        line = "Its creation time is when it ended, and its length is unknown: give --started-at."
        return Start(at=made, rule="the recording's creation time", certainty="doubtful", remarks=(line,))
    if ended:
        agrees = named is not None and _differ_by_zone(made - length, named)
        line = f"Its creation time, {made:%Y-%m-%d %H:%M:%S} UTC, is when it ended: it began {length_s:.0f} s earlier."
        return Start(
            at=made - length,
            rule="the recording's creation time, which is its end, less its length",
            certainty="sure" if agrees else "likely",
            remarks=(line,),
        )
    rule = "the recording's creation time"
    if zone is not None:
        return Start(at=made, rule=f"{rule}, as local time", certainty="likely")
    if _LOCAL_AS_UTC.fullmatch(recording.path.stem.upper()):
        line = (
            "Cameras that name their files so write their local time and call it UTC: it may be hours off. Give "
            "--timezone, as Europe/Berlin, or --started-at."
        )
        return Start(at=made, rule=rule, certainty="doubtful", remarks=(line,))
    if named is not None and not _differ_by_zone(made, named):
        line = (
            f"The file's name says {named:%Y-%m-%d %H:%M:%S} and does not agree: give --started-at where it is right."
        )
        return Start(at=made, rule=rule, certainty="doubtful", remarks=(line,))
    return Start(at=made, rule=rule, certainty="likely" if named is None else "sure")


def _from_file_date(
    recording: Recording, written: datetime, now: datetime, named: datetime | None, remarks: list[str]
) -> Start:
    if not _is_believed(written, now, written):
        raise ScoringRefused(
            f"nothing says when {recording.path} was recorded (the file is dated {written:%Y-%m-%d}): give --started-at"
        )
    length_s = recording.length_s()
    if length_s is None:
        return Start(
            at=written,
            rule="the file's date (its length is unknown)",
            certainty="doubtful",
            remarks=(*remarks, "The file's date is when it was written, or copied: give --started-at."),
        )
    at = written - timedelta(seconds=length_s)
    agrees = named is not None and (_differ_by_zone(at, named) or _differ_by_zone(written, named))
    if named is not None and not agrees:
        remarks.append(
            f"The file's name says {named:%Y-%m-%d %H:%M:%S}, which does not agree with the file's date: give "
            "--timezone, as Europe/Berlin, to go by the name, or --started-at."
        )
    return Start(
        at=at,
        rule="the file's date less its length",
        certainty="likely" if agrees else "doubtful",
        remarks=tuple(remarks),
    )


def _is_believed(at: datetime, now: datetime, written: datetime) -> bool:
    if at.year < _FIRST_YEAR or at > now + _AHEAD_AT_MOST:
        return False
    unset = at - datetime(at.year, 1, 1, tzinfo=UTC) < _UNSET_FOR and at.year < now.year
    return not unset or abs(written - at) < timedelta(days=2)


def _differ_by_zone(at: datetime, named: datetime) -> bool:
    """Whether an instant and a time without a zone can be the same: time zones are whole quarters of an hour."""
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
