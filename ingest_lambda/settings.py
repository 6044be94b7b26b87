"""What the function is told by its environment."""

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
        dead_letters_url: `HOUSELIGHTS_DEAD_LETTERS`, the URL of the queue for what can never be taken.
        keep: `KEEP_WINDOWS_DAYS` and `KEEP_FACES_DAYS`.
        keep_crops_days: `KEEP_CROPS_DAYS`: 0 removes a delivery once it is recorded; else it is moved to where the
            bucket's own rule removes it, after so many days.
        namespace, service: `POWERTOOLS_METRICS_NAMESPACE` and `POWERTOOLS_SERVICE_NAME`, of metrics and lines.
    """

    store_url: str
    dead_letters_url: str
    keep: Keep
    keep_crops_days: int
    namespace: str
    service: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Reads them.

        Raises:
            InvalidValue: one is missing or wrong.
        """
        usual = Keep()
        return cls(
            store_url=given(environment, "HOUSELIGHTS_STORE"),
            dead_letters_url=given(environment, "HOUSELIGHTS_DEAD_LETTERS"),
            keep=Keep(
                windows_days=_days(environment, "KEEP_WINDOWS_DAYS", usual.windows_days),
                faces_days=_days(environment, "KEEP_FACES_DAYS", usual.faces_days),
            ),
            keep_crops_days=_days(environment, "KEEP_CROPS_DAYS", 0),
            namespace=environment.get("POWERTOOLS_METRICS_NAMESPACE") or "Houselights",
            service=environment.get("POWERTOOLS_SERVICE_NAME") or "ingest",
        )


def given(environment: Mapping[str, str], name: str) -> str:
    """A variable that has to be set.

    Raises:
        InvalidValue: it is not.
    """
    if not environment.get(name):
        raise InvalidValue(f"{name} is not set: set it in the function's environment")
    return environment[name]


def _days(environment: Mapping[str, str], name: str, usual: int) -> int:
    text = environment.get(name, "") or str(usual)
    if not (text.isascii() and text.isdecimal() and len(text) <= 5):
        raise InvalidValue(f"{name} is {text!r}: use a whole number of days")
    return int(text)
