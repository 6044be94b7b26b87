"""What the table shows: each stage with its cameras by state, those of open stages one by one, and the alerts on.

It is sent every few seconds, so of 4,000 cameras only those are in it that somebody looks at.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, Final

from audience.alerts import Alert
from audience.language import gettext, language, pgettext
from audience.monitoring.cameras import STATES, UNUSABLE, CameraStatus, State
from audience.monitoring.situation import Situation, is_under_way
from audience.sessions import Kind, cues_of
from audience.time import clock_text, to_ms
from audience.timelines import Cue, is_paused, position_s
from dashboard.clock import time_text
from dashboard.markup import units_kept
from dashboard.pages.operate.alert_list import AlertState, alert_facts, alert_state, alert_state_name, alert_text
from dashboard.pages.operate.camera_rows import SIGNS, camera_facts, state_name
from dashboard.wording import stage_names

MOST_ALERTS: Final = 20
"""Alerts shown at once, those that nobody has answered first."""

MOST_OPEN: Final = 3
"""Stages whose cameras are shown one by one at once: those that were opened last."""

MOST_IN_DETAIL: Final = 60
"""Cameras of a stage that are shown one by one, the most urgent first."""

_BY_NAME = UNUSABLE | {"late"}
_NAMED = 3  # cameras of a state that a stage's row names
_FOUND = 3  # and of those that were searched for


def packed(
    now: Situation, at: datetime, zone: tzinfo, *, opened: Sequence[str] = (), words: str = ""
) -> dict[str, Any]:
    """The table's data.

    Args:
        now: of the session.
        at: the instant of it.
        zone: of the viewer.
        opened: ids of stages whose cameras are shown one by one, in the order in which they were opened.
        words: what stages, cameras and devices are searched for.
    """
    names = stage_names(now.stages)
    cameras: defaultdict[str, list[CameraStatus]] = defaultdict(list)
    urgency = {state: place for place, state in enumerate(STATES)}
    # By urgency first; within a state as people count, cam-2 before cam-10.
    for one in sorted(now.cameras, key=lambda one: _in_order(one.camera_id)):
        cameras[one.stage_id].append(one)
    for of_stage in cameras.values():
        of_stage.sort(key=lambda one: urgency[one.state])
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
    alerts = _alerts(now, to_ms(at))
    totals = Counter(one.state for one in now.cameras)
    return {
        "language": language(),
        "rows": rows,
        "totals": [[state, totals[state]] for state in STATES if totals[state]],
        "open": {stage_id: _in_detail(cameras[stage_id]) for stage_id in opened[-MOST_OPEN:] if stage_id in names},
        "most_open": MOST_OPEN,
        "found": {"words": words, "stages": _found(words, names, cameras)},
        "alerts": [_alert(now, one, state, names, to_ms(at), zone) for one, state in alerts[:MOST_ALERTS]],
        "alerted": sorted({one.stage_id for one, state in alerts if state == "on"}),
        "alerts_on": len(alerts),
        "alerts_unanswered": [state for _, state in alerts].count("on"),
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


@lru_cache(maxsize=10_000)
def _in_order(name: str) -> tuple[tuple[int, str], ...]:
    """Sorts names as people do: Stage 2 before Stage 10."""
    return tuple((int(part), "") if part.isdecimal() else (0, part.casefold()) for part in re.split(r"([0-9]+)", name))


def _by_state(cameras: Sequence[CameraStatus]) -> list[tuple[State, int, int | None, list[Any]]]:
    """The cameras of a stage in groups, the most urgent first: state, how many, seconds since they were seen, names."""
    groups: defaultdict[State, list[CameraStatus]] = defaultdict(list)
    for one in cameras:
        groups[one.state].append(one)
    return [
        (
            state,
            len(groups[state]),
            # Of those that are well the one that was seen last of all says enough.
            max((round(one.seen_s) for one in groups[state] if one.seen_s is not None), default=None),
            [
                [one.camera_id, None if one.seen_s is None else round(one.seen_s)]
                for one in groups[state][:_NAMED]
                if state in _BY_NAME
            ],
        )
        for state in STATES
        if groups[state]
    ]


def _in_detail(cameras: Sequence[CameraStatus]) -> dict[str, Any]:
    """The cameras of a stage one by one, the most urgent first."""
    return {
        "more": max(0, len(cameras) - MOST_IN_DETAIL),
        "lines": [
            {
                "id": one.camera_id,
                "state": one.state,
                "seen_s": None if one.seen_s is None else round(one.seen_s),
                "why": one.why,
                "facts": " · ".join(units_kept(fact) for fact in camera_facts(one)),
            }
            for one in cameras[:MOST_IN_DETAIL]
        ],
    }


def _found(
    words: str, names: Mapping[str, str], cameras: Mapping[str, Sequence[CameraStatus]]
) -> dict[str, tuple[int, list[str]]]:
    """The stages that match all words, by themselves or with some of their cameras: how many, and some of their ids.

    Args:
        words: parts of names and ids of stages, and of ids of cameras and devices, in any order.
        names: what each stage is called, by id.
        cameras: of each stage.
    """
    asked = words.casefold().split()
    if not asked:
        return {}
    found = {}
    for stage_id, name in names.items():
        stage = f"{name} {stage_id}".casefold()
        rest = [word for word in asked if word not in stage]
        matching = [
            one.camera_id
            for one in cameras.get(stage_id, ())
            if rest and all(word in f"{one.camera_id} {one.device}".casefold() for word in rest)
        ]
        if matching or not rest:
            found[stage_id] = len(matching), matching[:_FOUND]
    return found


def _cue(cues: tuple[Cue, ...], at: datetime, zone: tzinfo) -> tuple[str, str]:
    """Whether the stage waits, runs or pauses; and where it stands, or since when."""
    stands_s = position_s(cues, at)
    if stands_s is not None:
        return "running", clock_text(stands_s)
    if is_paused(cues, at):
        since = max(cue.at for cue in cues if cue.at <= at)
        return "paused", time_text(to_ms(since), zone)
    return "waiting", ""


def unanswered(now: Situation, now_ms: int) -> tuple[str, ...]:
    """The ids of the alerts that are on and that nobody answered, the latest first."""
    return tuple(alert.alert_id for alert, state in _alerts(now, now_ms) if state == "on")


def _alerts(now: Situation, now_ms: int) -> list[tuple[Alert, AlertState]]:
    """The alerts that are on, the latest first, those that nobody answered before all others."""
    on = [(one, alert_state(now.book, one, now_ms)) for one in reversed(now.book.alerts) if one.is_on]
    return sorted(on, key=lambda found: found[1] != "on")


def _alert(
    now: Situation, alert: Alert, state: AlertState, names: Mapping[str, str], now_ms: int, zone: tzinfo
) -> dict[str, Any]:
    return {
        "id": alert.alert_id,
        "state": state,
        "state_name": alert_state_name(state),
        "stage": alert.stage_id,
        "text": alert_text(now.book, alert, names),
        "facts": " · ".join(alert_facts(now.book, alert, now_ms, zone)),
    }


def _words(what: str) -> dict[str, str]:
    """Every sentence of the table; the names in braces are filled in by its script."""
    return {
        "caption": gettext("Stages, the cameras on each, and what runs there"),
        "stage": gettext("Stage"),
        "cameras": gettext("Cameras"),
        "faces": gettext("Faces"),
        "faces_after": pgettext("after a number", "faces"),
        "now": capital(what),
        "search": gettext("Find a stage, camera or device"),
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
        "all_alerts": gettext("Show all alerts ({count})"),
        "few_alerts": gettext("Show fewer"),
        "by_state": gettext("Cameras by state"),
        "only_state": gettext("Only stages with a camera that is {state}"),
        "others": gettext("and {count} more"),
        "found": gettext("found: {cameras}"),
        "unfold": gettext("Cameras of {stage}"),
        "loading": gettext("Loading…"),
        "order": gettext("Order"),
        "by_name": gettext("By name"),
        "worst": gettext("Most urgent first"),
        "pages": gettext("Pages of the table"),
        "previous": gettext("Previous"),
        "next": gettext("Next"),
        "page": gettext("{first} to {last} of {count}"),
    }
