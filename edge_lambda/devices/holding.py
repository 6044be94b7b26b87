"""A camera that is let go of as soon as its user is told to stop, however long its own library takes for anything."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from edge_lambda.devices import Camera

_POLL_S = 0.05


@contextmanager
def held(open_camera: Callable[[], Camera], *, stop: threading.Event) -> Iterator[Camera | None]:
    """Opens a camera and closes it at the end, or as soon as `stop` is set.

    Both happen in a thread of its own: a network camera that accepts and stays silent keeps whoever opens it waiting
    for ten seconds, in which not even a signal's handler would run.

    Yields:
        The camera; None where `stop` was set before it was open. It is closed then whenever it does open.

    Raises:
        Exception: what `open_camera` raises.
    """
    handed: queue.SimpleQueue[Camera | Exception] = queue.SimpleQueue()
    over = threading.Event()

    def hold() -> None:
        try:
            camera = open_camera()
        except Exception as problem:
            handed.put(problem)
            return
        with closing(camera):
            handed.put(camera)
            while not (over.is_set() or stop.wait(_POLL_S)):
                pass

    holder = threading.Thread(target=hold, name="hold camera", daemon=True)
    holder.start()
    camera = None
    try:
        camera = _handed(handed, stop)
        yield camera
    finally:
        over.set()
        if camera is not None:
            holder.join()


def _handed(handed: queue.SimpleQueue[Camera | Exception], stop: threading.Event) -> Camera | None:
    while not stop.is_set():
        try:
            camera = handed.get(timeout=_POLL_S)
        except queue.Empty:
            continue
        if isinstance(camera, Exception):
            raise camera
        return camera
    return None
