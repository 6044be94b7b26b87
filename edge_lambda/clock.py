"""The clock that timestamps frames; it stays steady when somebody changes the computer's clock.

A wall clock shows what it was last set to: by a network time service, by hand, by a virtual machine's host, or by a
daylight-saving change written into the hardware. A second clock counts from boot and cannot be set. While the
difference between the two is constant, nobody has set the wall clock. The difference at an instant when the wall clock
was known to be right gives the right time from then on.

A computer without a battery-backed clock boots in 1970, or at the time it was switched off, until a time server
corrects it. Windows recorded before that would be hours off, or refused on arrival, so the device waits for network
time. Reasons and open questions: `docs/decisions/0029-device-clock.md`.
"""

from __future__ import annotations

import contextlib
import ctypes
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from audience.errors import DeviceError, OutboxUnavailable
from audience.time import from_ms, to_ms
from edge_lambda.atomic_write import write_atomic

NAME: Final = "clock"
"""Name of the file, in the outbox's folder, that keeps the clock difference over restarts."""

TOLERANCE_MS: Final = 1000
"""Clock errors up to this (one window) are not reported."""

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_LINE = re.compile(r"(\S+) (-?\d{1,15})\n")
_NOT_SYNCHRONISED: Final = 5  # adjtimex(2): TIME_ERROR
_TIMEX_BYTES: Final = 1024  # more than any system's `struct timex`; all zero reads without setting
_BETWEEN_MS: Final = 20  # two clocks read within this time count as read together
_READS: Final = 5


class SteadyClock:
    """The wall clock while it is right or nothing better is known; after that, the last right time plus elapsed time.

    Thread-safe.
    """

    def __init__(
        self,
        file: Path | None,
        *,
        boot: str,
        wall: Callable[[], datetime],
        counted_ms: Callable[[], int],
        synchronised: Callable[[], bool],
    ) -> None:
        """Loads the clock difference that an earlier run saved.

        Args:
            file: stores the difference, in an existing folder; None stores nothing.
            boot: id of the boot that `counted_ms` counts from; "" if unknown.
            wall: the wall clock, aware UTC.
            counted_ms: milliseconds since boot, time asleep included.
            synchronised: whether the wall clock is known to be right.

        Raises:
            OutboxUnavailable: the file cannot be read.
        """
        self._file, self._boot = file, boot
        self._wall, self._counted_ms, self._synchronised = wall, counted_ms, synchronised
        self._guard = threading.Lock()
        self._right_ms = (
            None if file is None else _kept(file, boot)
        )  # wall clock minus counter, when last known to be right
        self._off_ms = 0

    @classmethod
    def for_this_computer(cls, folder: Path | None, *, wall: Callable[[], datetime]) -> Self:
        """Creates a clock from the kernel's boot counter and its word on whether the wall clock is right.

        Args:
            folder: the outbox's existing folder; None keeps nothing over a restart.
            wall: the wall clock, aware UTC.

        Raises:
            OutboxUnavailable: the saved difference cannot be read.
        """
        counter = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        return cls(
            folder and folder / NAME,
            boot=_BOOT.read_text().strip() if _BOOT.is_file() else "",
            wall=wall,
            counted_ms=lambda: time.clock_gettime_ns(counter) // 1_000_000,
            synchronised=is_synchronised,
        )

    def __call__(self) -> datetime:
        """The time, aware UTC."""
        with self._guard:
            # Checked before and after: the clock may be set between any two lines, to a wrong time or to the right one.
            was_right = self._synchronised()
            wall_ms, counted_ms = self._read()
            apart_ms = wall_ms - counted_ms
            if was_right and self._synchronised():
                self._keep(apart_ms)
            right_ms = apart_ms if self._right_ms is None else self._right_ms
            self._off_ms = apart_ms - right_ms
            return from_ms(counted_ms + right_ms)

    def problem(self) -> str:
        """The wall clock's problem in one line; "" if none is known."""
        off_ms = self._off_ms
        if abs(off_ms) <= TOLERANCE_MS:
            return ""
        return (
            f"somebody set this computer's clock {abs(off_ms) // 1000} s {'ahead' if off_ms > 0 else 'back'}, and no "
            "time server confirms it; windows keep the old time: correct the clock, or restart if it is right"
        )

    def _read(self) -> tuple[int, int]:
        """Reads both clocks at one instant; repeats if the process was suspended in between."""
        for _ in range(_READS):
            before_ms, wall_ms, after_ms = self._counted_ms(), to_ms(self._wall()), self._counted_ms()
            if after_ms - before_ms <= _BETWEEN_MS:
                break
        return wall_ms, after_ms

    def _keep(self, apart_ms: int) -> None:
        known_ms, self._right_ms = self._right_ms, apart_ms
        if self._file is not None and self._boot and (known_ms is None or abs(apart_ms - known_ms) > TOLERANCE_MS):
            # If the disk is full, only the value for the next restart is lost.
            with contextlib.suppress(OSError):
                write_atomic(self._file, f"{self._boot} {apart_ms}\n".encode(), part=self._file.with_suffix(".part"))


def _kept(file: Path, boot: str) -> int | None:
    try:
        line = _LINE.fullmatch(file.read_text(encoding="ascii", errors="replace"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutboxUnavailable(f"{file} cannot be read ({error.strerror})") from None
    return int(line[2]) if line and line[1] == boot else None


def is_synchronised() -> bool:
    """Whether the kernel reports that a time service keeps the wall clock right; False if it does not say."""
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    return adjtimex is not None and 0 <= adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)) < _NOT_SYNCHRONISED


EARLIEST_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Older than any release of Houselights: a clock that shows an earlier time was never set."""

NETWORK_TIME_WAIT_S: Final = 180.0
"""How long after boot to wait for a time server, seconds; a network takes one or two minutes to come up. After that the
camera records, and reports that its clock is not synchronised."""


def check_clock(
    now: datetime,
    *,
    since_boot_s: Callable[[], float] = lambda: time.clock_gettime(
        getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    ),
    synchronised: Callable[[], bool] = is_synchronised,
) -> None:
    """Checks that the clock may be used to timestamp frames.

    Args:
        now: the clock's time, aware UTC.
        since_boot_s: seconds since boot.
        synchronised: whether a time server keeps the clock right.

    Raises:
        DeviceError: the clock is not right yet; try again later.
    """
    if now < EARLIEST_TIME:
        raise DeviceError(f"the clock shows {now:%Y-%m-%d}, so it was never set: nothing is recorded until it is")
    if not synchronised() and since_boot_s() < NETWORK_TIME_WAIT_S:
        raise DeviceError("the computer was just switched on and no time server has set its clock yet: waiting for one")


def clock_warning(synchronised: Callable[[], bool] = is_synchronised) -> str:
    """A one-line warning for a clock that no time server keeps; "" if one does."""
    return "" if synchronised() else "no time server keeps the clock: seconds may be wrong"
