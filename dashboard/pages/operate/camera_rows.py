"""Cameras at a glance, as HTML: a sign, a word and a colour each, and details below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from audience.monitoring.cameras import UNUSABLE, CameraStatus, State
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
        return "No camera is set up yet."
    waiting = [one for one in cameras if one.state in ("expected", "ended")]
    at_work = len(cameras) - len(waiting)
    bad = [one for one in cameras if one.state in UNUSABLE]
    ok = sum(one.state == "ok" for one in cameras)
    if not at_work:
        return f"No camera is running; {len(cameras)} {'is' if len(cameras) == 1 else 'are'} set up."
    of = f"{at_work} {'camera' if at_work == 1 else 'cameras'} running"
    line = f"{ok} of {of} {'is' if 1 in (ok, at_work) else 'are'} ok."
    if bad:
        places = [f"{one.camera_id} on {stages.get(one.stage_id, one.stage_id)} is {one.state}" for one in bad[:3]]
        line += " " + "; ".join(places)
        line += f"; {len(bad) - 3} more have no usable picture." if len(bad) > 3 else "."
    return line


def ago(seconds: float | None) -> str:
    """As `4 s ago`, `12 min ago` or `3 h ago`."""
    if seconds is None:
        return "never"
    if seconds < 120:
        return f"{seconds:.0f} s ago"
    return f"{seconds / 60:.0f} min ago" if seconds < 7200 else f"{seconds / 3600:.0f} h ago"


def _row(status: CameraStatus, stage: str) -> str:
    facts = " · ".join(escape(units_kept(fact)) for fact in _facts(status))
    why = f'<span class="hl-why">{escape(status.why)}</span>' if status.why else ""
    return (
        f'<li class="hl-camera hl-camera-{status.state}">'
        f'<span class="hl-state"><span aria-hidden="true">{SIGNS[status.state]}</span> {status.state}</span>'
        f'<span class="hl-camera-name">{escape(status.camera_id)} <span>{escape(stage)}</span></span>'
        f'<span class="hl-seen">{ago(status.seen_s)}</span>{why}<span class="hl-camera-facts">{facts}</span></li>'
    )


def _facts(status: CameraStatus) -> list[str]:
    beat = status.heartbeat
    if beat is None:
        return []
    facts = []
    if beat.state == "running" and status.state not in ("dead", "ended"):  # of these it was true once
        facts += [f"{beat.frames_per_s:.3g} frames/s", faces_text(beat.faces), f"delay {status.delay_s:.1f} s"]
    if status.clock_error_s is not None:
        facts.append(f"clock {status.clock_error_s:+.1f} s")
    if beat.sent or beat.waiting or beat.dropped:
        facts.append(f"outbox: {beat.waiting} waiting, {beat.sent} sent, {beat.dropped} dropped")
    if beat.brightness is not None and beat.sharpness is not None:
        facts.append(f"picture: {100 * beat.brightness:.0f} % bright, {100 * beat.sharpness:.0f} % sharp")
    if beat.bundle is not None:
        facts.append(f"recognises by bundle {beat.bundle}")
    return [*facts, *filter(None, (beat.detector, beat.scorer))]
