"""Optional dependencies of the readers."""

from __future__ import annotations

from importlib.util import find_spec

from audience.errors import InvalidValue


def require(module: str, purpose: str) -> None:
    """Checks that an optional library is installed.

    Raises:
        InvalidValue: it is not; the message names the purpose and how to install it.
    """
    if find_spec(module) is None:
        raise InvalidValue(f"{purpose} needs {module}: install Houselights with its extra `timelines`")
