"""Prefetches items in a thread, so that pipeline stages run at the same time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

Item = TypeVar("Item")

_POLL_S = 0.1


def prefetch(items: Iterable[Item], *, depth: int, name: str) -> Generator[Item, None, None]:
    """Yields the items of `items`, produced up to `depth` items ahead in a thread.

    An error in `items` is raised here, after the items before it. Closing the generator ends the thread after its
    current item, and closes `items` there.

    Args:
        items: iterated only in the thread.
        depth: maximum number of waiting items, 1 or more; bounds memory.
        name: the thread's name, for debuggers.
    """
    waiting: queue.Queue[tuple[bool, Item | BaseException | None]] = queue.Queue(maxsize=depth)
    stopping = threading.Event()

    def hand_over(more: bool, thing: Item | BaseException | None) -> bool:
        while not stopping.is_set():
            try:
                waiting.put((more, thing), timeout=_POLL_S)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        ending: BaseException | None = None
        try:
            iterator = iter(items)
            try:
                for item in iterator:
                    if not hand_over(True, item):
                        break
            finally:
                if isinstance(iterator, Generator):
                    iterator.close()
        except BaseException as problem:
            ending = problem
        hand_over(False, ending)

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    try:
        while True:
            more, thing = waiting.get()
            if more:
                yield thing  # type: ignore[misc]  # `more` distinguishes them
            elif thing is None:
                return
            else:
                raise thing  # type: ignore[misc]  # `more` distinguishes them
    finally:
        stopping.set()
        thread.join()
