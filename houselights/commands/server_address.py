"""Checks the address of the pages given on the command line."""

from __future__ import annotations

from urllib.parse import urlsplit

from audience.errors import InvalidValue


def server_address(text: str) -> str:
    """The address of a server, without a trailing slash.

    Args:
        text: the value of `--at`.

    Raises:
        InvalidValue: not an address that a browser can open.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
    except ValueError:
        usable = False
    if not usable:
        raise InvalidValue(f"--at {text!r} is not a valid address: write it as https://example.org")
    return text.rstrip("/")
