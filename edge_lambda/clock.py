"""The clock that stamps frames: it keeps going where somebody sets the computer's clock to another time.

A computer's wall clock is what it was set to last: by a network time service, by hand, by a virtual machine's host, by
a summer time written into its hardware. A second clock, which counts since the computer started, is set by nobody.
While the two keep their distance nobody has set anything; and their distance at an instant at which the wall clock was
known to be right gives the right time ever after.

A computer without a clock of its own comes up in 1970, or at the time it was switched off, until a time server corrects
it. What is recorded meanwhile would stand hours from where it belongs, or be refused where it arrives: so the network's
time is waited for. Reasons and open questions: `docs/decisions/0029-device-clock.md`.
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
from edge_lambda.whole_file import write_whole

NAME: Final = "clock"
"""Of the file that keeps the distance over restarts; in the outbox's folder."""

SET_MS: Final = 1000
"""A wall clock that is off by no more is not spoken of: a window is as wide."""

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_LINE = re.compile(r"(\S+) (-?\d{1,15})\n")
_NOT_SYNCHRONISED: Final = 5  # adjtimex(2): TIME_ERROR
_TIMEX_BYTES: Final = 1024  # more than any system's `struct timex`; all zero asks and sets nothing
_BETWEEN_MS: Final = 20  # two clocks that are read within so long were read at once
_READS: Final = 5


class SteadyClock:
    """The wall clock, for as long as it is right or nothing better is known; from then on the time it told, counted on.

    For any number of threads.
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
        """Takes up what the program knew before a restart.

        Args:
            file: keeps what is known; its folder is there. None to keep nothing.
            boot: names the start of the computer that `counted_ms` counts from; "" where that is not known.
            wall: the wall clock, aware UTC.
            counted_ms: milliseconds since the computer started, those in which it slept included.
            synchronised: whether the wall clock is known to be right.

        Raises:
            OutboxUnavailable: the file cannot be read.
        """
        self._file, self._boot = file, boot
        self._wall, self._counted_ms, self._synchronised = wall, counted_ms, synchronised
        self._guard = threading.Lock()
        self._right_ms = None if file is None else _kept(file, boot)  # wall clock less counter, when it was right last
        self._off_ms = 0

    @classmethod
    def of_this_computer(cls, folder: Path | None, *, wall: Callable[[], datetime]) -> Self:
        """Counts by the kernel, and believes it about the wall clock.

        Args:
            folder: the outbox's, which is there; None to keep nothing over a restart.
            wall: the wall clock, aware UTC.

        Raises:
            OutboxUnavailable: what was kept there cannot be read.
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
            # Before and after: the clock may be set between any two lines, to a wrong time or to the right one.
            was_right = self._synchronised()
            wall_ms, counted_ms = self._read()
            apart_ms = wall_ms - counted_ms
            if was_right and self._synchronised():
                self._keep(apart_ms)
            right_ms = apart_ms if self._right_ms is None else self._right_ms
            self._off_ms = apart_ms - right_ms
            return from_ms(counted_ms + right_ms)

    def problem(self) -> str:
        """What is wrong with the wall clock, in one line; "" where nothing is known to be."""
        off_ms = self._off_ms
        if abs(off_ms) <= SET_MS:
            return ""
        return (
            f"somebody set this computer's clock {abs(off_ms) // 1000} s {'ahead' if off_ms > 0 else 'back'}, and no "
            "time server agrees: windows keep to the time before; set the clock right, or restart the computer if it is"
        )

    def _read(self) -> tuple[int, int]:
        """Both clocks at one instant. A computer may stand still between any two lines of a program."""
        for _ in range(_READS):
            before_ms, wall_ms, after_ms = self._counted_ms(), to_ms(self._wall()), self._counted_ms()
            if after_ms - before_ms <= _BETWEEN_MS:
                break
        return wall_ms, after_ms

    def _keep(self, apart_ms: int) -> None:
        known_ms, self._right_ms = self._right_ms, apart_ms
        if self._file is not None and self._boot and (known_ms is None or abs(apart_ms - known_ms) > SET_MS):
            # A disk that takes nothing costs what a restart would have known.
            with contextlib.suppress(OSError):
                write_whole(self._file, f"{self._boot} {apart_ms}\n".encode(), part=self._file.with_suffix(".part"))


def _kept(file: Path, boot: str) -> int | None:
    try:
        line = _LINE.fullmatch(file.read_text(encoding="ascii", errors="replace"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutboxUnavailable(f"{file} cannot be read ({error.strerror})") from None
    return int(line[2]) if line and line[1] == boot else None


def is_synchronised() -> bool:
    """Whether a time service keeps the wall clock right, as the kernel knows it; False where it does not say."""
    ask = getattr(ctypes.CDLL(None), "adjtimex", None)
    return ask is not None and 0 <= ask(ctypes.create_string_buffer(_TIMEX_BYTES)) < _NOT_SYNCHRONISED


MADE_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Houselights was made after this: a clock that says less was never set."""

SETTLING_S: Final = 180.0
"""Seconds after the computer was switched on in which a time server is waited for; a network takes one or two minutes
to come up. Afterwards the camera records, and says that nobody vouches for its clock."""


def check_clock(
    now: datetime,
    *,
    since_boot_s: Callable[[], float] = lambda: time.clock_gettime(
        getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    ),
    synchronised: Callable[[], bool] = is_synchronised,
) -> None:
    """Checks that frames may be stamped by a clock.

    Args:
        now: what it says, aware UTC.
        since_boot_s: seconds since the computer was switched on.
        synchronised: whether a time server keeps it.

    Raises:
        DeviceError: it is to be waited for.
    """
    if now < MADE_AT:
        raise DeviceError(f"the clock says {now:%Y-%m-%d}: it was never set; nothing is recorded until it is")
    if not synchronised() and since_boot_s() < SETTLING_S:
        raise DeviceError("the computer was just switched on and no time server has set its clock yet: waiting for one")


def clock_word(synchronised: Callable[[], bool] = is_synchronised) -> str:
    """What is to be known of a clock that is used; "" where a time server keeps it."""
    return "" if synchronised() else "no time server keeps the clock: seconds may be wrong"
