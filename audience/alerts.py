"""Alerts: rules, and when what a rule names began to hold and ceased to.

A rule is looked at again and again, each time with how things are at that instant; `looked` is a pure function of that
and of the alerts known before, and gives what is to be written down. Whoever looks may die and another go on: all that
is needed for it, a condition that has held for some seconds among it, is in the alerts.
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
"""For so long a condition must not hold before its alert is over, so that one that flickers is one alert."""

LONGEST_FOR_S: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """What somebody wants to be told of.

    Attributes:
        rule_id: unique in its session.
        what: "camera" (one shows nothing of use: dead, failed, away, dark or blurred), "delay" (figures of a camera
            come more than `limit` seconds after their capture), "faces" (fewer than `limit` in view on a stage, a mean
            over the last minute), "share" (of the last minute's faces on a stage, under `limit` smile, 0..1), or
            "liveliness" (of a stage, under `limit`, 0..100).
        stage_id: whose; "" for every stage.
        limit: see above; 0 for "camera".
        for_s: seconds it must hold, 0 to an hour.
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
            raise InvalidValue(f"{self.for_s:g} s are no length for a rule: use 0 to {LONGEST_FOR_S:g}")
        most = {"camera": 0.0, "share": 1.0, "liveliness": 100.0}.get(self.what, math.inf)
        if not 0 <= self.limit <= most or math.isinf(self.limit) or (self.what != "camera" and self.limit == 0):
            raise InvalidValue(f"{self.limit:g} is no limit for a rule on {self.what}")


def usual_rules() -> tuple[AlertRule, ...]:
    """The rules of a session for which nobody chose any."""
    return (
        AlertRule(rule_id="camera-1", what="camera", for_s=60),
        AlertRule(rule_id="delay-1", what="delay", limit=10, for_s=30),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one rule stands at one place at one instant.

    Attributes:
        rule: which.
        stage_id, camera_id: the place; the camera is "" where it is about a stage.
        holds: whether its condition holds; None where that cannot be said, as nothing was recorded or too few faces
            were seen: then no alert begins and none ends.
        told: what is the matter, in one line, with ids and figures only: no titles, no words of a device.
    """

    rule: AlertRule
    stage_id: str
    camera_id: str
    holds: bool | None
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule that was met at a place, from its beginning to its end.

    Attributes:
        rule_id, what, stage_id, camera_id: of the finding it began with; `trial_alert` makes one of no rule.
        since_ms: since when its condition has held, milliseconds since the epoch, as are all that follow.
        began_ms: when it had held for as long as the rule asks; None before: nobody is told of it yet.
        well_ms: since when its condition has not held; None while it does.
        ended_ms: when it was over; None before.
        told: what is the matter, as it was when it began.
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
        check_title("what is told of an alert", self.told)
        for instant in (self.since_ms, self.began_ms, self.well_ms, self.ended_ms):
            if instant is not None and not 0 <= instant <= LATEST_MS:
                raise InvalidValue(f"an alert at {instant} ms is not within the years 1970 to 2286")

    @property
    def alert_id(self) -> str:
        """Unique in its session; two who look at the same alert give it the same."""
        return f"{self.since_ms:013d}:{self.rule_id}:{self.stage_id}:{self.camera_id}"  # an id may hold dots

    @property
    def is_on(self) -> bool:
        """Whether it has begun and is not over."""
        return self.began_ms is not None and self.ended_ms is None


def trial_alert(now_ms: int) -> Alert:
    """An alert that is told like any other, and says that nothing is the matter."""
    told = "this is a test, asked for by an operator: nothing is the matter"
    return Alert(
        rule_id="test",
        what="test",
        stage_id="",
        camera_id="",
        since_ms=now_ms,
        began_ms=now_ms,
        ended_ms=now_ms,
        told=told,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMark:
    """What somebody noted on an alert. Each is written once by one party, so nobody's note is lost to another's.

    Attributes:
        alert_id: which.
        kind: "acknowledged" (by a person), or "told" and "told over" (its beginning and end were delivered).
        by: the person's name, or the way it was delivered.
        at_ms: when, milliseconds since the epoch.
    """

    alert_id: str
    kind: MarkKind
    by: str
    at_ms: int

    def __post_init__(self) -> None:
        if not check_title("name", self.by).strip():
            raise InvalidValue("nobody is named: say who saw the alert")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWatcher:
    """Who looks at a session's rules, and when it did last (milliseconds since the epoch)."""

    name: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertBook:
    """All that a store has on a session's alerts.

    Attributes:
        rules: in the order of their ids.
        alerts: in the order of their beginning.
        marks: on them.
        watcher: who looked last; None where nobody ever did.
    """

    rules: tuple[AlertRule, ...] = ()
    alerts: tuple[Alert, ...] = ()
    marks: tuple[AlertMark, ...] = ()
    watcher: AlertWatcher | None = None

    def mark(self, alert: Alert, kind: MarkKind, by: str = "") -> AlertMark | None:
        """The mark of a kind on an alert, by anybody unless named; None where there is none."""
        for mark in self.marks:
            if mark.alert_id == alert.alert_id and mark.kind == kind and by in ("", mark.by):
                return mark
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to be written down after a look: alerts to put, and those that never began to drop."""

    put: list[Alert] = field(default_factory=list)
    drop: list[Alert] = field(default_factory=list)


def looked(findings: Sequence[Finding], known: Iterable[Alert], now_ms: int) -> Changes:
    """What a look changes.

    Args:
        findings: how every rule stands at every place; an alert of which there is none any more is over (its rule or
            camera was taken away, or the session ended).
        known: alerts so far; those that are over are left as they are.
        now_ms: the instant, milliseconds since the epoch.
    """
    changes = Changes()
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
    """The alert of a place after a look; None for none."""
    if before is None:
        if not finding.holds:
            return None
        before = Alert(
            rule_id=finding.rule.rule_id,
            what=finding.rule.what,
            stage_id=finding.stage_id,
            camera_id=finding.camera_id,
            since_ms=now_ms,
            told=finding.told,
        )
    if before.began_ms is None:
        if not finding.holds:
            return None
        held = now_ms - before.since_ms >= finding.rule.for_s * 1000
        return replace(before, began_ms=now_ms, told=finding.told) if held else before
    if finding.holds is None:
        return before
    if finding.holds:
        return replace(before, well_ms=None)
    if before.well_ms is None:
        return replace(before, well_ms=now_ms)
    return replace(before, ended_ms=now_ms) if now_ms - before.well_ms >= OVER_AFTER_MS else before


def _place(alert: Alert) -> tuple[str, str, str]:
    return alert.rule_id, alert.stage_id, alert.camera_id
