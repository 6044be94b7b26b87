"""Sends the newest status in a thread, and retries until it arrives."""

from __future__ import annotations

import threading
from typing import Final, Protocol

from audience.errors import StatusNotSent
from audience.store import Heartbeat
from edge_lambda.backoff import Backoff
from edge_lambda.status.log import LineWriter

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 10.0
"""Seconds before a retry, after one failure and after many."""

CLOSING_S: Final = 3.0
"""How long `close` waits for the last status to arrive, seconds."""


class Transport(Protocol):
    """Delivers messages one after the other. Used by one thread at a time."""

    def deliver(self, heartbeat: Heartbeat) -> None:
        """Delivers a status; may block for some seconds.

        Raises:
            StatusNotSent: it may not have arrived.
        """
        ...

    def publish(self, topic: str, message: bytes) -> None:
        """Delivers another message; may block for some seconds.

        Raises:
            StatusNotSent: it may not have arrived.
        """
        ...

    def close(self) -> None:
        """Closes the connection."""
        ...


class LatestStatusSender:
    """A `StatusSender` that keeps one status at most, the newest, until it has arrived."""

    def __init__(self, transport: Transport, *, write_line: LineWriter) -> None:
        """Starts the thread; the transport connects on the first status.

        Args:
            transport: delivers the statuses; closed with this sender.
            write_line: called with one line when sending fails, and when it works again.
        """
        self._transport = transport
        self._write_line = write_line
        self._condition = threading.Condition()
        self._transport_in_use = threading.Lock()
        self._newest: Heartbeat | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)
        self._thread.start()

    def send(self, heartbeat: Heartbeat) -> None:
        """Queues a status for the thread; see `StatusSender.send`."""
        with self._condition:
            self._newest = heartbeat
            self._condition.notify_all()

    def publish(self, topic: str, message: bytes) -> None:
        """Publishes a message beside the statuses; see `StatusSender.publish`."""
        with self._transport_in_use:
            self._transport.publish(topic, message)

    def close(self) -> None:
        """Waits up to `CLOSING_S`; see `StatusSender.close`."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        self._thread.join(CLOSING_S)

    def _run(self) -> None:
        backoff = Backoff(first_s=FIRST_WAIT_S, longest_s=LONGEST_WAIT_S)
        trouble = ""
        while (heartbeat := self._taken()) is not None:
            problem = self._try(heartbeat)
            if problem and problem != trouble:
                self._write_line(f"status not sent: {problem}")
            if trouble and not problem:
                self._write_line("sending status works again")
            trouble = problem
            if not problem:
                backoff.reset()
                continue
            with self._condition:
                # A newer status replaces it; when closing, there is nothing more to wait for.
                self._newest = self._newest or heartbeat
                if self._closing:
                    break
                self._condition.wait_for(lambda: self._closing, backoff.next_s())
        self._transport.close()

    def _taken(self) -> Heartbeat | None:
        """Waits for the newest status; None when closing and nothing is left."""
        with self._condition:
            self._condition.wait_for(lambda: self._newest or self._closing)
            newest, self._newest = self._newest, None
            return newest

    def _try(self, heartbeat: Heartbeat) -> str:
        """Tries to deliver a status; returns the error, or "" on success."""
        try:
            with self._transport_in_use:
                self._transport.deliver(heartbeat)
        except StatusNotSent as problem:
            return str(problem)
        except Exception as problem:  # otherwise the thread would die and no status would be sent any more
            return f"unexpected {type(problem).__name__}"
        return ""
