"""Where the pages are reached, as it is typed."""

from __future__ import annotations

from urllib.parse import urlsplit

from audience.errors import InvalidValue


def server_address(told: str) -> str:
    """The address of a server, without a slash at its end.

    Args:
        told: what `--at` was given.

    Raises:
        InvalidValue: it is none that a browser can open.
    """
    try:
        parts = urlsplit(told)
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
    except ValueError:
        usable = False
    if not usable:
        raise InvalidValue(f"--at {told!r} is no address: give it as https://example.org")
    return told.rstrip("/")
