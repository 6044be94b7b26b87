"""Stores on disk how far a camera's windows were delivered. Each window is reported by at most one run.

Track ids change on a restart, so the same people in the same window would count twice. Time alone separates most runs;
this file covers a clock that was set back, as on a device without a battery-backed clock after a power cut.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from audience.errors import OutboxUnavailable
from edge_lambda.atomic_write import write_atomic
from edge_lambda.pipeline import CameraKey

NAME: Final = "recorded-until"
"""Name of the file, in the outbox's folder."""

_LINE = re.compile(r"(\S+) (\d{1,13})\n")


class RecordedUntil:
    """The time before which every window was delivered or given up; reset by another session.

    Attributes:
        until_ms: milliseconds since the epoch; 0 if nothing was delivered.
    """

    until_ms: int

    def __init__(self, folder: Path, camera: CameraKey) -> None:
        """Reads the time stored by an earlier run.

        Args:
            folder: the outbox's existing folder, in which no other process writes.
            camera: the key of the windows.

        Raises:
            OutboxUnavailable: the folder cannot be read.
        """
        self._file = folder / NAME
        self._camera = f"{camera.session_id}/{camera.stage_id}/{camera.camera_id}"
        try:
            line = _LINE.fullmatch(self._file.read_text(encoding="ascii", errors="replace"))
        except FileNotFoundError:
            line = None
        except OSError as error:
            raise OutboxUnavailable(f"{self._file} cannot be read ({error.strerror})") from None
        self.until_ms = int(line[2]) if line and line[1] == self._camera else 0

    def advance(self, until_ms: int) -> None:
        """Stores the time, before the windows up to it are delivered.

        In the other order, a kill in between could leave delivered windows unrecorded.

        Raises:
            OutboxUnavailable: the file cannot be written.
        """
        if until_ms <= self.until_ms:
            return
        line = f"{self._camera} {until_ms}\n".encode()
        try:
            write_atomic(self._file, line, part=self._file.with_suffix(".part"))
        except OSError as error:
            raise OutboxUnavailable(f"{self._file} cannot be written ({error.strerror}): free some space") from None
        self.until_ms = until_ms
