"""Alert rules, and the alerts they raise.

Rules are evaluated every few seconds. `alert_changes` is a pure function of the current findings and the alerts so far,
and returns the changes to store. All state is in the alerts, including a condition that has held for some seconds, so
another watcher can take over at any time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, get_args

from audience.errors import InvalidValue
from audience.ids import check_id, check_title
from audience.windows import LATEST_MS

What = Literal["camera", "delay", "faces", "share", "liveliness"]
WHATS: tuple[str, ...] = get_args(What)
MarkKind = Literal["acknowledged", "told", "told over"]

OVER_AFTER_MS: Final = 15_000
"""How long a condition must be false before its alert ends, so that a flickering condition is one alert."""

LONGEST_FOR_S: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """A condition that raises an alert.

    Attributes:
        rule_id: unique in its session.
        what: "camera" (a camera is unusable: dead, failed, away, dark or blurred), "delay" (figures of a camera arrive
            more than `limit` seconds after capture), "faces" (fewer than `limit` faces in view on a stage, mean of the
            last minute), "share" (under `limit` of the last minute's faces on a stage smile, 0..1), or "liveliness" (a
            stage's liveliness is under `limit`, 0..100).
        stage_id: the stage it applies to; "" for every stage.
        limit: see `what`; 0 for "camera".
        for_s: how long the condition must hold, 0 to 3600 s.
    """

    rule_id: str
    what: What
    stage_id: str = ""
    limit: float = 0.0
    for_s: float = 60.0

    def __post_init__(self) -> None:
        check_id("rule id", self.rule_id)
        if self.stage_id:
            check_id("stage id", self.stage_id)
        if self.what not in WHATS:
            raise InvalidValue(f"a rule on {self.what!r} is unknown: use one of {', '.join(WHATS)}")
        if not 0 <= self.for_s <= LONGEST_FOR_S:
            raise InvalidValue(f"{self.for_s:g} s is not allowed as the duration of a rule: use 0 to {LONGEST_FOR_S:g}")
        most = {"camera": 0.0, "share": 1.0, "liveliness": 100.0}.get(self.what, math.inf)
        if not 0 <= self.limit <= most or math.isinf(self.limit) or (self.what != "camera" and self.limit == 0):
            raise InvalidValue(f"{self.limit:g} is not a valid limit for a rule on {self.what}")


def default_rules() -> tuple[AlertRule, ...]:
    """The default rules of a new session."""
    return (
        AlertRule(rule_id="camera-1", what="camera", for_s=60),
        AlertRule(rule_id="delay-1", what="delay", limit=10, for_s=30),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The state of one rule at one stage or camera at one instant.

    Attributes:
        rule: the rule that was evaluated.
        stage_id, camera_id: where; the camera is "" for a rule on a stage.
        holds: whether the condition holds; None where that is unknown because nothing was recorded or too few faces
            were seen. Then no alert begins or ends.
        message: the problem in one line: what the stage is called, ids and figures; no text from a device.
    """

    rule: AlertRule
    stage_id: str
    camera_id: str
    holds: bool | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule that was met at a place, from its beginning to its end.

    Attributes:
        rule_id, what, stage_id, camera_id: from the finding that raised it; "test" for a test alert.
        since_ms: when its condition became true, milliseconds since the epoch, as in all fields below.
        began_ms: when it had held for the rule's `for_s`; None before, while nobody is notified.
        well_ms: when its condition became false; None while it holds.
        ended_ms: when it ended; None before.
        told: the message of the finding with which it began.
    """

    rule_id: str
    what: What | Literal["test"]
    stage_id: str
    camera_id: str
    since_ms: int
    began_ms: int | None = None
    well_ms: int | None = None
    ended_ms: int | None = None
    told: str

    def __post_init__(self) -> None:
        check_title("message of an alert", self.told)
        for instant in (self.since_ms, self.began_ms, self.well_ms, self.ended_ms):
            if instant is not None and not 0 <= instant <= LATEST_MS:
                raise InvalidValue(f"an alert at {instant} ms is not within the years 1970 to 2286")

    @property
    def alert_id(self) -> str:
        """An id unique in its session; any watcher derives the same id for the same alert."""
        return f"{self.since_ms:013d}:{self.rule_id}:{self.stage_id}:{self.camera_id}"  # ids may contain dots

    @property
    def is_on(self) -> bool:
        """Whether it has begun and not ended."""
        return self.began_ms is not None and self.ended_ms is None


def trial_alert(now_ms: int) -> Alert:
    """A test alert: delivered like any other, with a message that nothing is wrong."""
    message = "this is a test requested by an operator: nothing is wrong"
    return Alert(
        rule_id="test",
        what="test",
        stage_id="",
        camera_id="",
        since_ms=now_ms,
        began_ms=now_ms,
        ended_ms=now_ms,
        told=message,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMark:
    """A mark on an alert: acknowledged, or delivered. Each is written once by one party, so none overwrites another.

    Attributes:
        alert_id: the alert.
        kind: "acknowledged" (by a person), "told" (its beginning was delivered) or "told over" (its end was).
        by: the person's name, or the name of the notifier.
        at_ms: when, milliseconds since the epoch.
        note: what the person wrote; None for nothing.
    """

    alert_id: str
    kind: MarkKind
    by: str
    at_ms: int
    note: str | None = None

    def __post_init__(self) -> None:
        _check_person(self.by, self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSilence:
    """Somebody's word that nobody is to be notified of a place for a while. A newer one for the place replaces it.

    Attributes:
        stage_id, camera_id: the place; with "" as the camera, the stage and all its cameras.
        by: the person's name.
        at_ms: since when, milliseconds since the epoch.
        until_ms: until when; None until the session ends.
        note: what the person wrote; None for nothing.
    """

    stage_id: str
    camera_id: str
    by: str
    at_ms: int
    until_ms: int | None
    note: str | None = None

    def __post_init__(self) -> None:
        check_id("stage id", self.stage_id)
        if self.camera_id:
            check_id("camera id", self.camera_id)
        _check_person(self.by, self.note)
        for instant in (self.at_ms, self.until_ms):
            if instant is not None and not 0 <= instant <= LATEST_MS:
                raise InvalidValue(f"a silence at {instant} ms is not within the years 1970 to 2286")

    def covers(self, alert: Alert, now_ms: int) -> bool:
        """Whether nobody is to be notified of an alert at an instant."""
        if self.stage_id != alert.stage_id or self.camera_id not in ("", alert.camera_id):
            return False
        return self.at_ms <= now_ms and (self.until_ms is None or now_ms < self.until_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMark:
    """That a session's report is on its way to an address, or was sent there. It is never sent there again.

    Attributes:
        by: the name of the notifier, which does not reveal the address.
        at_ms: when, milliseconds since the epoch.
        sent: whether the mail server took it; while it is being sent, and where nobody knows, False.
    """

    by: str
    at_ms: int
    sent: bool

    def __post_init__(self) -> None:
        check_title("name of a notifier", self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWatcher:
    """The process that evaluates a session's rules, and when it last did (milliseconds since the epoch)."""

    name: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertBook:
    """The rules, alerts and marks of a session, as stored.

    Attributes:
        rules: sorted by id.
        alerts: sorted by `since_ms`.
        marks: on these alerts.
        watcher: the last to evaluate the rules; None if none ever did.
        reports: where the session's report was sent.
        silences: places of which nobody is notified, also those that are over.
    """

    rules: tuple[AlertRule, ...] = ()
    alerts: tuple[Alert, ...] = ()
    marks: tuple[AlertMark, ...] = ()
    watcher: AlertWatcher | None = None
    reports: tuple[ReportMark, ...] = ()
    silences: tuple[AlertSilence, ...] = ()

    def silence(self, alert: Alert, now_ms: int) -> AlertSilence | None:
        """The silence that covers an alert at an instant; None if there is none."""
        return next((one for one in self.silences if one.covers(alert, now_ms)), None)

    def mark(self, alert: Alert, kind: MarkKind, by: str = "") -> AlertMark | None:
        """The first mark of this kind on an alert, by `by` or by anybody; None if there is none."""
        for mark in self.marks:
            if mark.alert_id == alert.alert_id and mark.kind == kind and by in ("", mark.by):
                return mark
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChanges:
    """Changes to store after an evaluation: alerts to put, and alerts that never began, to drop."""

    put: list[Alert] = field(default_factory=list)
    drop: list[Alert] = field(default_factory=list)


def alert_changes(findings: Sequence[Finding], known: Iterable[Alert], now_ms: int) -> AlertChanges:
    """Computes which alerts begin, continue and end.

    Args:
        findings: the state of every rule everywhere. An alert without a finding ends: its rule or camera was removed,
            or the session ended.
        known: alerts so far; those that have ended are ignored.
        now_ms: now, milliseconds since the epoch.
    """
    changes = AlertChanges()
    unsettled = {_place(alert): alert for alert in known if alert.ended_ms is None}
    for finding in findings:
        before = unsettled.pop((finding.rule.rule_id, finding.stage_id, finding.camera_id), None)
        after = _next(finding, before, now_ms)
        if after is None and before is not None:
            changes.drop.append(before)
        elif after is not None and after != before:
            changes.put.append(after)
    for alert in unsettled.values():
        if alert.began_ms is None:
            changes.drop.append(alert)
        else:
            changes.put.append(replace(alert, ended_ms=now_ms))
    return changes


def _next(finding: Finding, before: Alert | None, now_ms: int) -> Alert | None:
    """The alert that follows from a finding; None for none."""
    if before is None:
        if not finding.holds:
            return None
        before = Alert(
            rule_id=finding.rule.rule_id,
            what=finding.rule.what,
            stage_id=finding.stage_id,
            camera_id=finding.camera_id,
            since_ms=now_ms,
            told=finding.message,
        )
    if before.began_ms is None:
        if not finding.holds:
            return None
        has_held = now_ms - before.since_ms >= finding.rule.for_s * 1000
        return replace(before, began_ms=now_ms, told=finding.message) if has_held else before
    if finding.holds is None:
        return before
    if finding.holds:
        return replace(before, well_ms=None)
    if before.well_ms is None:
        return replace(before, well_ms=now_ms)
    return replace(before, ended_ms=now_ms) if now_ms - before.well_ms >= OVER_AFTER_MS else before


def _check_person(name: str, note: str | None) -> None:
    if not check_title("name", name).strip():
        raise InvalidValue("the name is empty: give the name of the person who saw the alert")
    if note is not None:
        check_title("note", note)


def _place(alert: Alert) -> tuple[str, str, str]:
    return alert.rule_id, alert.stage_id, alert.camera_id
