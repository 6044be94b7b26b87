"""Opens a camera in a thread, so that a stop request takes effect at once even if the camera's library blocks."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from edge_lambda.devices import Camera

_POLL_S = 0.05


@contextmanager
def opened_in_thread(open_camera: Callable[[], Camera], *, stop: threading.Event) -> Iterator[Camera | None]:
    """Opens a camera in a thread, and closes it there at the end or as soon as `stop` is set.

    A network camera that accepts a connection and stays silent would block the caller for ten seconds, in which not
    even a signal handler would run.

    Yields:
        The camera; None if `stop` was set before it was open. If it opens later, it is closed at once.

    Raises:
        Exception: what `open_camera` raises.
    """
    results: queue.SimpleQueue[Camera | Exception] = queue.SimpleQueue()
    over = threading.Event()

    def run() -> None:
        try:
            camera = open_camera()
        except Exception as problem:
            results.put(problem)
            return
        with closing(camera):
            results.put(camera)
            while not (over.is_set() or stop.wait(_POLL_S)):
                pass

    thread = threading.Thread(target=run, name="camera", daemon=True)
    thread.start()
    camera = None
    try:
        camera = _wait_for_camera(results, stop)
        yield camera
    finally:
        over.set()
        if camera is not None:
            thread.join()


def _wait_for_camera(results: queue.SimpleQueue[Camera | Exception], stop: threading.Event) -> Camera | None:
    while not stop.is_set():
        try:
            camera = results.get(timeout=_POLL_S)
        except queue.Empty:
            continue
        if isinstance(camera, Exception):
            raise camera
        return camera
    return None
