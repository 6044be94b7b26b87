"""A clock that was never set is waited for; one without a time server is used, with a warning."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audience.errors import DeviceError
from edge_lambda.clock import NETWORK_TIME_WAIT_S, check_clock, clock_warning

TODAY = datetime(2026, 11, 27, tzinfo=UTC)


def checked(now: datetime = TODAY, *, up_s: float = 1e6, synchronised: bool = True) -> None:
    check_clock(now, since_boot_s=lambda: up_s, synchronised=lambda: synchronised)


@pytest.mark.parametrize("year", [1970, 2025])
@pytest.mark.parametrize("synchronised", [False, True])
def test_a_clock_that_was_never_set_is_waited_for(year: int, synchronised: bool) -> None:
    with pytest.raises(DeviceError, match=f"{year}-"):
        checked(datetime(year, 5, 1, tzinfo=UTC), synchronised=synchronised)


def test_a_computer_that_was_just_switched_on_waits_for_a_time_server() -> None:
    with pytest.raises(DeviceError, match="time server"):
        checked(up_s=NETWORK_TIME_WAIT_S - 1, synchronised=False)


def test_one_that_a_time_server_keeps_or_that_has_waited_long_enough_goes_on() -> None:
    checked(up_s=1, synchronised=True)
    checked(up_s=NETWORK_TIME_WAIT_S, synchronised=False)


def test_a_clock_without_a_time_server_is_reported() -> None:
    assert clock_warning(lambda: True) == ""
    assert "time server" in clock_warning(lambda: False)
