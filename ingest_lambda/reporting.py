"""Reports to CloudWatch: one structured log line per message, and metrics in the embedded metric format.

Log lines contain no pictures, tracks or untrusted text. Each metric of each session and stage costs money for every
hour in which it is sent, so there are few; those used by alarms are also sent for the whole service.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from audience.errors import HouselightsError, SheetRejected
from audience.store import Heartbeat
from ingest_lambda.ingest import IngestResult


class CloudReporter:
    """Implements `ingest_lambda.worker.Reporter`; `flush` writes the metrics."""

    def __init__(self, *, namespace: str, service: str, by_stage: bool = True) -> None:
        """Creates the object without output.

        Args:
            namespace: namespace of the metrics.
            service: service name in metrics and log lines.
            by_stage: whether each stage has metrics of its own.
        """
        self._by_stage = by_stage
        self._namespace, self._service = namespace, service
        self._log = Logger(service=service, utc=True)
        self._metrics: dict[tuple[str, str], EphemeralMetrics] = {}
        self._lock = threading.Lock()  # messages are processed in several threads

    def recorded(self, result: IngestResult, *, delay_ms: int, clock_error_ms: int | None) -> None:
        values = {
            "Faces": (MetricUnit.Count, result.faces),
            "Unmatched": (MetricUnit.Count, result.unmatched),
            "DelayFromCapture": (MetricUnit.Milliseconds, delay_ms),
        }
        shares = {
            f"Share{expression.capitalize()}": (MetricUnit.NoUnit, share) for expression, share in result.shares.items()
        }
        self._add(values)
        self._add(values | shares | _clock_error(clock_error_ms), session=result.session_id, stage=result.stage_id)
        self._log.info(
            "recorded",
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
        self._log.info(
            "status",
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
        # The text of a rejection may quote untrusted text; it is in the dead-letter queue only.
        reason = type(problem).__name__ if isinstance(problem, SheetRejected) else str(problem)
        self._log.warning("refused", of=what, reason=reason)

    def failed(self, problem: Exception) -> None:
        self._add({"Failed": (MetricUnit.Count, 1)})
        if isinstance(problem, HouselightsError):
            self._log.error("will be retried", reason=str(problem))
            return
        # File and line only: the exception's text may quote a delivery.
        where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(problem.__traceback__)]
        self._log.error("will be retried", reason=type(problem).__name__, where=where)

    def postponed(self, problem: Exception | None) -> None:
        # Without a line: an overload would fill the log. What fails for good is named by the second queue.
        self._add({"Postponed": (MetricUnit.Count, 1)})

    def flush(self) -> None:
        """Writes the metrics since the last flush."""
        with self._lock:
            metrics, self._metrics = self._metrics, {}
        for one in metrics.values():
            if one.metric_set:  # empty after 100 values of a metric: Powertools has flushed by itself
                one.flush_metrics()

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
            for name, (unit, value) in values.items():
                one.add_metric(name=name, unit=unit, value=value)


def _clock_error(clock_error_ms: int | None) -> dict[str, tuple[Any, float]]:
    return {} if clock_error_ms is None else {"ClockError": (MetricUnit.Milliseconds, clock_error_ms)}
