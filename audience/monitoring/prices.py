"""Prices of AWS, in one place: dollars in us-east-1, without the free tier and without tax.

Where a price falls with the amount of a month, it is a `Tiers`; its first price stands beside it for small amounts.
Look up those of your region; amounts are counted elsewhere and do not depend on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

AS_OF: Final = date(2026, 11, 1)
"""When they were taken from each service's price page."""


@dataclass(frozen=True, slots=True)
class Tiers:
    """A price that falls with the amount used in a month.

    Attributes:
        steps: from which amount on, and dollars a unit from there on; the first from 0.
    """

    steps: tuple[tuple[float, float], ...]

    @property
    def first(self) -> float:
        """Dollars a unit of the first tier."""
        return self.steps[0][1]

    def cost(self, amount: float, *, used: float = 0.0) -> float:
        """Dollars for an amount.

        Args:
            amount: units, 0 or more.
            used: units used in the month before these.
        """
        ends = [until for (_, _), (until, _) in pairwise(self.steps)] + [float("inf")]
        total = 0.0
        for (begin, price), end in zip(self.steps, ends, strict=True):
            total += max(0.0, min(used + amount, end) - max(used, begin)) * price
        return total


DETECT_FACES_TIERS: Final = Tiers(((0, 1e-3), (1e6, 8e-4), (5e6, 6e-4), (35e6, 4e-4)))
"""Per image; https://aws.amazon.com/rekognition/pricing/"""
DETECT_FACES: Final = DETECT_FACES_TIERS.first

S3_PUT, S3_GET = 5e-6, 4e-7
EVENTBRIDGE = 1e-6
"""Per event; S3's events are charged."""
SQS_REQUEST = 4e-7
LAMBDA_CALL, LAMBDA_GB_S = 2e-7, 1.33334e-5
"""Per call, and per GB-second on arm64 (the first 7.5 billion of a month)."""

SNAPSTART_CACHE_GB_S, SNAPSTART_RESTORE_GB = 1.5046e-6, 1.397998e-4
"""Per GB-second that a version's snapshot of a Python function is kept (three hours at least), and per GB restored."""
PROVISIONED_GB_S, PROVISIONED_CALL_GB_S = 3.3334e-6, 7.7778e-6
"""Per GB-second on arm64 for which a copy is kept ready, and, instead of `LAMBDA_GB_S`, in which it runs."""

DYNAMODB_WRITE_UNIT, DYNAMODB_READ_UNIT = 6.25e-7, 1.25e-7
"""On demand: per started KB of an item written, and per started 4 KB read with strong consistency."""
DYNAMODB_WRITE_HOUR, DYNAMODB_READ_HOUR = 6.5e-4, 1.3e-4
"""Provisioned: per hour of one write unit a second, and of one read unit."""

DYNAMODB_GB_MONTH: Final = 0.25
"""Per GB kept for a month, beyond the first 25."""

IOT_TIERS: Final = Tiers(((0, 1e-6), (1e9, 8e-7), (5e9, 7e-7)))
"""Per message of up to 5 KB to IoT Core."""
IOT_MESSAGE, IOT_RULE = IOT_TIERS.first, 3e-7
"""The same for small amounts, and per message that a rule takes and forwards."""
IOT_CONNECTED_MINUTE = 8e-8

LOGS_TIERS: Final = Tiers(((0, 0.5), (10e3, 0.25), (30e3, 0.1), (50e3, 0.05)))
"""Per GB of a function's log that is taken in."""
TRACE: Final = 5e-6
"""Per trace recorded; of a function's calls one a second and 5 % of the others are."""
METRIC_HOUR: Final = 0.3 / 730
"""Per metric of one's own, by the hour in which it is sent."""

CLOUDFRONT_REQUEST: Final = 1e-6
CLOUDFRONT_TIERS: Final = Tiers(
    ((0, 0.085), (10e3, 0.08), (50e3, 0.06), (150e3, 0.04), (500e3, 0.03), (1_024e3, 0.025), (5_120e3, 0.02))
)
"""Per HTTPS request, and per GB to viewers in North America and Europe."""
