"""Cameras at a glance, as HTML: a sign, a word and a colour each, and details below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

from audience.language import decimal, gettext, ngettext, pgettext, whole
from audience.monitoring.cameras import UNUSABLE, CameraStatus, State
from audience.percents import percent_text
from audience.store import DeliveryStep
from dashboard.markup import units_kept
from dashboard.wording import faces_text

# Nothing is shown by colour alone: each state has a sign and a word of its own.
SIGNS: dict[State, str] = {
    "dead": "✕",
    "failed": "!",
    "away": "?",
    "dark": "●",
    "blurred": "≈",
    "late": "◔",
    "starting": "…",
    "expected": "○",
    "ok": "✓",
    "ended": "■",
}


def camera_rows(cameras: Sequence[CameraStatus], stages: Mapping[str, str]) -> str:
    """All cameras, in the order they come in.

    Args:
        cameras: how each is.
        stages: what each stage is called, by id.
    """
    rows = "".join(_row(status, stages.get(status.stage_id, status.stage_id)) for status in cameras)
    return f'<ul class="hl-cameras">{rows}</ul>'


def summary(cameras: Sequence[CameraStatus], stages: Mapping[str, str]) -> str:
    """All cameras in one sentence; up to three that need attention by name."""
    if not cameras:
        return gettext("No camera is set up yet.")
    waiting = [one for one in cameras if one.state in ("expected", "ended")]
    at_work = len(cameras) - len(waiting)
    bad = [one for one in cameras if one.state in UNUSABLE]
    ok = sum(one.state == "ok" for one in cameras)
    if not at_work:
        return ngettext(
            "No camera is running; {count} is set up.", "No camera is running; {count} are set up.", len(cameras)
        )
    said = [
        ngettext("Ok: {ok} of {count} running camera.", "Ok: {ok} of {count} running cameras.", at_work, ok=whole(ok))
    ]
    if bad:
        places = [
            gettext(
                "{camera} on {stage} is {state}",
                camera=one.camera_id,
                stage=stages.get(one.stage_id, one.stage_id),
                state=state_name(one.state),
            )
            for one in bad[:3]
        ]
        said.append(f"{'; '.join(places)}.")
    if (more := len(bad) - 3) > 0:
        said.append(ngettext("{count} more has no usable picture.", "{count} more have no usable picture.", more))
    if late := sum(one.state == "late" for one in cameras):
        said.append(ngettext("{count} is late.", "{count} are late.", late))
    sparing = Counter(one.heartbeat.step for one in cameras if one.heartbeat and one.state not in ("dead", "ended"))
    if sparing["thrifty"]:
        said.append(
            ngettext(
                "{count} delivers every 12 s to spare the cloud.",
                "{count} deliver every 12 s to spare the cloud.",
                sparing["thrifty"],
            )
        )
    if sparing["device"]:
        said.append(
            ngettext(
                "{count} scores on its device to spare the cloud.",
                "{count} score on their devices to spare the cloud.",
                sparing["device"],
            )
        )
    return " ".join(said)


def ago(seconds: float | None) -> str:
    """As `4 s ago`, `12 min ago` or `3 h ago`."""
    if seconds is None:
        return gettext("never")
    if seconds < 120:
        return gettext("{seconds} s ago", seconds=round(seconds))
    if seconds < 7200:
        return gettext("{minutes} min ago", minutes=round(seconds / 60))
    return gettext("{hours} h ago", hours=whole(round(seconds / 3600)))


def state_name(state: State) -> str:
    """The word for a camera's state."""
    match state:
        case "dead":
            return pgettext("camera", "dead")
        case "failed":
            return pgettext("camera", "failed")
        case "away":
            return pgettext("camera", "away")
        case "dark":
            return pgettext("camera", "dark")
        case "blurred":
            return pgettext("camera", "blurred")
        case "late":
            return pgettext("camera", "late")
        case "starting":
            return pgettext("camera", "starting")
        case "expected":
            return pgettext("camera", "expected")
        case "ok":
            return pgettext("camera", "ok")
        case "ended":
            return pgettext("camera", "ended")


def step_name(step: DeliveryStep) -> str:
    """How a camera delivers, in words."""
    match step:
        case "live":
            return gettext("delivers as set up")
        case "thrifty":
            return gettext("delivers every 12 s")
        case "device":
            return gettext("scores on its device")


def _row(status: CameraStatus, stage: str) -> str:
    facts = " · ".join(escape(units_kept(fact)) for fact in camera_facts(status))
    state = f'<span aria-hidden="true">{SIGNS[status.state]}</span> {escape(state_name(status.state))}'
    why = f'<span class="hl-why">{escape(status.why)}</span>' if status.why else ""
    return (
        f'<li class="hl-camera hl-camera-{status.state}">'
        f'<span class="hl-state">{state}</span>'
        f'<span class="hl-camera-name">{escape(status.camera_id)} <span>{escape(stage)}</span></span>'
        f'<span class="hl-seen">{escape(ago(status.seen_s))}</span>{why}'
        f'<span class="hl-camera-facts">{facts}</span></li>'
    )


def camera_facts(status: CameraStatus) -> list[str]:
    """What a camera reported, and which device, detector and scorer it has."""
    beat = status.heartbeat
    device = [gettext("device {device}", device=status.device)] if status.device else []
    if beat is None:
        return device
    facts = []
    if beat.state == "running" and status.state not in ("dead", "ended"):  # of these it was true once
        rate = decimal(beat.frames_per_s, 2 if beat.frames_per_s < 10 else 1)
        facts += [gettext("{rate} frames/s", rate=rate), faces_text(beat.faces)]
        if status.delay_s is not None:
            facts.append(gettext("delay {seconds} s", seconds=decimal(status.delay_s, 1)))
    if status.clock_error_s is not None:
        sign = "-" if status.clock_error_s < 0 else "+"
        facts.append(gettext("clock {seconds} s", seconds=sign + decimal(abs(status.clock_error_s), 1)))
    if beat.sent or beat.waiting or beat.dropped:
        facts.append(
            gettext(
                "outbox: {waiting} waiting, {sent} sent, {dropped} dropped",
                waiting=whole(beat.waiting),
                sent=whole(beat.sent),
                dropped=whole(beat.dropped),
            )
        )
    if beat.brightness is not None and beat.sharpness is not None:
        facts.append(
            gettext(
                "picture: {brightness} bright, {sharpness} sharp",
                brightness=percent_text(beat.brightness),
                sharpness=percent_text(beat.sharpness),
            )
        )
    if beat.bundle is not None:
        facts.append(gettext("recognises by bundle {bundle}", bundle=beat.bundle))
    step = [step_name(beat.step)] if beat.step else []
    version = [gettext("version {version}", version=beat.version)] if beat.version else []
    return [*step, *facts, *filter(None, (beat.detector, beat.scorer)), *version, *device]
