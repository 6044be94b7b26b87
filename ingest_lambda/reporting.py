"""What happened, as the cloud shows it: one structured line a message, and metrics in CloudWatch's embedded format.

Lines hold no picture, no track and nothing a stranger wrote. Each metric of each session and stage costs money for each
hour it is sent, so there are few; those for alarms are of the whole service, too.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from audience.errors import HouselightsError, SheetRejected
from audience.store import Heartbeat
from ingest_lambda.ingest import Taken


class CloudReporter:
    """Implements `ingest_lambda.worker.Reporter`; metrics are written by `flush`."""

    def __init__(self, *, namespace: str, service: str) -> None:
        """Writes nothing yet.

        Args:
            namespace, service: of the metrics and lines.
        """
        self._namespace, self._service = namespace, service
        self._log = Logger(service=service, utc=True)
        self._metrics: dict[tuple[str, str], EphemeralMetrics] = {}

    def taken(self, taken: Taken, *, delay_ms: int, clock_error_ms: int | None) -> None:
        values = {
            "Faces": (MetricUnit.Count, taken.faces),
            "Unmatched": (MetricUnit.Count, taken.unmatched),
            "DelayFromCapture": (MetricUnit.Milliseconds, delay_ms),
        }
        shares = {
            f"Share{expression.capitalize()}": (MetricUnit.NoUnit, share) for expression, share in taken.shares.items()
        }
        self._add(values)
        self._add(values | shares | _clock_error(clock_error_ms), session=taken.session_id, stage=taken.stage_id)
        self._log.info(
            "taken",
            session=taken.session_id,
            stage=taken.stage_id,
            camera=taken.camera_id,
            kind=taken.kind,
            windows=taken.windows,
            faces=taken.faces,
            unmatched=taken.unmatched,
            delay_ms=delay_ms,
            clock_error_ms=clock_error_ms,
        )

    def beat(self, heartbeat: Heartbeat, *, clock_error_ms: int | None) -> None:
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

    def gone_but_taken(self, key: str) -> None:
        self._log.info("taken before", key=key)

    def refused(self, what: str, problem: HouselightsError) -> None:
        self._add({"Rejected": (MetricUnit.Count, 1)})
        # The text of a rejection may quote what a stranger wrote; the dead-letter queue has it.
        reason = type(problem).__name__ if isinstance(problem, SheetRejected) else str(problem)
        self._log.warning("set aside", of=what, reason=reason)

    def failed(self, problem: Exception) -> None:
        self._add({"Failed": (MetricUnit.Count, 1)})
        if isinstance(problem, HouselightsError):
            self._log.error("will come again", reason=str(problem))
            return
        # Where it went wrong, but not what it was about.
        where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(problem.__traceback__)]
        self._log.error("will come again", reason=type(problem).__name__, where=where)

    def flush(self) -> None:
        """Writes the metrics of everything since the last time."""
        metrics, self._metrics = self._metrics, {}
        for one in metrics.values():
            if one.metric_set:  # what holds a hundred values of a metric wrote them by itself
                one.flush_metrics()

    def _add(self, values: Mapping[str, tuple[MetricUnit, float]], *, session: str = "", stage: str = "") -> None:
        if not values:
            return
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
