"""What the table shows: each stage with its cameras by state, and the alerts that are on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from audience.monitoring.cameras import STATES, UNUSABLE, CameraStatus, State
from audience.monitoring.evaluate import Situation, is_under_way
from audience.sessions import Kind, cues_of
from audience.time import clock_text, to_ms
from audience.timelines import Cue, is_paused, position_s
from dashboard.clock import time_text
from dashboard.pages.operate.alert_list import alert_facts, alert_state
from dashboard.pages.operate.camera_rows import SIGNS
from dashboard.wording import stage_names

MOST_ALERTS: Final = 40
"""Alerts shown at once, those that nobody has answered first."""

WHAT_RUNS: Final[Mapping[Kind, str]] = {"talk": "talk", "screening": "film", "festival": "set", "panel": "panel"}
"""What begins on a stage, by kind of session."""

_BY_NAME = UNUSABLE | {"late"}


def packed(now: Situation, at: datetime, zone: tzinfo) -> dict[str, Any]:
    """The table's data.

    Args:
        now: of the session.
        at: the instant of it.
        zone: of the viewer.
    """
    names = stage_names(now.stages)
    cameras: defaultdict[str, list[CameraStatus]] = defaultdict(list)
    for one in now.cameras:
        cameras[one.stage_id].append(one)
    under_way = is_under_way(now.session, to_ms(at))
    rows = []
    for stage in sorted(now.stages, key=lambda stage: _in_order(names[stage.stage_id])):
        faces = now.now[stage.stage_id].faces
        cue, text = _cue(cues_of(now.session, stage), at, zone)
        rows.append(
            {
                "id": stage.stage_id,
                "name": names[stage.stage_id],
                "cue": cue if under_way else "",
                "text": text if under_way else "",
                "faces": None if faces is None else round(faces),
                "cameras": _by_state(cameras[stage.stage_id]),
            }
        )
    what = WHAT_RUNS[now.session.kind]
    return {
        "rows": rows,
        "alerts": _alerts(now, to_ms(at), zone),
        "signs": dict(SIGNS),
        "bad": sorted(_BY_NAME),
        "words": _words(what),
    }


def where(cues: tuple[Cue, ...], at: datetime, zone: tzinfo, what: str) -> str:
    """Where a stage stands, as "set running · 12:03" or "set not started".

    Args:
        cues: of the stage.
        at: the instant.
        zone: of the viewer.
        what: runs there.
    """
    cue, text = _cue(cues, at, zone)
    if cue == "running":
        return f"{what} running · {text} (at {time_text(to_ms(at), zone)})"
    return f"{what} paused since {text}" if cue == "paused" else f"{what} not started"


def _in_order(name: str) -> list[tuple[int, str]]:
    """Sorts names as people do: Stage 2 before Stage 10."""
    return [(int(part), "") if part.isdecimal() else (0, part.casefold()) for part in re.split(r"([0-9]+)", name)]


def _by_state(cameras: Sequence[CameraStatus]) -> list[dict[str, Any]]:
    """The cameras of a stage in groups, the most urgent first; those that need somebody by name."""
    groups: defaultdict[State, list[CameraStatus]] = defaultdict(list)
    for one in cameras:
        groups[one.state].append(one)
    return [
        {
            "state": state,
            "count": len(groups[state]),
            # Of those that are well the one that was seen last of all says enough.
            "seen_s": max((round(one.seen_s) for one in groups[state] if one.seen_s is not None), default=None),
            "named": [
                [one.camera_id, None if one.seen_s is None else round(one.seen_s), one.why]
                for one in groups[state]
                if state in _BY_NAME
            ],
        }
        for state in STATES
        if groups[state]
    ]


def _cue(cues: tuple[Cue, ...], at: datetime, zone: tzinfo) -> tuple[str, str]:
    """Whether the stage waits, runs or pauses; and where it stands, or since when."""
    stands_s = position_s(cues, at)
    if stands_s is not None:
        return "running", clock_text(stands_s)
    if is_paused(cues, at):
        since = max(cue.at for cue in cues if cue.at <= at)
        return "paused", time_text(to_ms(since), zone)
    return "waiting", ""


def _alerts(now: Situation, now_ms: int, zone: tzinfo) -> list[dict[str, Any]]:
    """The alerts that are on, the latest first, those that nobody answered before all others."""
    states = {one.alert_id: alert_state(now.book, one, now_ms) for one in now.book.alerts if one.is_on}
    on = sorted(reversed([one for one in now.book.alerts if one.is_on]), key=lambda one: states[one.alert_id] != "on")
    return [
        {
            "id": one.alert_id,
            "state": states[one.alert_id],
            "stage": one.stage_id,
            "text": f"{one.told[:1].upper()}{one.told[1:]}",
            "facts": " · ".join(alert_facts(now.book, one, now_ms, zone)),
        }
        for one in on[:MOST_ALERTS]
    ] + ([{"more": len(on) - MOST_ALERTS}] if len(on) > MOST_ALERTS else [])


def _words(what: str) -> dict[str, str]:
    """Every sentence of the table; `{}` stands for what the row says."""
    return {
        "caption": "Stages, the cameras on each, and what runs there",
        "stage": "Stage",
        "cameras": "Cameras",
        "faces": "Faces",
        "now": what.capitalize(),
        "search": "Find a stage or camera",
        "needs": "Only what needs me",
        "nothing": "Nothing needs you.",
        "none": "No stage matches.",
        "shown": "{} of {} stages",
        "start": "Start",
        "pause": "Pause",
        "resume": "Resume",
        "start_on": f"Start the {what} on {{}} now",
        "pause_on": f"Pause the {what} on {{}}",
        "resume_on": f"Resume the {what} on {{}}",
        "open_on": "Show {}: cameras, start commands and QR codes",
        "choose": "Choose {}",
        "choose_all": "Choose all stages shown",
        "chosen": "{} chosen",
        "commands": "Commands and QR codes",
        "clear": "Clear",
        "running": "running {}",
        "paused": "paused since {}",
        "waiting": "not started",
        "no_camera": "no camera",
        "never": "never seen",
        "seconds": "{} s ago",
        "minutes": "{} min ago",
        "hours": "{} h ago",
        "answer": "Answer",
        "answer_on": "Answer: {}",
        "answer_all": "Answer all {}",
        "more": "{} more alerts are on.",
    }
