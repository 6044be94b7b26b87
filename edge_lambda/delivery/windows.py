"""Collects windows scored on the device into window files, each sent when it is full or old enough."""

from __future__ import annotations

from typing import Final

from audience.deliveries.delivery import Delivery
from audience.deliveries.manifest import MOST_WINDOWS
from audience.deliveries.window_file import LARGEST_WINDOW_FILE, WindowFile
from audience.errors import InvalidValue
from audience.store import ScorerRecord
from edge_lambda.pipeline import ScoredWindow

# Maximum size of a window and of a face in a file, bytes: nine expressions, and a tracker's track ids.
_WINDOW_BYTES: Final = 1_000
_FACE_BYTES: Final = 80
_HEAD_BYTES: Final = 2_000


class WindowFileBuilder:
    """Collects the windows of one camera; the interval is measured by their timestamps, as on contact sheets."""

    def __init__(self, scorer: ScorerRecord | None, *, interval_s: float) -> None:
        """Starts without windows.

        Args:
            scorer: the scorer of the windows; None in head-count mode.
            interval_s: seconds of windows after which a file is sent, over 0.

        Raises:
            InvalidValue: the interval is not over 0.
        """
        if not interval_s > 0:
            raise InvalidValue(f"an interval of {interval_s:g} s is not allowed: use more than 0")
        self._scorer = scorer
        self._interval_ms = interval_s * 1000
        self._windows: list[ScoredWindow] = []
        self._bytes = _HEAD_BYTES

    def add(self, window: ScoredWindow) -> list[Delivery]:
        """Adds the next window.

        Args:
            window: later than those before.

        Returns:
            Deliveries now ready to send, in order; often none.
        """
        size = _WINDOW_BYTES + _FACE_BYTES * window.record.faces
        ready = self.flush() if self._bytes + size > LARGEST_WINDOW_FILE else []
        self._windows.append(window)
        self._bytes += size
        span_ms = window.end_ms - self._windows[0].record.start_ms
        if len(self._windows) == MOST_WINDOWS or span_ms >= self._interval_ms:
            ready += self.flush()
        return ready

    def set_interval(self, interval_s: float) -> None:
        """Changes the interval, from the next window on.

        Args:
            interval_s: seconds, over 0.
        """
        self._interval_ms = interval_s * 1000

    def flush(self) -> list[Delivery]:
        """Returns the collected windows as a delivery; empty if there are none."""
        windows, self._windows, self._bytes = self._windows, [], _HEAD_BYTES
        if not windows:
            return []
        file = WindowFile(
            windows=tuple(window.record for window in windows),
            faces=tuple(window.faces for window in windows if window.faces.faces),
            scorer=self._scorer,
        )
        return [file.delivery()]
