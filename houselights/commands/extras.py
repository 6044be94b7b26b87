"""What of Houselights is not installed, said in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from audience.errors import InvalidValue


@contextmanager
def needing_extra(extra: str) -> Iterator[None]:
    """Says what to install where something within is missing.

    Args:
        extra: the one of Houselights that brings it.

    Raises:
        InvalidValue: a library is missing.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        library = str(missing.name).partition(".")[0]
        raise InvalidValue(f"this needs {library}: install Houselights with its extra `{extra}`") from None
