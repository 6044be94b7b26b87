"""Reports to CloudWatch: one structured log line per message, and metrics in the embedded metric format.

Log lines contain no pictures, tracks or untrusted text. Each metric of each session and stage costs money for every
hour in which it is sent, so there are few; those used by alarms are also sent for the whole service.

CloudWatch charges for every line's bytes. So values are gathered over several calls of the function (`GATHER_S`), and
of the lines about what went well a copy writes `LINES_A_MINUTE`, then one delivery in `ONE_IN`; what went wrong is
always written (docs/decisions/0077-operations.md).
"""

from __future__ import annotations

import threading
import time
import traceback
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from audience.errors import HouselightsError, SheetRejected
from audience.store import Heartbeat
from ingest_lambda.ingest import IngestResult

GATHER_S: Final = 10.0
"""How long values of the whole service are gathered, seconds. A copy that is called no more within that time keeps its
last ones until its next call, and loses them if AWS ends it."""

GATHER_STAGE_S: Final = 60.0
"""The same for the values of one stage, which the dashboard shows by the minute."""

LINES_A_MINUTE: Final = 20
"""Lines about what went well that one copy of the function writes in a minute, before it leaves some out."""

ONE_IN: Final = 100
"""Of the others, one in so many is written: by the delivery's id, so that every copy chooses the same."""


class CloudReporter:
    """Implements `ingest_lambda.worker.Reporter`; `flush` writes the metrics."""

    def __init__(
        self, *, namespace: str, service: str, by_stage: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Creates the object without output.

        Args:
            namespace: namespace of the metrics.
            service: service name in metrics and log lines.
            by_stage: whether each stage has metrics of its own.
            clock: a steady clock, seconds.
        """
        self._by_stage = by_stage
        self._clock = clock
        self._flushed: dict[bool, float] = {}  # of stages or of the service: when, by the clock
        self._urgent = False  # something went wrong since the last flush
        self._minute, self._lines, self._left_out = 0, 0, 0
        self._namespace, self._service = namespace, service
        self._log = Logger(service=service, utc=True)
        self._metrics: dict[tuple[str, str], EphemeralMetrics] = {}
        self._lock = threading.Lock()  # messages are processed in several threads

    def recorded(self, result: IngestResult, *, delivery: str, delay_ms: int, clock_error_ms: int | None) -> None:
        values = {
            "Faces": (MetricUnit.Count, result.faces),
            "Unmatched": (MetricUnit.Count, result.unmatched),
            "DelayFromCapture": (MetricUnit.Milliseconds, delay_ms),
        }
        shares = {
            f"Share{expression.capitalize()}": (MetricUnit.NoUnit, round(share, 3))
            for expression, share in result.shares.items()
        }
        self._add(values)
        self._add(values | shares | _clock_error(clock_error_ms), session=result.session_id, stage=result.stage_id)
        self._info(
            "recorded",
            delivery,
            delivery=delivery,
            session=result.session_id,
            stage=result.stage_id,
            camera=result.camera_id,
            kind=result.kind,
            windows=result.windows,
            faces=result.faces,
            unmatched=result.unmatched,
            delay_ms=delay_ms,
            clock_error_ms=clock_error_ms,
        )

    def status(self, heartbeat: Heartbeat, *, clock_error_ms: int | None) -> None:
        self._add(_clock_error(clock_error_ms), session=heartbeat.session_id, stage=heartbeat.stage_id)
        self._info(
            "status",
            f"{heartbeat.camera_id} {heartbeat.at_ms}",
            session=heartbeat.session_id,
            stage=heartbeat.stage_id,
            camera=heartbeat.camera_id,
            kind="status",
            state=heartbeat.state,
            faces=heartbeat.faces,
            clock_error_ms=clock_error_ms,
        )

    def duplicate(self, key: str) -> None:
        pass  # every delivery that the live queue recorded comes a second time

    def refused(self, what: str, problem: HouselightsError) -> None:
        self._add({"Rejected": (MetricUnit.Count, 1)})
        self._urgent = True
        # The text of a rejection may quote untrusted text; it is in the dead-letter queue only.
        reason = type(problem).__name__ if isinstance(problem, SheetRejected) else str(problem)
        self._log.warning("refused", of=what, reason=reason)

    def failed(self, problem: Exception) -> None:
        self._add({"Failed": (MetricUnit.Count, 1)})
        self._urgent = True
        if isinstance(problem, HouselightsError):
            self._log.error("will be retried", reason=str(problem))
            return
        # File and line only: the exception's text may quote a delivery.
        where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(problem.__traceback__)]
        self._log.error("will be retried", reason=type(problem).__name__, where=where)

    def postponed(self, problem: Exception | None) -> None:
        # Without a line: an overload would fill the log. What fails for good is named by the second queue.
        self._add({"Postponed": (MetricUnit.Count, 1)})

    def flush(self, *, all_of_them: bool = False) -> None:
        """Writes the values that were gathered long enough; after something went wrong, all of the service's.

        Args:
            all_of_them: whether to write those that are not due too.
        """
        now = self._clock()
        with self._lock:
            due = {
                stages
                for stages, gather_s in ((False, GATHER_S), (True, GATHER_STAGE_S))
                if all_of_them
                or (self._urgent and not stages)
                or stages not in self._flushed
                or now - self._flushed[stages] >= gather_s
            }
            self._urgent = False
            self._flushed |= dict.fromkeys(due, now)
            metrics = [self._metrics.pop(key) for key in list(self._metrics) if bool(key[0]) in due]
        for one in metrics:
            if one.metric_set:  # empty after 100 values of a metric: Powertools has flushed by itself
                one.flush_metrics()

    def _info(self, message: str, sampled_by: str, **fields: Any) -> None:
        """Writes a line about what went well, or leaves it out."""
        minute = int(self._clock() // 60)
        with self._lock:
            if minute != self._minute:
                self._minute, self._lines = minute, 0
            self._lines += 1
            if self._lines > LINES_A_MINUTE and zlib.crc32(sampled_by.encode()) % ONE_IN:
                self._left_out += 1
                return
            left_out, self._left_out = self._left_out, 0
        if left_out:
            fields["left_out"] = left_out
        self._log.info(message, **fields)

    def _add(self, values: Mapping[str, tuple[MetricUnit, float]], *, session: str = "", stage: str = "") -> None:
        if not values or (session and not self._by_stage):
            return
        with self._lock:
            one = self._metrics.get((session, stage))
            if one is None:
                one = EphemeralMetrics(namespace=self._namespace, service=self._service)
                if session:
                    one.add_dimension(name="session", value=session)
                    one.add_dimension(name="stage", value=stage)
                self._metrics[session, stage] = one
            if not one.metric_set:
                one.set_timestamp(time.time_ns() // 1_000_000)  # not that of the flush: it may be a minute later
            for name, (unit, value) in values.items():
                one.add_metric(name=name, unit=unit, value=value)


def _clock_error(clock_error_ms: int | None) -> dict[str, tuple[Any, float]]:
    return {} if clock_error_ms is None else {"ClockError": (MetricUnit.Milliseconds, clock_error_ms)}
