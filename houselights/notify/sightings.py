"""Sends sightings: of a search once two people have confirmed it, of a register when it comes in. By ids alone.

Whoever is notified and may see who it is looks it up on the pages, with a login of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from audience.errors import AlertNotDelivered, StoreUnavailable
from audience.identity.records import Notice, Roster, Sighting
from audience.identity.searches import Searches
from audience.identity.store import IdentityStore
from audience.monitoring.alert_messages import Notifier, shortened
from audience.time import from_ms, instant_text, to_ms
from edge_lambda.backoff import Backoff

EVERY_S: Final = 1.0
LATE: Final = timedelta(minutes=10)
"""A sighting of a register that is older is not sent any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingMessage:
    """A message about a sighting; it names people by their ids."""

    sighting: Sighting
    purpose: str

    @property
    def subject(self) -> str:
        """See `audience.monitoring.alert_messages.Message`."""
        what = "confirmed sighting" if self.purpose == "search" else "seen"
        return shortened(f"Houselights {self.sighting.roster_id}: {what} at {self.sighting.stage_id}")

    @property
    def text(self) -> str:
        """See `audience.monitoring.alert_messages.Message`."""
        one = self.sighting
        confirmed = "Two people have confirmed it. " if self.purpose == "search" else ""
        return "\n".join(
            (
                f"{confirmed}Who it is stands on the pages, for those who may see it.",
                f"Whose id: {one.subject_id}",
                f"Where: session {one.session_id}, stage {one.stage_id}, camera {one.camera_id}",
                f"When: {instant_text(from_ms(one.at_ms))}",
            )
        )

    @property
    def document(self) -> dict[str, Any]:
        """See `audience.monitoring.alert_messages.Message`."""
        one = self.sighting
        return {
            "houselights": "sighting",
            "schema": 1,
            "roster": one.roster_id,
            "subject": one.subject_id,
            "sighting": one.sighting_id,
            "session": one.session_id,
            "stage": one.stage_id,
            "camera": one.camera_id,
            "at": instant_text(from_ms(one.at_ms)),
            "confirmed": self.purpose == "search",
        }


class SightingWatch:
    """Sends what is to be sent, every second until stopped."""

    def __init__(
        self,
        store: IdentityStore,
        notifiers: Sequence[Notifier],
        *,
        stop: threading.Event,
        log: Callable[[str], None],
        now: Callable[[], datetime],
    ) -> None:
        """Creates the object without I/O.

        Args:
            store: of people.
            notifiers: where to.
            stop: set from any thread to end it.
            log: called with a line for the person who started it.
            now: the wall clock.
        """
        self._store, self._notifiers, self._stop, self._log, self._now = store, notifiers, stop, log, now
        self._again_at: dict[str, float] = {}
        self._backoffs = {notifier.name: Backoff(first_s=2, longest_s=120) for notifier in notifiers}

    def run(self) -> None:
        """Runs until stopped."""
        trouble = ""
        while not self._stop.wait(EVERY_S):
            try:
                self.check_once()
                trouble = ""
            except StoreUnavailable as problem:
                if str(problem) != trouble:
                    self._log(f"{problem}. Retrying every {EVERY_S:g} s.")
                trouble = str(problem)

    def check_once(self) -> None:
        """Sends every sighting that is due and was not sent.

        Raises:
            StoreUnavailable: the store cannot be used now.
        """
        for roster in self._store.all(Roster):
            for sighting in self._due(roster):
                for notifier in self._notifiers:
                    self._send(notifier, sighting, roster.purpose)

    def _due(self, roster: Roster) -> Iterator[Sighting]:
        if roster.purpose == "register":
            late_ms = to_ms(self._now() - LATE)
            yield from (one for one in self._store.all(Sighting, roster.roster_id) if one.at_ms >= late_ms)
        elif roster.purpose == "search":
            searches = Searches(self._store, actor="notifications", now=self._now)
            for entry in searches.entries(roster.roster_id):  # ends those that have expired
                if entry.runs(self._now()):
                    yield from (one.sighting for one in searches.sightings(entry) if one.state == "confirmed")

    def _send(self, notifier: Notifier, sighting: Sighting, purpose: str) -> None:
        now_s = self._now().timestamp()
        if self._again_at.get(notifier.name, 0) > now_s:
            return
        if self._store.get(Notice, *sighting.key, notifier.name) is not None:
            return
        try:
            notifier.send(SightingMessage(sighting=sighting, purpose=purpose))
        except AlertNotDelivered as problem:
            wait_s = self._backoffs[notifier.name].next_s()
            self._again_at[notifier.name] = now_s + wait_s
            self._log(f"not sent to {notifier.name}: {problem}. Retrying in {wait_s:g} s.")
            return
        self._backoffs[notifier.name].reset()
        self._store.put(
            Notice(
                roster_id=sighting.roster_id,
                subject_id=sighting.subject_id,
                sighting_id=sighting.sighting_id,
                notifier=notifier.name,
                at=self._now(),
            )
        )
        self._log(f"sent to {notifier.name}: a sighting of {sighting.roster_id}")
