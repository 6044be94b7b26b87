"""How far a camera's windows were delivered, on disk: no window is ever told of by two runs.

Faces have other track ids after a restart, so the same people in the same window would count twice. Most restarts are
kept apart by time alone; this is for a clock that was set back, as on a device without a clock of its own whose power
was cut.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from audience.errors import OutboxUnavailable
from edge_lambda.pipeline import CameraKey
from edge_lambda.whole_file import write_whole

NAME: Final = "recorded-until"
"""Of the file; in the outbox's folder."""

_LINE = re.compile(r"(\S+) (\d{1,13})\n")


class RecordedUntil:
    """The instant before which every window was delivered or given up. Another session begins anew.

    Attributes:
        until_ms: milliseconds since the epoch; 0 where nothing was delivered.
    """

    until_ms: int

    def __init__(self, folder: Path, camera: CameraKey) -> None:
        """Reads what an earlier run left.

        Args:
            folder: which is there; the outbox's own, so that no other process writes there.
            camera: whose windows they are.

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
        """Notes how far it is, before the windows up to there are delivered.

        Were it noted afterwards, a kill in between would leave windows delivered of which nobody knows.

        Raises:
            OutboxUnavailable: it cannot be written.
        """
        if until_ms <= self.until_ms:
            return
        line = f"{self._camera} {until_ms}\n".encode()
        try:
            write_whole(self._file, line, part=self._file.with_suffix(".part"))
        except OSError as error:
            raise OutboxUnavailable(f"{self._file} cannot be written ({error.strerror}): free some space") from None
        self.until_ms = until_ms
