"""Live cameras: the port every camera follows.

A camera that is not there, or goes away, raises DeviceError in words; opening it again is its user's business.
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
        interlaced: whether its source says that it is.
    """

    at: datetime
    image: Image
    interlaced: bool = False


class Camera(Protocol):
    """A live source of pictures, always the newest one; `contextlib.closing` closes it.

    Attributes:
        name: the source in words fit for logs: without user, password and query.
        dropped: pictures that came and went while nobody asked for one.
    """

    name: str
    dropped: int

    def __iter__(self) -> Iterator[LiveFrame]:
        """Yields the newest picture each time, waiting for one; ends only where a file ends or after `close`.

        Raises:
            DeviceError: the camera went away.
        """
        ...

    def close(self) -> None:
        """Lets the camera go; may be called again."""
        ...


def without_secrets(source: str) -> str:
    """The source without user, password and query, which some cameras take the password in."""
    # Not parsed as a URL: a password may hold any character, and none of it may be left.
    before, at, host = source.rpartition("@")
    if at:
        scheme, slashes, _ = before.partition("//")
        host = f"{scheme}{slashes}***@{host}" if slashes else f"***@{host}"
    place, question, _ = host.partition("?")
    return f"{place}?..." if question else place
