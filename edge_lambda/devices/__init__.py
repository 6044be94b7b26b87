"""Live cameras: the `Camera` port.

A camera that is missing or disconnects raises DeviceError; the caller reopens it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edge_lambda.detectors import Image

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiveFrame:
    """One picture of a camera.

    Attributes:
        at: when it was captured, aware UTC.
        image: height x width x 3, BGR, 0..255.
        interlaced: whether the source declares it interlaced.
    """

    at: datetime
    image: Image
    interlaced: bool = False


class Camera(Protocol):
    """A live source that yields its newest picture; close it with `contextlib.closing`.

    Attributes:
        name: the source for logs, without user, password and query.
        dropped: pictures that arrived while none was requested.
    """

    name: str
    dropped: int

    def __iter__(self) -> Iterator[LiveFrame]:
        """Waits for and yields the newest picture; ends at the end of a file or after `close`.

        Raises:
            DeviceError: the camera disconnected.
        """
        ...

    def close(self) -> None:
        """Releases the camera; may be called again."""
        ...


def without_secrets(source: str) -> str:
    """The source without user, password and query (some cameras take the password in the query)."""
    # Not parsed as a URL: a password may contain any character, and none of it may remain.
    before, at, host = source.rpartition("@")
    if at:
        scheme, slashes, _ = before.partition("//")
        host = f"{scheme}{slashes}***@{host}" if slashes else f"***@{host}"
    place, question, _ = host.partition("?")
    return f"{place}?..." if question else place
