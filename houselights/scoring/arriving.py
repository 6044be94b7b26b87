"""Reads a recording that is still arriving: what is not there yet is waited for."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable

from audience.incoming import IncomingRecording, IncomingRecordings, Received

_LOOK_S = 0.1


class ArrivingFile(io.RawIOBase):
    """A file of which some bytes are missing still; a read waits for the first it wants, never for more.

    The file has its full size from the beginning on, so its end can be found while it is being filled.
    """

    def __init__(
        self, incoming: IncomingRecordings, recording: IncomingRecording, on_wait: Callable[[float], None]
    ) -> None:
        """Opens the file.

        Args:
            incoming: where it arrives.
            recording: which.
            on_wait: called while a read waits, with the seconds so far; what it raises ends the read.
        """
        self._incoming, self._id, self._on_wait = incoming, recording.request.recording_id, on_wait
        self._received: Received | None = recording.received
        self._file = os.open(recording.path, os.O_RDONLY)
        self._size = os.fstat(self._file).st_size
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Sets where the next read begins."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Reads what is there from here on, at least a byte; 0 at the end."""
        count = self._there(min(len(buffer), self._size - self._at))
        if count <= 0:
            return 0
        content = os.pread(self._file, count, self._at)
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)

    def close(self) -> None:
        """Closes the file."""
        if not self.closed:
            os.close(self._file)
        super().close()

    def _there(self, wanted: int) -> int:
        """How many of the wanted bytes can be read, once there are any."""
        if self._received is None or wanted <= 0:
            return wanted
        since_s = time.monotonic()
        while self._received is not None and self._received.readable(self._at) <= 0:
            recording = self._incoming.find(self._id)
            self._received = None if recording is None else recording.received
            if recording is None:
                self._on_wait(0.0)  # removed: whoever waits is asked to end
                raise OSError("the recording was removed")
            if self._received is not None and self._received.readable(self._at) <= 0:
                self._on_wait(time.monotonic() - since_s)
                time.sleep(_LOOK_S)
        return wanted if self._received is None else min(wanted, self._received.readable(self._at))
