"""Hands pictures of phones to the process that looks at them, and keeps its latest answers.

It is `python -m houselights.phone_cameras`, started when somebody opens the phone's page and ended with the server.
Nothing queues: of each phone the newest picture waits alone, and takes the place of the one before.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing.connection import Connection
from typing import Final

from audience.phone_camera import LARGEST_MESSAGE, Framing, PhonePicture, read_framing
from dashboard.data import store_url

Place = tuple[str, str, str]

STALE_S: Final = 6.0
"""An answer older than this says nothing of the picture that is sent now."""

_AFTER_A_CRASH_S: Final = 5.0
_END_WITHIN_S: Final = 15.0


class PhoneProcess:
    """The process, started when a picture comes and it is not running. Safe to use from several threads."""

    def __init__(self, command: Sequence[str]) -> None:
        """Creates the object without I/O.

        Args:
            command: the process; the number of its socket is added.
        """
        self._command = [*command]
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._waiting: dict[Place, PhonePicture] = {}
        self._answers: dict[Place, tuple[float, Framing]] = {}
        self._changed = threading.Condition()
        self._wanted = self._ending = False
        self._started_s = -_AFTER_A_CRASH_S

    def wake(self) -> None:
        """Has the process started now, so that it is ready when the first picture comes."""
        with self._changed:
            self._wanted = True
            self._changed.notify()

    def put(self, picture: PhonePicture) -> None:
        """Hands a picture over, in place of one of the same phone that still waits."""
        with self._changed:
            self._waiting[picture.place] = picture
            self._changed.notify()

    def stop(self, place: Place) -> None:
        """Ends a camera whose phone has stopped, or is to stop."""
        session_id, stage_id, camera_id = place
        self.put(
            PhonePicture(session_id=session_id, stage_id=stage_id, camera_id=camera_id, at_ms=0, until_ms=0, jpeg=b"")
        )

    def framing(self, place: Place) -> Framing | None:
        """The latest answer for a camera; None where there is none of late."""
        at_s, framing = self._answers.get(place, (-STALE_S, Framing()))
        return framing if time.monotonic() - at_s < STALE_S else None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hands pictures over for as long as the context lasts; ends the process then."""
        self._ending = False
        thread = threading.Thread(target=self._hand_over, name="phones", daemon=True)
        thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._ending = True
                self._changed.notify()
            self._hang_up()  # the thread may wait for a process that takes nothing
            thread.join()
            self._end()

    def _hand_over(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._wanted or self._ending)
                if self._ending:
                    return
                is_wanted, self._wanted = self._wanted, False
                pictures = [*self._waiting.values()]
                self._waiting.clear()
            if is_wanted and self._connection is None:
                self._start()
            for picture in pictures:
                if self._connection is None and (not picture.jpeg or not self._start()):
                    continue  # the next picture tries again
                try:
                    assert self._connection is not None
                    self._connection.send_bytes(picture.packed())
                except OSError:
                    logging.getLogger("houselights").error("the process that looks at phones' pictures has ended")
                    self._end()

    def _start(self) -> bool:
        now_s = time.monotonic()
        if now_s - self._started_s < _AFTER_A_CRASH_S:
            return False
        self._started_s = now_s
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [*self._command, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            except OSError as problem:
                ours.close()
                logging.getLogger("houselights").error("phones' pictures cannot be looked at: %s", problem.strerror)
                return False
        self._connection = Connection(ours.detach())
        threading.Thread(target=self._listen, args=(self._connection,), daemon=True).start()
        return True

    def _listen(self, connection: Connection) -> None:
        with suppress(EOFError, OSError):
            while True:
                place, framing = read_framing(connection.recv_bytes(LARGEST_MESSAGE))
                self._answers[place] = time.monotonic(), framing

    def _hang_up(self) -> None:
        """Tells the process to end, and wakes the threads that write to it and read from it."""
        if (connection := self._connection) is not None:
            with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as ours:
                ours.shutdown(socket.SHUT_RDWR)

    def _end(self) -> None:
        """Closes the socket, at which the process ends; what it measured is stored before."""
        self._hang_up()
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if connection is not None:
            connection.close()
        if process is not None:
            try:
                process.wait(_END_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@cache
def phones() -> PhoneProcess:
    """The process of this server."""
    return PhoneProcess([sys.executable, "-m", "houselights.phone_cameras", store_url()])
