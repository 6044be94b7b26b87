"""The clock for frames does not follow changes of the computer's clock unless that is known to be right."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import OutboxUnavailable
from audience.time import from_ms, to_ms
from edge_lambda.clock import NAME, SteadyClock, is_synchronised
from tests.builders import BEGAN_MS

HOUR_MS = 3_600_000


@dataclass
class Computer:
    """A computer's clocks: true time goes on, the wall clock is what somebody set it to."""

    file: Path | None
    passed_ms: int = 0
    set_ms: int = 0  # by how much the wall clock is wrong
    synchronised: bool = True
    boot: str = "boot-1"
    stands_ms: int = 0  # it stands still for so long before its wall clock is read, once
    before_reading: Callable[[], None] | None = None  # happens before its wall clock is read, once
    after_reading: Callable[[], None] | None = None

    def clock(self) -> SteadyClock:
        return SteadyClock(
            self.file,
            boot=self.boot,
            wall=self._wall,
            counted_ms=lambda: self.passed_ms,
            synchronised=lambda: self.synchronised,
        )

    def _wall(self) -> datetime:
        self.passed_ms, self.stands_ms = self.passed_ms + self.stands_ms, 0
        before, self.before_reading = self.before_reading, None
        after, self.after_reading = self.after_reading, None
        if before:
            before()
        read = from_ms(BEGAN_MS + self.passed_ms + self.set_ms)
        if after:
            after()
        return read

    def set(self, by_ms: int, *, synchronised: bool) -> None:
        """Sets the wall clock."""
        self.set_ms, self.synchronised = by_ms, synchronised

    def wrong_by_ms(self, clock: SteadyClock) -> int:
        """By how much a clock is wrong."""
        return to_ms(clock()) - BEGAN_MS - self.passed_ms


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path / NAME)


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS, 90_000, -2 * 365 * 24 * HOUR_MS])
def test_a_clock_that_was_right_goes_on_when_somebody_sets_the_computers(computer, jump_ms):
    clock = computer.clock()
    assert computer.wrong_by_ms(clock) == 0
    computer.passed_ms, computer.set_ms, computer.synchronised = 60_000, jump_ms, False
    assert computer.wrong_by_ms(clock) == 0
    assert f"{abs(jump_ms) // 1000} s {'ahead' if jump_ms > 0 else 'back'}" in clock.problem()
    computer.set_ms = 0
    assert computer.wrong_by_ms(clock) == 0
    assert clock.problem() == ""


def test_the_time_that_a_time_server_gives_is_taken_at_once(computer):
    computer.set_ms = -HOUR_MS  # as a computer without a clock of its own comes up
    computer.synchronised = False
    clock = computer.clock()
    assert computer.wrong_by_ms(clock) == -HOUR_MS
    computer.set_ms, computer.synchronised = 0, True
    assert computer.wrong_by_ms(clock) == 0
    assert clock.problem() == ""


def test_a_clock_that_was_never_known_to_be_right_follows_the_computers(computer):
    """By hand, say, where no time server can be reached: the old time was known to be right by nobody."""
    computer.synchronised, computer.set_ms = False, -HOUR_MS
    clock = computer.clock()
    assert computer.wrong_by_ms(clock) == -HOUR_MS
    computer.set_ms = 5
    assert computer.wrong_by_ms(clock) == 5
    assert clock.problem() == ""


def test_the_known_difference_survives_a_restart_of_the_program(computer):
    computer.clock()()
    computer.passed_ms, computer.set_ms, computer.synchronised = 10_000, HOUR_MS, False
    clock = computer.clock()
    assert computer.wrong_by_ms(clock) == 0
    assert "3600 s ahead" in clock.problem()


def test_but_no_restart_of_the_computer(computer):
    computer.clock()()
    computer.boot, computer.passed_ms, computer.set_ms, computer.synchronised = "boot-2", 0, HOUR_MS, False
    assert computer.wrong_by_ms(computer.clock()) == HOUR_MS


def test_a_computer_without_a_boot_id_keeps_nothing(computer):
    computer.boot = ""
    computer.clock()()
    assert not computer.file.exists()


def test_a_small_correction_is_followed_and_not_reported(computer):
    clock = computer.clock()
    clock()
    computer.set_ms = 400
    assert computer.wrong_by_ms(clock) == 400
    computer.synchronised, computer.set_ms = False, 700
    assert computer.wrong_by_ms(clock) == 400
    assert clock.problem() == ""


def test_a_suspended_computer_is_not_taken_for_a_changed_clock(computer):
    clock = computer.clock()
    clock()
    computer.synchronised, computer.stands_ms = False, 5_000
    assert computer.wrong_by_ms(clock) == 0
    computer.synchronised, computer.stands_ms = True, 5_000
    assert computer.wrong_by_ms(clock) == 0


@pytest.mark.parametrize("when", ["before_reading", "after_reading"])
def test_a_clock_that_is_set_at_the_instant_it_is_read_is_ignored(computer, when):
    clock = computer.clock()
    clock()
    setattr(computer, when, lambda: computer.set(HOUR_MS, synchronised=False))
    assert computer.wrong_by_ms(clock) == 0
    assert computer.wrong_by_ms(clock) == 0
    setattr(computer, when, lambda: computer.set(0, synchronised=True))
    assert computer.wrong_by_ms(clock) == 0
    assert computer.wrong_by_ms(computer.clock()) == 0


@given(events=st.lists(st.tuples(st.integers(0, 10**7), st.integers(-(10**8), 10**8), st.booleans()), max_size=12))
def test_once_it_was_right_it_stays_right_whoever_sets_it_to_whatever(events):
    computer = Computer(None)
    clock = computer.clock()
    clock()
    for passed_ms, set_ms, right in events:
        computer.passed_ms += passed_ms
        computer.synchronised, computer.set_ms = right, 0 if right else set_ms
        assert computer.wrong_by_ms(clock) == 0
        assert bool(clock.problem()) == (abs(computer.set_ms) > 1000)


@pytest.mark.parametrize("damaged", [b"", b"boot-1", b"\xff\xfe", b"boot-1 1e9\n", b"boot-1 -\n"])
def test_a_damaged_file_says_nothing(computer, damaged):
    computer.file.write_bytes(damaged)
    computer.synchronised, computer.set_ms = False, HOUR_MS
    assert computer.wrong_by_ms(computer.clock()) == HOUR_MS


def test_a_file_that_cannot_be_read_is_reported_in_one_line(computer):
    computer.file.mkdir()
    with pytest.raises(OutboxUnavailable, match="cannot be read"):
        computer.clock()


def test_a_disk_that_cannot_be_written_does_not_stop_the_clock(tmp_path):
    computer = Computer(tmp_path / "not there" / NAME)
    assert computer.wrong_by_ms(computer.clock()) == 0


def test_it_gives_the_time_of_this_computer(tmp_path):
    clock = SteadyClock.for_this_computer(tmp_path, wall=lambda: datetime.now(UTC))
    assert abs(clock() - datetime.now(UTC)) < timedelta(seconds=30)
    assert clock.problem() == ""
    assert is_synchronised() in (True, False)
    counted, began = time.monotonic(), clock()
    time.sleep(0.02)
    assert (clock() - began).total_seconds() <= time.monotonic() - counted + 0.01
