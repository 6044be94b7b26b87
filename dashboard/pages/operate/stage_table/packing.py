"""What the table shows: each stage with its cameras by state, and the alerts that are on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from audience.language import gettext, language, pgettext
from audience.monitoring.cameras import STATES, UNUSABLE, CameraStatus, State
from audience.monitoring.situation import Situation, is_under_way
from audience.sessions import Kind, cues_of
from audience.time import clock_text, to_ms
from audience.timelines import Cue, is_paused, position_s
from dashboard.clock import time_text
from dashboard.pages.operate.alert_list import AlertState, alert_facts, alert_state, alert_state_name, alert_text
from dashboard.pages.operate.camera_rows import SIGNS, state_name
from dashboard.wording import stage_names

MOST_ALERTS: Final = 40
"""Alerts shown at once, those that nobody has answered first."""

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
    what = what_runs(now.session.kind)
    return {
        "language": language(),
        "rows": rows,
        "alerts": _alerts(now, names, to_ms(at), zone),
        "states": {state: state_name(state) for state in STATES},
        "signs": dict(SIGNS),
        "bad": sorted(_BY_NAME),
        "words": _words(what),
    }


def what_runs(kind: Kind) -> str:
    """What begins on a stage in a session of a kind, as a word within a sentence."""
    match kind:
        case "talk":
            return pgettext("on a stage", "talk")
        case "screening":
            return pgettext("on a stage", "film")
        case "festival":
            return pgettext("on a stage", "set")
        case "panel":
            return pgettext("on a stage", "panel")


def capital(word: str) -> str:
    """A word as it begins a sentence."""
    return word[:1].upper() + word[1:]


def where(cues: tuple[Cue, ...], at: datetime, zone: tzinfo, what: str) -> str:
    """Where a stage stands, as "set running · 12:03" or "set not started".

    Args:
        cues: of the stage.
        at: the instant.
        zone: of the viewer.
        what: runs there, as `what_runs` says it.
    """
    cue, text = _cue(cues, at, zone)
    if cue == "running":
        return gettext(
            "{what} running · {position} (at {time})", what=what, position=text, time=time_text(to_ms(at), zone)
        )
    if cue == "paused":
        return gettext("{what} paused since {time}", what=what, time=text)
    return gettext("{what} not started", what=what)


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


def _alerts(now: Situation, names: Mapping[str, str], now_ms: int, zone: tzinfo) -> list[dict[str, Any]]:
    """The alerts that are on, the latest first, those that nobody answered before all others."""
    states: dict[str, AlertState] = {
        one.alert_id: alert_state(now.book, one, now_ms) for one in now.book.alerts if one.is_on
    }
    on = sorted(reversed([one for one in now.book.alerts if one.is_on]), key=lambda one: states[one.alert_id] != "on")
    return [
        {
            "id": one.alert_id,
            "state": states[one.alert_id],
            "state_name": alert_state_name(states[one.alert_id]),
            "stage": one.stage_id,
            "text": alert_text(now.book, one, names),
            "facts": " · ".join(alert_facts(now.book, one, now_ms, zone)),
        }
        for one in on[:MOST_ALERTS]
    ] + ([{"more": len(on) - MOST_ALERTS}] if len(on) > MOST_ALERTS else [])


def _words(what: str) -> dict[str, str]:
    """Every sentence of the table; the names in braces are filled in by its script."""
    return {
        "caption": gettext("Stages, the cameras on each, and what runs there"),
        "stage": gettext("Stage"),
        "cameras": gettext("Cameras"),
        "faces": gettext("Faces"),
        "faces_after": pgettext("after a number", "faces"),
        "now": capital(what),
        "search": gettext("Find a stage or camera"),
        "needs": gettext("Only what needs me"),
        "nothing": gettext("Nothing needs you."),
        "none": gettext("No stage matches."),
        "shown": gettext("{shown} of {count} stages"),
        "start": gettext("Start"),
        "pause": gettext("Pause"),
        "resume": gettext("Resume"),
        "start_on": gettext("Start the {what} on {stage} now", what=what, stage="{stage}"),
        "pause_on": gettext("Pause the {what} on {stage}", what=what, stage="{stage}"),
        "resume_on": gettext("Resume the {what} on {stage}", what=what, stage="{stage}"),
        "open_on": gettext("Show {stage}: cameras, start commands and QR codes"),
        "choose": gettext("Choose {stage}"),
        "choose_all": gettext("Choose all stages shown"),
        "chosen": gettext("{count} chosen"),
        "commands": gettext("Commands and QR codes"),
        "clear": gettext("Clear"),
        "running": gettext("running {position}"),
        "paused": gettext("paused since {time}"),
        "waiting": gettext("not started"),
        "no_camera": gettext("no camera"),
        "never": gettext("never seen"),
        "seconds": gettext("{seconds} s ago"),
        "minutes": gettext("{minutes} min ago"),
        "hours": gettext("{hours} h ago"),
        "answer": gettext("Answer"),
        "answer_on": gettext("Answer: {alert}"),
        "answer_all": gettext("Answer all {count}"),
        "more": gettext("More alerts that are on: {count}"),
    }
