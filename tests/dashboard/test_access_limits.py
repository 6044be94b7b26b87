"""One address may ask for so much, and no header makes it another."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dashboard.access.limits import (
    MOST_ADDRESSES,
    MOST_TOKENS,
    TOKENS_A_SECOND,
    Limits,
    client_of,
    is_loopback,
    line_of,
)

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def test_a_festival_behind_one_address_asks_every_two_seconds_for_ever() -> None:
    limits = Limits()
    asked = [limits.take("192.0.2.1", 1, second) for second in range(60) for _ in range(1500)]
    assert all(asked)


def test_who_asks_for_more_is_refused_until_tokens_come_back() -> None:
    limits = Limits()
    assert sum(limits.take("192.0.2.1", 1, 0.0) for _ in range(20_000)) == MOST_TOKENS
    assert limits.take("192.0.2.2", 1, 0.0), "somebody else is not refused for it"
    assert not limits.take("192.0.2.1", 1, 0.0)
    assert sum(limits.take("192.0.2.1", 1, 1.0) for _ in range(20_000)) == TOKENS_A_SECOND


def test_looking_for_what_is_not_there_is_charged_down_to_nothing() -> None:
    limits = Limits()
    limits.charge("192.0.2.1", 10 * MOST_TOKENS, 0.0)
    assert not limits.take("192.0.2.1", 1, 0.0)
    assert limits.take("192.0.2.1", 1, 0.1)


def test_who_goes_on_looking_for_what_is_not_there_is_answered_twenty_times_a_second() -> None:
    limits = Limits()
    answered = 0
    for thousandth in range(10_000):
        if limits.take("192.0.2.1", 1, thousandth / 1000):
            limits.charge("192.0.2.1", 200, thousandth / 1000)
            answered += 1
    assert answered < MOST_TOKENS / 200 + 10 * TOKENS_A_SECOND / 100


def test_tokens_that_are_taken_in_advance_are_waited_for() -> None:
    limits = Limits(most=2, a_second=4)
    assert [limits.wait_s("ada", 1, 0.0) for _ in range(4)] == [0, 0, 0.25, 0.5]
    assert limits.wait_s("ada", 1, 10.0) == 0


def test_the_addresses_remembered_are_bounded() -> None:
    limits = Limits()
    for number in range(MOST_ADDRESSES + 50):
        limits.take(str(number), 1, 0.0)
    assert len(limits) == MOST_ADDRESSES


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.2.3.4", "198.51.100.7"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("fd00::1", "2001:db8::5", "2001:db8::5"),
        ("", "198.51.100.7", ""),
    ],
)
def test_only_trusted_proxies_say_whom_they_ask_for(peer: str, forwarded: str, client: str) -> None:
    assert client_of(peer, forwarded, PROXIES) == client


@given(some.text(max_size=60) | some.text(alphabet="0123456789., :abcdef%", max_size=60))
def test_no_header_moves_somebody_who_is_no_proxy(forwarded: str) -> None:
    assert client_of("192.0.2.1", forwarded, PROXIES) == "192.0.2.1"
    client_of("10.0.0.1", forwarded, PROXIES)


def test_the_addresses_of_one_line_share_their_tokens() -> None:
    assert line_of("2001:db8::5") == line_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert line_of("192.0.2.1") == "192.0.2.1"


def test_loopback_is_this_machine() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]))
    assert not any(map(is_loopback, ["192.0.2.1", "", "localhost.example", "0.0.0.0", "::ffff:192.0.2.1"]))
