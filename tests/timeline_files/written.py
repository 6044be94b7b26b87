"""Timelines written in the formats people have, to be read back."""

from __future__ import annotations

import csv
import html
import io

from audience.timelines import Timeline


def clock(seconds: float, fraction: str = ".") -> str:
    """`01:02:03.456`, with the sign before its thousandths as given."""
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}{fraction}{ms % 1000:03d}"


def as_csv(timeline: Timeline, delimiter: str = ",") -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(["title", "start", "end"])
    writer.writerows([part.title, part.start_s, part.end_s] for part in timeline.segments)
    return file.getvalue().encode()


def as_webvtt(timeline: Timeline) -> bytes:
    cues = (f"{clock(part.start_s)} --> {clock(part.end_s)}\n{html.escape(part.title)}\n" for part in timeline.segments)
    return "\n".join(["WEBVTT\n", *cues]).encode()


def as_srt(timeline: Timeline) -> bytes:
    cues = (
        f"{number}\n{clock(part.start_s, ',')} --> {clock(part.end_s, ',')}\n{part.title}\n"
        for number, part in enumerate(timeline.segments, start=1)
    )
    return "\n".join(cues).encode()


def as_chapter_text(timeline: Timeline) -> bytes:
    return "\n".join(f"{clock(part.start_s)} {part.title}" for part in timeline.segments).encode()
