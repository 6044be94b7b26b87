"""Exponential backoff: how long to wait before retrying."""

from __future__ import annotations


class Backoff:
    """Waits that double from a first to a longest wait."""

    def __init__(self, *, first_s: float = 1.0, longest_s: float = 30.0) -> None:
        """Starts at the first wait.

        Args:
            first_s, longest_s: seconds, over 0.
        """
        self._first_s, self._longest_s = first_s, longest_s
        self._next_s = first_s

    def next_s(self) -> float:
        """Seconds to wait this time."""
        wait_s, self._next_s = self._next_s, min(2 * self._next_s, self._longest_s)
        return wait_s

    def reset(self) -> None:
        """Starts again at the first wait, after a success."""
        self._next_s = self._first_s
