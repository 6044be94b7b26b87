"""Instants have a zone, and whole milliseconds inside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from audience.time import clock_text, from_ms, parse_instant, to_ms

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001 - zones are drawn


@pytest.mark.parametrize(
    "text",
    ["2026-05-04T19:30:00+02:00", "2026-05-04T17:30:00Z", " 2026-05-04 17:30+00:00\n", "20260504T173000Z"],
)
def test_an_instant_may_be_written_in_any_zone(text):
    assert parse_instant(text) == datetime(2026, 5, 4, 17, 30, tzinfo=UTC)
    assert parse_instant(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["2026-05-04T19:30:00", "2026-05-04", "2026-05-04 19:30"])
def test_an_instant_without_a_zone_is_refused_with_an_example(text):
    with pytest.raises(InvalidValue, match="no zone: add Z"):
        parse_instant(text)


@pytest.mark.parametrize("text", ["", "now", "19:30", "2026-13-01T00:00Z", "2026-02-30T00:00Z", "1777915800"])
def test_text_that_is_not_a_date_and_time_is_refused_with_an_example(text):
    with pytest.raises(InvalidValue, match="2026-05-04T19:30:00"):
        parse_instant(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_instant_outside_the_calendar_is_refused(text):
    with pytest.raises(InvalidValue):
        parse_instant(text)


def test_a_datetime_without_a_zone_is_refused():
    with pytest.raises(InvalidValue, match="no zone"):
        to_ms(datetime(2026, 5, 4, 19, 30))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(("microsecond", "milliseconds"), [(0, 0), (999, 0), (1000, 1), (1999, 1), (999_999, 999)])
def test_milliseconds_are_rounded_down(microsecond, milliseconds):
    assert to_ms(datetime(1970, 1, 1, microsecond=microsecond, tzinfo=UTC)) == milliseconds


def test_milliseconds_are_rounded_down_before_the_epoch_too():
    assert to_ms(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


@given(st.integers(-(10**12), 10**13))
def test_milliseconds_round_trip(ms):
    assert to_ms(from_ms(ms)) == ms
    assert from_ms(ms).utcoffset() == timedelta(0)


@given(MOMENTS)
def test_an_instant_written_and_read_is_the_same_instant(moment):
    assert parse_instant(moment.isoformat()) == moment


@given(MOMENTS, MOMENTS)
def test_the_order_of_instants_is_the_order_of_their_milliseconds(one, other):
    if one <= other:
        assert to_ms(one) <= to_ms(other)
    assert timedelta(0) <= one - from_ms(to_ms(one)) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (7, "0:07"),
        (59.99, "0:59"),
        (60, "1:00"),
        (751, "12:31"),
        (3599, "59:59"),
        (3600, "1:00:00"),
        (3725, "1:02:05"),
        (36000, "10:00:00"),
        (-0.4, "0:00"),
        (-1, "-0:01"),
        (-65, "-1:05"),
    ],
)
def test_seconds_are_written_as_on_a_player(seconds, text):
    assert clock_text(seconds) == text
