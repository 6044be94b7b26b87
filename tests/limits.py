"""How long a test may take: seconds of a machine that does nothing else, so that none fails because others work there.

The timer of pytest-timeout goes off as before. Where the machine had several times as much to do as it has processors,
it is set anew, and so is pytest's watch over native code that lets no signal through.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
import time
from types import FrameType
from typing import Any

import pytest
import pytest_timeout

from tests.ticking import slowdown


class Limits:
    """A plugin of pytest."""

    def __init__(self) -> None:
        self._stderr = os.dup(2)  # before a test's is captured

    @pytest.hookimpl(tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> bool | None:
        """Sets the timer of a test; leaves it to pytest-timeout where it would not use a signal."""
        if settings.method != "signal" or threading.current_thread() is not threading.main_thread():
            return None
        began = time.monotonic()
        native_s = float(item.config.getini("faulthandler_timeout") or 0)

        def went_off(_number: int, _frame: FrameType | None) -> None:
            took_s = time.monotonic() - began
            left_s = settings.timeout * slowdown(took_s) - took_s
            if left_s <= 0:
                pytest_timeout.timeout_sigalrm(item, settings)
            signal.setitimer(signal.ITIMER_REAL, max(1.0, left_s))
            if native_s:
                faulthandler.dump_traceback_later(left_s + native_s, exit=True, file=self._stderr)

        def cancel() -> None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)

        item.cancel_timeout = cancel  # type: ignore[attr-defined]
        signal.signal(signal.SIGALRM, went_off)
        signal.setitimer(signal.ITIMER_REAL, settings.timeout)
        return True
