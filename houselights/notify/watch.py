"""Watching the rules of all sessions and telling of their alerts: what `houselights alerts` does.

One watcher is at work on a session at a time; another stands by until it has said nothing for `WATCHED_MS`. What was
told is written down right after it was, so nothing is told twice, unless the watcher dies in between.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from audience.alerts import Alert, AlertBook, AlertMark, AlertWatcher, MarkKind
from audience.errors import AlertNotDelivered, SessionNotFound, StoreUnavailable
from audience.monitoring.evaluate import evaluate, is_watched
from audience.sessions import Session
from audience.store import Store
from audience.time import to_ms
from edge_lambda.back_off import BackOff
from houselights.notify.notifiers import Message, Turn, Way

LATE_MS: Final = 600_000
"""An alert that was over for so long is told to nobody any more."""

LEFT_MS: Final = 24 * 3_600_000
"""A session that ended so long ago is not looked at any more."""

SETTLING_S: Final = 1.0
"""Two who begin at once both say so, wait this long, and see who said it last."""


@dataclass(slots=True)
class _Line:
    """A way, and when it may be tried again."""

    way: Way
    again_ms: int = 0
    back_off: BackOff = field(default_factory=lambda: BackOff(first_s=2, longest_s=120))
    trouble: str = ""


class AlertWatch:
    """Looks at every session's rules every few seconds until it is told to stop."""

    def __init__(
        self,
        store: Store,
        ways: Iterable[Way],
        *,
        name: str,
        stop: threading.Event,
        say: Callable[[str], None],
        now: Callable[[], datetime],
        every_s: float = 5.0,
    ) -> None:
        """Looks at nothing yet.

        Args:
            store: whose sessions.
            ways: how to tell of alerts; none leaves them to the operator's page.
            name: of this watcher, of which there is no other.
            stop: set from anywhere to end it.
            say: takes a line for the person who started it.
            now: the wall clock.
            every_s: seconds between looks.
        """
        self._store, self._name, self._stop, self._say, self._now = store, name, stop, say, now
        self._every_s = every_s
        self._lines = [_Line(way) for way in ways]
        self._at_work: set[str] = set()
        self._standing_by: set[str] = set()
        self._trouble = ""

    def run(self) -> None:
        """Watches until told to stop."""
        try:
            while not self._stop.is_set():
                self._try_all()
                self._stop.wait(self._every_s)
        finally:
            self._leave()

    def look_once(self) -> None:
        """Looks at every session once.

        Raises:
            StoreUnavailable: the store cannot be used now.
        """
        now_ms = self._now_ms()
        for session in self._store.sessions():
            if session.ended_at is None or now_ms - to_ms(session.ended_at) < LEFT_MS:
                try:
                    self._look_at(session)
                except SessionNotFound:
                    self._at_work.discard(session.session_id)
                    self._say(f"{session.session_id} was deleted, and its rules with it: it is watched no more")

    def _try_all(self) -> None:
        trouble = ""
        try:
            self.look_once()
        except StoreUnavailable as problem:
            trouble = str(problem)
        if trouble and trouble != self._trouble:
            self._say(f"{trouble}. Trying again every {self._every_s:g} s.")
        elif self._trouble and not trouble:
            self._say("the store can be used again")
        self._trouble = trouble

    def _look_at(self, session: Session) -> None:
        book = self._store.alerting.book(session.session_id)
        if not book.rules and not book.alerts:
            return
        if not self._has(session.session_id, book):
            return
        before = {alert.alert_id for alert in book.alerts if alert.is_on}
        book = evaluate(self._store, session.session_id, self._now_ms(), self._name).book
        for alert in book.alerts:
            if alert.is_on and alert.alert_id not in before:
                self._say(f"{session.session_id}: {alert.told}")
        for line in self._lines:
            self._tell(line, session.session_id, book)

    def _has(self, session_id: str, book: AlertBook) -> bool:
        """Whether this watcher is the one at work on a session; takes it over where nobody is."""
        if is_watched(book, self._now_ms(), but=self._name):
            self._at_work.discard(session_id)
            if session_id not in self._standing_by:
                self._standing_by.add(session_id)
                self._say(f"{session_id} is watched by another: standing by")
            return False
        if book.watcher is None or book.watcher.name != self._name:
            self._store.alerting.put(session_id, AlertWatcher(name=self._name, at_ms=self._now_ms()))
            self._stop.wait(SETTLING_S)
            if self._stop.is_set() or is_watched(self._store.alerting.book(session_id), self._now_ms(), but=self._name):
                return False
        self._at_work.add(session_id)
        self._standing_by.discard(session_id)
        return True

    def _tell(self, line: _Line, session_id: str, book: AlertBook) -> None:
        for alert, turn in _untold(book, line.way.name, self._now_ms()):
            if self._stop.is_set() or self._now_ms() < line.again_ms:
                return
            # A way may take its time: nobody else is to take over meanwhile.
            self._store.alerting.put(session_id, AlertWatcher(name=self._name, at_ms=self._now_ms()))
            try:
                line.way.tell(Message(session_id=session_id, alert=alert, turn=turn))
            except AlertNotDelivered as problem:
                wait_s = line.back_off.next_s()
                line.again_ms = self._now_ms() + round(wait_s * 1000)
                if str(problem) != line.trouble:
                    line.trouble = str(problem)
                    self._say(f"not told by {line.way.name}: {problem}. Trying again, after {wait_s:g} s and more.")
                return
            kind: MarkKind = "told" if turn == "began" else "told over"
            mark = AlertMark(alert_id=alert.alert_id, kind=kind, by=line.way.name, at_ms=self._now_ms())
            self._store.alerting.put(session_id, mark)
            line.back_off.reset()
            if line.trouble:
                line.trouble = ""
                self._say(f"{line.way.name} takes alerts again")

    def _leave(self) -> None:
        """Lets another take over at once."""
        for session_id in self._at_work:
            try:
                watcher = self._store.alerting.book(session_id).watcher
                if watcher is not None and watcher.name == self._name:
                    self._store.alerting.drop(session_id, watcher)
            except StoreUnavailable:
                return

    def _now_ms(self) -> int:
        return to_ms(self._now())


def _untold(book: AlertBook, way: str, now_ms: int) -> list[tuple[Alert, Turn]]:
    """What a way is still to tell, oldest first. Of what somebody has acknowledged, only that it is over."""
    found: list[tuple[Alert, Turn]] = []
    for alert in book.alerts:
        if alert.began_ms is None or (alert.ended_ms is not None and now_ms - alert.ended_ms > LATE_MS):
            continue
        told = book.mark(alert, "told", way) is not None
        if not told and book.mark(alert, "acknowledged") is None:
            found.append((alert, "began"))
            told = True
        ended = alert.ended_ms is not None and alert.what != "test"
        if told and ended and book.mark(alert, "told over", way) is None:
            found.append((alert, "over"))
    return found
