"""Alerts and rules as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from html import escape
from typing import Literal

from audience.alerts import Alert, AlertBook, AlertRule, What
from audience.language import ENGLISH, N_, decimal, gettext, language, pgettext
from audience.monitoring.cameras import STATES
from audience.percents import percent_text
from dashboard.clock import length_text, time_text
from dashboard.pages.operate.camera_rows import ago, state_name

AlertState = Literal["on", "silenced", "seen", "over", "test"]

WHAT_NAMES: Mapping[What, str] = {
    "camera": N_("A camera has no usable picture"),
    "delay": N_("Figures come late"),
    "faces": N_("Few faces in view"),
    "share": N_("Few faces smile"),
    "liveliness": N_("Liveliness is low"),
}


def rule_text(rule: AlertRule, stages: Mapping[str, str]) -> str:
    """A rule as a sentence without its full stop."""
    where = gettext("any stage")
    if rule.stage_id:
        where = stages.get(rule.stage_id, rule.stage_id)
    condition = _condition(rule, where)
    if not rule.for_s:
        return gettext("{condition} at once", condition=condition)
    return gettext("{condition} for {length}", condition=condition, length=length_text(rule.for_s))


def _condition(rule: AlertRule, where: str) -> str:
    match rule.what:
        case "camera":
            return gettext("A camera on {stage} is dead, failed, away, dark or blurred", stage=where)
        case "delay":
            limit = decimal(rule.limit, 1)
            return gettext("Figures of a camera on {stage} come over {limit} s late", stage=where, limit=limit)
        case "faces":
            limit = decimal(rule.limit, 1)
            return gettext("Fewer than {limit} faces are in view on {stage}", limit=limit, stage=where)
        case "share":
            return gettext("Under {share} of the faces on {stage} smile", share=percent_text(rule.limit), stage=where)
        case "liveliness":
            return gettext("Liveliness on {stage} is under {limit}", stage=where, limit=decimal(rule.limit, 1))


def alert_text(book: AlertBook, alert: Alert, stages: Mapping[str, str]) -> str:
    """What an alert says, in the reader's language.

    The message that was recorded and sent, with the figures of that instant, is English. Others read where it is and
    what was met.

    Args:
        book: of the alert's session.
        alert: the alert.
        stages: what each stage is called, by id.
    """
    recorded = f"{alert.told[:1].upper()}{alert.told[1:]}"
    if language() == ENGLISH:
        return recorded
    where = stages.get(alert.stage_id, alert.stage_id)
    if alert.what == "test":
        return gettext("This is a test: nothing is wrong")
    if alert.what == "camera":
        state = next((one for one in STATES if alert.told.endswith(f" is {one}")), None)
        if state is None:
            return f"{where}, {alert.camera_id}: {gettext(WHAT_NAMES[alert.what])}"
        return gettext("{camera} on {stage} is {state}", camera=alert.camera_id, stage=where, state=state_name(state))
    rule = next((one for one in book.rules if one.rule_id == alert.rule_id), None)
    if rule is None:
        return f"{where}: {gettext(WHAT_NAMES[alert.what])}"
    condition = _condition(rule, where)
    return f"{alert.camera_id}: {condition}" if alert.camera_id else condition


def alert_state(book: AlertBook, alert: Alert, now_ms: int) -> AlertState:
    """What became of an alert: "on", "silenced" or "seen" where somebody answered it, "over" or "test"."""
    if alert.what == "test":
        return "test"
    if alert.ended_ms is not None:
        return "over"
    if book.silence(alert, now_ms) is not None:
        return "silenced"
    return "seen" if book.mark(alert, "acknowledged") is not None else "on"


def alert_state_name(state: AlertState) -> str:
    """The word for what became of an alert."""
    match state:
        case "on":
            return pgettext("alert", "on")
        case "silenced":
            return pgettext("alert", "silenced")
        case "seen":
            return pgettext("alert", "seen")
        case "over":
            return pgettext("alert", "over")
        case "test":
            return pgettext("alert", "test")


def alert_facts(book: AlertBook, alert: Alert, now_ms: int, zone: tzinfo) -> list[str]:
    """Since when, who answered it and with what note, and who was notified."""
    since = time_text(alert.since_ms, zone)
    if alert.ended_ms is None:
        age = ago(max(0.0, (now_ms - alert.since_ms) / 1000))
        facts = [gettext("since {time}, {age}", time=since, age=age)]
    else:
        span = gettext("{from_time} to {until_time}", from_time=since, until_time=time_text(alert.ended_ms, zone))
        facts = [f"{span}, {length_text((alert.ended_ms - alert.since_ms) / 1000)}"]
    if (silence := book.silence(alert, now_ms)) is not None and alert.ended_ms is None:
        if silence.until_ms is None:
            line = gettext("silenced by {name} until the session ends", name=silence.by)
        else:
            until = time_text(silence.until_ms, zone)
            line = gettext("silenced by {name} until {time}", name=silence.by, time=until)
        facts.append(_noted(line, silence.note))
    if (seen := book.mark(alert, "acknowledged")) is not None:
        line = gettext("seen by {name} at {time}", name=seen.by, time=time_text(seen.at_ms, zone))
        facts.append(_noted(line, seen.note))
    notified = [mark.by for mark in book.marks if mark.alert_id == alert.alert_id and mark.kind == "told"]
    if notified:
        facts.append(gettext("sent by {ways}", ways=", ".join(notified)))
    return facts


def alert_line(book: AlertBook, alert: Alert, stages: Mapping[str, str], now_ms: int, zone: tzinfo) -> str:
    """One alert as HTML: what, since when, who answered it, and who was notified."""
    state = alert_state(book, alert, now_ms)
    facts = " · ".join(escape(fact) for fact in alert_facts(book, alert, now_ms, zone))
    return (
        f'<div class="hl-alert hl-alert-{state}"><span class="hl-state">{escape(alert_state_name(state))}</span> '
        f"<strong>{escape(alert_text(book, alert, stages))}</strong> "
        f'<span class="hl-camera-facts">{facts}</span></div>'
    )


def _noted(line: str, note: str | None) -> str:
    return gettext("{line}: “{note}”", line=line, note=note) if note else line
