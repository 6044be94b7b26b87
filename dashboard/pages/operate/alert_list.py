"""Alerts and rules as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from html import escape

from audience.alerts import Alert, AlertBook, AlertRule, What
from audience.percents import percent_text
from dashboard.clock import length_text, time_text
from dashboard.pages.operate.camera_rows import ago

WHAT_NAMES: Mapping[What, str] = {
    "camera": "A camera has no usable picture",
    "delay": "Figures come late",
    "faces": "Few faces in view",
    "share": "Few faces smile",
    "liveliness": "Liveliness is low",
}


def rule_text(rule: AlertRule, stages: Mapping[str, str]) -> str:
    """A rule as a sentence without its full stop."""
    where = f"on {stages.get(rule.stage_id, rule.stage_id)}" if rule.stage_id else "on any stage"
    held = f"for {length_text(rule.for_s)}" if rule.for_s else "at once"
    match rule.what:
        case "camera":
            return f"A camera {where} is dead, failed, away, dark or blurred {held}"
        case "delay":
            return f"Figures of a camera {where} come over {rule.limit:g} s late {held}"
        case "faces":
            return f"Fewer than {rule.limit:g} faces are in view {where} {held}"
        case "share":
            return f"Under {percent_text(rule.limit)} of the faces {where} smile {held}"
        case "liveliness":
            return f"Liveliness {where} is under {rule.limit:g} {held}"


def alert_state(book: AlertBook, alert: Alert, now_ms: int) -> str:
    """What became of an alert, in a word: "on", "silenced" or "seen" where somebody answered it, "over" or "test"."""
    if alert.what == "test":
        return "test"
    if alert.ended_ms is not None:
        return "over"
    if book.silence(alert, now_ms) is not None:
        return "silenced"
    return "seen" if book.mark(alert, "acknowledged") is not None else "on"


def alert_facts(book: AlertBook, alert: Alert, now_ms: int, zone: tzinfo) -> list[str]:
    """Since when, who answered it and with what note, and who was notified."""
    facts = [f"since {time_text(alert.since_ms, zone)}, {ago(max(0.0, (now_ms - alert.since_ms) / 1000))}"]
    if alert.ended_ms is not None:
        lasted = length_text((alert.ended_ms - alert.since_ms) / 1000)
        facts = [f"{time_text(alert.since_ms, zone)} to {time_text(alert.ended_ms, zone)}, {lasted}"]
    if (silence := book.silence(alert, now_ms)) is not None and alert.ended_ms is None:
        until = "the session ends" if silence.until_ms is None else time_text(silence.until_ms, zone)
        facts.append(_noted(f"silenced by {silence.by} until {until}", silence.note))
    if (seen := book.mark(alert, "acknowledged")) is not None:
        facts.append(_noted(f"seen by {seen.by} at {time_text(seen.at_ms, zone)}", seen.note))
    notified = [mark.by for mark in book.marks if mark.alert_id == alert.alert_id and mark.kind == "told"]
    if notified:
        facts.append("sent by " + ", ".join(notified))
    return facts


def alert_line(book: AlertBook, alert: Alert, now_ms: int, zone: tzinfo) -> str:
    """One alert as HTML: what, since when, who answered it, and who was notified."""
    text = f"{alert.told[:1].upper()}{alert.told[1:]}"
    state = alert_state(book, alert, now_ms)
    facts = " · ".join(escape(fact) for fact in alert_facts(book, alert, now_ms, zone))
    return (
        f'<div class="hl-alert hl-alert-{state}"><span class="hl-state">{state}</span> <strong>{escape(text)}</strong> '
        f'<span class="hl-camera-facts">{facts}</span></div>'
    )


def _noted(line: str, note: str | None) -> str:
    return f"{line}: “{note}”" if note else line
