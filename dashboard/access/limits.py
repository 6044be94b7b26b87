"""Rate limits by address: token buckets for what is open to everybody."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address

# A festival's Wi-Fi shows all its phones under one address. Three thousand of them ask 1,500 times a second, and open
# the page within a minute of each other when it is announced.
TOKENS_A_SECOND: Final = 2000.0
MOST_TOKENS: Final = 8000.0
# Who has none left and goes on looking for what is not there waits for a twentieth of a second each time.
MOST_OWED: Final = 100.0
MOST_ADDRESSES: Final = 20_000
# Somebody's own line has a /64 of IPv6, and could ask from each of its addresses in turn.
_LINE_V6: Final = 64


class Limits:
    """The tokens of each address; the addresses that asked last are remembered."""

    def __init__(self, *, most: float = MOST_TOKENS, a_second: float = TOKENS_A_SECOND) -> None:
        """Starts with full buckets.

        Args:
            most: tokens that an address has to begin with, and never more.
            a_second: tokens that come back.
        """
        self._most, self._a_second = most, a_second
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str, cost: float, now_s: float) -> bool:
        """Takes tokens where there are enough, and says whether there were.

        Args:
            address: who asks, as `line_of` gives it.
            cost: tokens; more than there are is not taken.
            now_s: a clock that only goes forward, seconds.

        Returns:
            Whether there were as many.
        """
        left = self._left(address, now_s)
        enough = left >= cost
        self._keep(address, left - cost if enough else left, now_s)
        return enough

    def charge(self, address: str, cost: float, now_s: float) -> None:
        """Takes tokens for the actual cost of a response, down to `MOST_OWED` below zero."""
        self._keep(address, max(-MOST_OWED, self._left(address, now_s) - cost), now_s)

    def wait_s(self, address: str, cost: float, now_s: float) -> float:
        """Takes tokens, missing ones in advance, and gives the seconds to wait for them.

        Returns:
            Seconds until they will have come back; 0 where there were as many.
        """
        left = self._left(address, now_s) - cost
        self._keep(address, left, now_s)
        return max(0.0, -left / self._a_second)

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._known)

    def _left(self, address: str, now_s: float) -> float:
        left, at_s = self._known.get(address, (self._most, now_s))
        return min(self._most, left + (now_s - at_s) * self._a_second)

    def _keep(self, address: str, left: float, now_s: float) -> None:
        self._known[address] = (left, now_s)
        self._known.move_to_end(address)
        while len(self._known) > MOST_ADDRESSES:
            self._known.popitem(last=False)


def client_of(peer: str, forwarded: str, proxies: Sequence[IPv4Network | IPv6Network]) -> str:
    """The client behind a request: the peer, or the last address that trusted proxies name.

    Args:
        peer: the address the connection is from.
        forwarded: all of `X-Forwarded-For`, "" where there is none; anybody can write anything into it.
        proxies: whose word is taken.
    """
    address = _address(peer)
    for named in reversed(forwarded.split(",") if forwarded else []):
        if address is None or not _is_in(address, proxies):
            break
        if (before := _address(named.strip())) is None:
            break
        address = before
    return peer if address is None else str(address)


def line_of(client: str) -> str:
    """The key under which tokens are counted: an address, or its /64 network."""
    address = _address(client)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _LINE_V6), strict=False))
    return client


def is_one_of(client: str, proxies: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Whether an address is a trusted proxy."""
    address = _address(client)
    return address is not None and _is_in(address, proxies)


def is_loopback(client: str) -> bool:
    """Whether an address is this machine's own."""
    address = _address(client)
    return address is not None and address.is_loopback


def _is_in(address: Address, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
