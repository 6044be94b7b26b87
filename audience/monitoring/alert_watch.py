"""Checks the rules of sessions and sends their alerts: the work of `houselights alerts` and of a function in the cloud.

One watcher is active for a session at a time; others stand by until it has been silent for `WATCHED_MS`. Each sent
message is recorded at once, so none is sent twice, unless the watcher dies in between.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from audience.alerts import Alert, AlertBook, AlertMark, AlertWatcher, MarkKind
from audience.errors import AlertNotDelivered, SessionNotFound, StoreUnavailable
from audience.monitoring.alert_messages import AlertMessage, AlertsMessage, Message, Notifier, Turn
from audience.monitoring.evaluate import evaluate, is_watched
from audience.monitoring.situation import SituationReader
from audience.recent_sessions import RECENT_MS
from audience.sessions import Session
from audience.store import Store
from audience.time import to_ms

LATE_MS: Final = 600_000
"""An alert that ended this long ago is no longer sent."""

SETTLED_MS: Final = 2 * LATE_MS
"""A session that ended this long ago has no alert left that is sent, as long as somebody watched it until it ended."""

LEFT_MS: Final = 24 * 3_600_000
"""A session that ended this long ago is no longer checked."""

FIRST_RETRY_S: Final = 2.0
LONGEST_RETRY_S: Final = 120.0
"""Seconds before a message that could not be sent is tried again; twice as many each time."""

SETTLING_S: Final = 1.0
"""Two watchers that start at once both register, wait this long, and the one that registered last becomes active."""

MANY_ALERTS: Final = 5
MOST_IN_A_MESSAGE: Final = 100
"""So many alerts of one kind that begin or end together are one message, which has up to `MOST_IN_A_MESSAGE`."""


@dataclass(slots=True)
class _Channel:
    """A notifier with its retry state."""

    notifier: Notifier
    again_ms: int = 0
    wait_s: float = 0.0
    error_text: str = ""


class SessionReports(Protocol):
    """Sends the reports of sessions that have ended."""

    def is_recent(self, session: Session) -> bool:
        """Whether a session ended, or was scored, lately."""
        ...

    def is_due(self, session: Session, book: AlertBook) -> bool:
        """Whether a report of a session is still to be sent somewhere, and can be made now."""
        ...

    def send(self, session: Session, book: AlertBook) -> None:
        """Sends a session's report to every address that it is still to be sent to."""
        ...


class AlertWatch:
    """Checks every session's rules every few seconds until stopped."""

    def __init__(
        self,
        store: Store,
        notifiers: Iterable[Notifier],
        *,
        name: str,
        stop: threading.Event,
        log: Callable[[str], None],
        now: Callable[[], datetime],
        every_s: float = 5.0,
        reports: SessionReports | None = None,
        session_id: str = "",
    ) -> None:
        """Creates the object without I/O.

        Args:
            store: the store of the sessions.
            notifiers: where alerts are sent; without any, they only appear on the operator's page.
            name: unique name of this watcher.
            stop: set from any thread to end it.
            log: called with a line for the person who started it.
            now: the wall clock.
            every_s: seconds between checks.
            reports: sends the reports of sessions that have ended; None to send none.
            session_id: the one session to check; "" for all of the store.
        """
        self._store, self._name, self._stop, self._log, self._now = store, name, stop, log, now
        self._every_s, self._reports, self._session_id = every_s, reports, session_id
        self._channels = [_Channel(notifier) for notifier in notifiers]
        self._readers: dict[str, SituationReader] = {}
        self._active: set[str] = set()
        self._standby: set[str] = set()
        self._trouble = ""

    def run(self) -> None:
        """Runs until stopped."""
        try:
            while not self._stop.is_set():
                self._check_all()
                self._stop.wait(self._every_s)
        finally:
            self._release()

    def check_once(self) -> None:
        """Checks every session once.

        Raises:
            StoreUnavailable: the store cannot be used now.
        """
        now_ms = self._now_ms()
        for session in self._sessions():
            recent = session.ended_at is None or now_ms - to_ms(session.ended_at) < LEFT_MS
            if recent or (self._reports is not None and self._reports.is_recent(session)):
                try:
                    self._check(session)
                except SessionNotFound:
                    self._active.discard(session.session_id)
                    self._readers.pop(session.session_id, None)
                    self._log(f"{session.session_id} was deleted with its rules: it is no longer checked")

    def _sessions(self) -> list[Session]:
        if not self._session_id:
            return self._store.sessions()
        try:
            return [self._store.session(self._session_id)]
        except SessionNotFound:
            return []

    def _check_all(self) -> None:
        error_text = ""
        try:
            self.check_once()
        except StoreUnavailable as problem:
            error_text = str(problem)
        if error_text and error_text != self._trouble:
            self._log(f"{error_text}. Retrying every {self._every_s:g} s.")
        elif self._trouble and not error_text:
            self._log("the store can be used again")
        self._trouble = error_text

    def _check(self, session: Session) -> None:
        book = self._store.alerting.book(session.session_id)
        reports = self._reports
        report_due = reports is not None and reports.is_due(session, book)
        if not book.rules and not book.alerts and not report_due:
            return
        if not self._acquire(session.session_id, book):
            return
        if reports is not None and report_due:
            # Another watcher may have sent it before this one became active.
            reports.send(session, self._store.alerting.book(session.session_id))
        before = {alert.alert_id for alert in book.alerts if alert.is_on}
        reader = self._readers.setdefault(session.session_id, SituationReader(session.session_id))
        book = evaluate(self._store, session.session_id, self._now_ms(), self._name, reader=reader).book
        for alert in book.alerts:
            if alert.is_on and alert.alert_id not in before:
                self._log(f"{session.session_id}: {alert.told}")
        for channel in self._channels:
            self._notify(channel, session.session_id, book)

    def _acquire(self, session_id: str, book: AlertBook) -> bool:
        """Makes this watcher active for a session unless another one is; returns whether it is active."""
        if is_watched(book, self._now_ms(), but=self._name):
            self._active.discard(session_id)
            if session_id not in self._standby:
                self._standby.add(session_id)
                self._log(f"{session_id} is checked by another watcher: standing by")
            return False
        if book.watcher is None or book.watcher.name != self._name:
            self._store.alerting.put(session_id, AlertWatcher(name=self._name, at_ms=self._now_ms()))
            self._stop.wait(SETTLING_S)
            if self._stop.is_set() or is_watched(self._store.alerting.book(session_id), self._now_ms(), but=self._name):
                return False
        self._active.add(session_id)
        self._standby.discard(session_id)
        return True

    def _notify(self, channel: _Channel, session_id: str, book: AlertBook) -> None:
        for alerts, turn in _messages(_pending(book, channel.notifier.name, self._now_ms())):
            if self._stop.is_set() or self._now_ms() < channel.again_ms:
                return
            # Sending may be slow: renew the registration, so that no other watcher takes over meanwhile.
            self._store.alerting.put(session_id, AlertWatcher(name=self._name, at_ms=self._now_ms()))
            message: Message = (
                AlertMessage(session_id=session_id, alert=alerts[0], turn=turn)
                if len(alerts) == 1
                else AlertsMessage(session_id=session_id, alerts=alerts, turn=turn)
            )
            try:
                channel.notifier.send(message)
            except AlertNotDelivered as problem:
                channel.wait_s = wait_s = min(max(FIRST_RETRY_S, 2 * channel.wait_s), LONGEST_RETRY_S)
                channel.again_ms = self._now_ms() + round(wait_s * 1000)
                if str(problem) != channel.error_text:
                    channel.error_text = str(problem)
                    self._log(
                        f"not sent to {channel.notifier.name}: {problem}. Retrying in {wait_s:g} s, then less often."
                    )
                return
            kind: MarkKind = "told" if turn == "began" else "told over"
            for alert in alerts:
                mark = AlertMark(alert_id=alert.alert_id, kind=kind, by=channel.notifier.name, at_ms=self._now_ms())
                self._store.alerting.put(session_id, mark)
            channel.wait_s = 0.0
            if channel.error_text:
                channel.error_text = ""
                self._log(f"{channel.notifier.name} accepts alerts again")

    def _release(self) -> None:
        """Unregisters, so that another watcher can take over at once."""
        for session_id in self._active:
            try:
                watcher = self._store.alerting.book(session_id).watcher
                if watcher is not None and watcher.name == self._name:
                    self._store.alerting.drop(session_id, watcher)
            except StoreUnavailable:
                return

    def _now_ms(self) -> int:
        return to_ms(self._now())


def sessions_to_watch(store: Store, now_ms: int) -> list[str]:
    """The ids of sessions whose rules are to be checked, or of whose alerts somebody is still to be notified.

    One that was never ended is no longer checked once it began longer ago than a session may take.

    Args:
        store: of the sessions.
        now_ms: the wall clock, milliseconds since the epoch.

    Raises:
        StoreUnavailable: the store cannot be read.
    """
    found = []
    for session_id in store.alerting.sessions(now_ms - RECENT_MS):
        try:
            session = store.session(session_id)
        except SessionNotFound:
            continue
        ended_ms = None if session.ended_at is None else to_ms(session.ended_at)
        if ended_ms is None or now_ms - ended_ms < SETTLED_MS:
            book = store.alerting.book(session.session_id)
            if book.rules or book.alerts:
                found.append(session.session_id)
    return found


def _pending(book: AlertBook, notifier: str, now_ms: int) -> list[tuple[Alert, Turn]]:
    """Messages not yet sent by a notifier, oldest first.

    Of an acknowledged or silenced alert, only its end is sent: and of one that ended in silence, nothing.
    """
    found: list[tuple[Alert, Turn]] = []
    for alert in book.alerts:
        if alert.began_ms is None or (alert.ended_ms is not None and now_ms - alert.ended_ms > LATE_MS):
            continue
        began_sent = book.mark(alert, "told", notifier) is not None
        silenced = book.silence(alert, now_ms if alert.ended_ms is None else min(now_ms, alert.ended_ms)) is not None
        if not began_sent and not silenced and book.mark(alert, "acknowledged") is None:
            found.append((alert, "began"))
            began_sent = True
        ended = alert.ended_ms is not None and alert.what != "test"
        if began_sent and ended and book.mark(alert, "told over", notifier) is None:
            found.append((alert, "over"))
    return found


def _messages(pending: list[tuple[Alert, Turn]]) -> list[tuple[tuple[Alert, ...], Turn]]:
    """What each message is about: one alert, or all of one kind where there are many; those that begin come first."""
    kinds: defaultdict[tuple[Turn, str], list[Alert]] = defaultdict(list)
    for alert, turn in pending:
        kinds[turn, alert.what].append(alert)
    found: list[tuple[tuple[Alert, ...], Turn]] = []
    for (turn, _), alerts in sorted(kinds.items(), key=lambda kind: kind[0][0] == "over"):
        together = MOST_IN_A_MESSAGE if len(alerts) >= MANY_ALERTS else 1
        found += [(tuple(alerts[first : first + together]), turn) for first in range(0, len(alerts), together)]
    return found
