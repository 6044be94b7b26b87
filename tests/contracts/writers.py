"""Another process that writes into a store: `python -m tests.contracts.writers URL CAMERA THREADS WINDOWS`.

Each thread opens nothing of its own: it shares the process's one store, as pages and cameras do.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from audience.stores import open_store
from tests.builders import a_window, window_faces


def main(url: str, camera: str, threads: int, windows: int) -> None:
    """Writes `windows` windows from each of `threads` threads, a transaction each."""

    def write(thread: int) -> None:
        for index in range(windows):
            second = thread * windows + index
            store.put_windows(
                [a_window(second, smiling=1, of=3, camera_id=camera)], [window_faces(second, camera_id=camera)]
            )

    with open_store(url) as store, ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(write, thread) for thread in range(threads)]:
            done.result()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
