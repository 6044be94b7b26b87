"""What readers need that not every installation has."""

from __future__ import annotations

from importlib.util import find_spec

from audience.errors import InvalidValue


def need(module: str, what: str) -> None:
    """Makes sure that a library is installed.

    Raises:
        InvalidValue: it is not; says what needs it and how to install it.
    """
    if find_spec(module) is None:
        raise InvalidValue(f"{what} needs {module}: install it with `uv sync --extra timelines`")
