"""Reports missing optional libraries in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from audience.errors import InvalidValue


@contextmanager
def needing_extra(extra: str) -> Iterator[None]:
    """Turns a missing library into an error that names the extra to install.

    Args:
        extra: the extra of Houselights that contains the library.

    Raises:
        InvalidValue: a library is missing.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        library = str(missing.name).partition(".")[0]
        raise InvalidValue(f"this needs {library}: install Houselights with its extra `{extra}`") from None
