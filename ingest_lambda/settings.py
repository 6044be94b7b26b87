"""Settings of the function, read from environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from audience.errors import InvalidValue
from ingest_lambda.ingest import Keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings.

    Attributes:
        store_url: `HOUSELIGHTS_STORE`.
        dead_letters_url: `HOUSELIGHTS_DEAD_LETTERS`, URL of the queue for messages that can never be recorded.
        keep: `KEEP_WINDOWS_DAYS` and `KEEP_FACES_DAYS`.
        keep_crops_days: `KEEP_CROPS_DAYS`: 0 removes a delivery once it is recorded; otherwise it is moved, and a
            lifecycle rule of the bucket removes it after that many days.
        live_queue_arn, statuses_arn: `HOUSELIGHTS_LIVE_QUEUE` and `HOUSELIGHTS_STATUSES`, the queues beside that of
            all deliveries; "" for none.
        queue_url, bucket: `HOUSELIGHTS_QUEUE` and `HOUSELIGHTS_DELIVERIES`, to measure the pressure and to write it; ""
            for none.
        calls_per_s: `DETECT_FACES_PER_SECOND`, sheets that may be scored a second, over all copies of the function.
        live_copies, backlog_copies: `LIVE_COPIES` and `BACKLOG_COPIES`, among how many copies of the function that is
            divided.
        backlog_writes_per_s: `BACKLOG_WRITES_PER_SECOND`, records that the backlog may write a second; 0 for no limit.
        metrics_by_stage: `METRICS_BY_STAGE`: whether each stage has metrics of its own.
        namespace, service: `POWERTOOLS_METRICS_NAMESPACE` and `POWERTOOLS_SERVICE_NAME`, for metrics and log lines.
    """

    store_url: str
    dead_letters_url: str
    keep: Keep
    keep_crops_days: int
    live_queue_arn: str
    statuses_arn: str
    queue_url: str
    bucket: str
    calls_per_s: int
    live_copies: int
    backlog_copies: int
    backlog_writes_per_s: int
    metrics_by_stage: bool
    namespace: str
    service: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Reads the settings.

        Raises:
            InvalidValue: a variable is missing or wrong.
        """
        default = Keep()
        return cls(
            store_url=required(environment, "HOUSELIGHTS_STORE"),
            dead_letters_url=required(environment, "HOUSELIGHTS_DEAD_LETTERS"),
            keep=Keep(
                windows_days=_days(environment, "KEEP_WINDOWS_DAYS", default.windows_days),
                faces_days=_days(environment, "KEEP_FACES_DAYS", default.faces_days),
            ),
            keep_crops_days=_days(environment, "KEEP_CROPS_DAYS", 0),
            live_queue_arn=environment.get("HOUSELIGHTS_LIVE_QUEUE", ""),
            statuses_arn=environment.get("HOUSELIGHTS_STATUSES", ""),
            queue_url=environment.get("HOUSELIGHTS_QUEUE", ""),
            bucket=environment.get("HOUSELIGHTS_DELIVERIES", ""),
            calls_per_s=_count(environment, "DETECT_FACES_PER_SECOND", 50),
            live_copies=_count(environment, "LIVE_COPIES", 6),
            backlog_copies=_count(environment, "BACKLOG_COPIES", 2),
            backlog_writes_per_s=_count(environment, "BACKLOG_WRITES_PER_SECOND", 0, least=0),
            metrics_by_stage=environment.get("METRICS_BY_STAGE", "yes") == "yes",
            namespace=environment.get("POWERTOOLS_METRICS_NAMESPACE") or "Houselights",
            service=environment.get("POWERTOOLS_SERVICE_NAME") or "ingest",
        )


def required(environment: Mapping[str, str], name: str) -> str:
    """The value of a required variable.

    Raises:
        InvalidValue: it is not set.
    """
    if not environment.get(name):
        raise InvalidValue(f"{name} is not set: set it in the function's environment")
    return environment[name]


def _days(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "") or str(default)
    if not (text.isascii() and text.isdecimal() and len(text) <= 5):
        raise InvalidValue(f"{name} is {text!r}: use a whole number of days")
    return int(text)


def _count(environment: Mapping[str, str], name: str, default: int, *, least: int = 1) -> int:
    text = environment.get(name, "") or str(default)
    if not (text.isascii() and text.isdecimal() and len(text) <= 7 and int(text) >= least):
        raise InvalidValue(f"{name} is {text!r}: use a whole number from {least}")
    return int(text)
