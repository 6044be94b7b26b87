"""Sending the newest status in a thread of its own, however long the way is broken."""

from __future__ import annotations

import threading
from typing import Final, Protocol

from audience.errors import StatusNotSent
from audience.store import Heartbeat
from edge_lambda.back_off import BackOff
from edge_lambda.status.log import Tell

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 10.0
"""Seconds between two tries, after one failure and after many."""

CLOSING_S: Final = 3.0
"""How long a close waits for the last status to arrive."""


class Courier(Protocol):
    """Takes one status after the other to where it is kept. Used by one thread."""

    def deliver(self, heartbeat: Heartbeat) -> None:
        """Takes it there; may wait some seconds.

        Raises:
            StatusNotSent: it may not be there.
        """
        ...

    def close(self) -> None:
        """Lets go of the connection."""
        ...


class NewestSender:
    """A `StatusSender` that keeps one status at most, the newest, until it has arrived."""

    def __init__(self, courier: Courier, *, tell: Tell) -> None:
        """Starts the thread; the courier connects with the first status.

        Args:
            courier: takes the statuses; closed with this.
            tell: told in one line when the way breaks, and when it is whole again.
        """
        self._courier = courier
        self._tell = tell
        self._turn = threading.Condition()
        self._newest: Heartbeat | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)
        self._thread.start()

    def send(self, heartbeat: Heartbeat) -> None:
        """Leaves it for the thread; see `StatusSender.send`."""
        with self._turn:
            self._newest = heartbeat
            self._turn.notify_all()

    def close(self) -> None:
        """Waits `CLOSING_S` at most; see `StatusSender.close`."""
        with self._turn:
            self._closing = True
            self._turn.notify_all()
        self._thread.join(CLOSING_S)

    def _run(self) -> None:
        back_off = BackOff(first_s=FIRST_WAIT_S, longest_s=LONGEST_WAIT_S)
        trouble = ""
        while (heartbeat := self._taken()) is not None:
            problem = self._try(heartbeat)
            if problem and problem != trouble:
                self._tell(f"status is not sent: {problem}")
            if trouble and not problem:
                self._tell("status is sent again")
            trouble = problem
            if not problem:
                back_off.reset()
                continue
            with self._turn:
                # A newer one takes its place; after the last there is none to wait for.
                self._newest = self._newest or heartbeat
                if self._closing:
                    break
                self._turn.wait_for(lambda: self._closing, back_off.next_s())
        self._courier.close()

    def _taken(self) -> Heartbeat | None:
        """Waits for the newest; None where there will be none."""
        with self._turn:
            self._turn.wait_for(lambda: self._newest or self._closing)
            newest, self._newest = self._newest, None
            return newest

    def _try(self, heartbeat: Heartbeat) -> str:
        """Why it was not sent; "" where it was."""
        try:
            self._courier.deliver(heartbeat)
        except StatusNotSent as problem:
            return str(problem)
        except Exception as problem:  # a thread that died of it would leave everybody without a word, and not say so
            return f"unexpectedly ({type(problem).__name__})"
        return ""
