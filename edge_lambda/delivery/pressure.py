"""Decides how a camera delivers while the cloud lags: fewer and fuller sheets first, then scored on the device.

What lags is read from a small object that the cloud writes every minute, and from the device's own outbox.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from audience.deliveries.pressure import LARGEST_PRESSURE, PRESSURE_KEY, read_pressure
from audience.errors import HouselightsError
from audience.store import DeliveryStep
from edge_lambda.delivery.outbox import OutboxStatus

BEHIND_S: Final = 30.0
"""Seconds behind from which a camera takes the next step."""

CALM_S: Final = 10.0
"""Seconds behind up to which the cloud counts as keeping up."""

NEXT_STEP_S: Final = 120.0
"""Seconds after a step until the next one: what a step changes shows after a minute or two."""

CALM_FOR_S: Final = 300.0
MOST_CALM_FOR_S: Final = 3600.0
"""Seconds that the cloud has to keep up before a camera goes back by one step, and the most of them: they double when
it falls behind again soon."""

RELAPSE_S: Final = 900.0
"""Seconds after a step back within which falling behind again is a relapse."""

READ_EVERY_S: Final = 60.0
STALE_S: Final = 180.0
"""Age of the cloud's object from which the receiving end is taken for stopped, seconds. It is written every minute."""

USUAL_WAIT_S: Final = 20.0
"""Age up to which a delivery in the outbox is nothing unusual, seconds: 12 s of windows, and the time of the upload."""


class DeliveryLadder:
    """The step at which a camera delivers, with hysteresis. Used by one thread."""

    def __init__(
        self,
        steps: Sequence[DeliveryStep],
        behind_s: Callable[[], float | None],
        *,
        now_s: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Starts at the first step.

        Args:
            steps: from the one without pressure on; at least one.
            behind_s: how far behind the cloud is, seconds; None if that is not known.
            now_s: a steady clock, seconds.
            uniform: a random number between two others: cameras go back one after the other.
        """
        self._steps, self._behind_s, self._now_s, self._uniform = tuple(steps), behind_s, now_s, uniform
        self._at = 0
        self._next_s = 0.0
        self._calm_since_s: float | None = None
        self._back_s: float | None = None
        self._calm_for_s = CALM_FOR_S
        self._wanted_s = self._spread()

    def step(self) -> DeliveryStep:
        """The step to deliver at now."""
        now_s, behind_s = self._now_s(), self._behind_s() or 0.0
        if behind_s >= BEHIND_S:
            self._calm_since_s = None
            if self._at + 1 < len(self._steps) and now_s >= self._next_s:
                self._fall_behind(now_s)
        elif behind_s > CALM_S:
            self._calm_since_s = None
        else:
            self._calm_since_s = now_s if self._calm_since_s is None else self._calm_since_s
            if self._at and now_s - self._calm_since_s >= self._wanted_s:
                self._at -= 1
                self._calm_since_s = self._back_s = now_s
                self._wanted_s = self._spread()
        return self._steps[self._at]

    def without(self, step: DeliveryStep) -> None:
        """Removes a step that turned out to be impossible, such as scoring on a device without the library for it."""
        self._steps = tuple(one for one in self._steps if one != step)
        self._at = min(self._at, len(self._steps) - 1)

    def _fall_behind(self, now_s: float) -> None:
        self._at += 1
        self._next_s = now_s + NEXT_STEP_S
        relapsed = self._back_s is not None and now_s - self._back_s < RELAPSE_S
        self._calm_for_s = min(MOST_CALM_FOR_S, 2 * self._calm_for_s) if relapsed else CALM_FOR_S
        self._wanted_s = self._spread()

    def _spread(self) -> float:
        return self._calm_for_s * self._uniform(1.0, 1.5)


class PressureWatch:
    """Knows how far behind the cloud is; reads its object in a thread."""

    def __init__(
        self,
        read: Callable[[], float | None] | None,
        outbox: Callable[[], OutboxStatus],
        now: Callable[[], datetime],
    ) -> None:
        """Creates the object without I/O; see `start`.

        Args:
            read: reads how far behind the cloud is, seconds, and never raises; None where there is no cloud to ask.
            outbox: the state of the outbox.
            now: the device's clock.
        """
        self._read, self._outbox, self._now = read, outbox, now
        self._cloud_s: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pressure", daemon=True)

    def start(self) -> None:
        """Starts to read."""
        if self._read is not None:
            self._thread.start()

    def stop(self) -> None:
        """Ends the reading, without waiting for it."""
        self._stop.set()

    def behind_s(self) -> float | None:
        """How far behind the cloud is, or the way to it, seconds; None if that is not known."""
        oldest_at = self._outbox().oldest_at
        if oldest_at is None:
            return self._cloud_s
        waits_s = max(0.0, (self._now() - oldest_at).total_seconds() - USUAL_WAIT_S)
        return max(waits_s, self._cloud_s or 0.0)

    def _run(self) -> None:
        assert self._read is not None
        while not self._stop.is_set():
            self._cloud_s = self._read()
            self._stop.wait(READ_EVERY_S)


def pressure_in_s3(connect: Callable[[], Any], bucket: str) -> Callable[[], float | None]:
    """What reads the cloud's object from S3.

    Args:
        connect: creates an S3 client, as `edge_lambda.delivery.s3_bucket.upload_client` does.
        bucket: the bucket of deliveries.

    Returns:
        A function that reads how far behind the cloud is, seconds; None where nothing can be read: then a stack without
        such an object goes on as ever, and a network that is down shows in the outbox.
    """
    # Only needed for S3, and slow to import on a small computer.
    from botocore.exceptions import BotoCoreError, ClientError

    client: Any = None

    def read() -> float | None:
        nonlocal client
        try:
            if client is None:
                client = connect()
            response = client.get_object(Bucket=bucket, Key=PRESSURE_KEY)
            pressure = read_pressure(response["Body"].read(LARGEST_PRESSURE + 1))
            # Both by S3's clock: the device's own may be wrong.
            asked_at = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])
            age_s = (asked_at - response["LastModified"]).total_seconds()
        except (BotoCoreError, ClientError, HouselightsError, KeyError, ValueError, OSError):
            client = None  # with new credentials next time
            return None
        return age_s if age_s > STALE_S else pressure.behind_s

    return read
