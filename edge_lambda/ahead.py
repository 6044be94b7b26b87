"""Running one stage of a pipeline ahead of the next, in a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

Item = TypeVar("Item")

_POLL_S = 0.1


def ahead(items: Iterable[Item], *, depth: int, name: str) -> Generator[Item, None, None]:
    """Yields what `items` yields, made up to `depth` items ahead in a thread.

    An error in `items` is raised here, after the items before it. Closing the generator ends the thread once the item
    it is busy with is done, and closes `items` there.

    Args:
        items: iterated in the thread, never here.
        depth: how many items may wait, 1 or more; this bounds the memory.
        name: of the thread, for debuggers.
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
                yield thing  # type: ignore[misc]  # told apart by `more`
            elif thing is None:
                return
            else:
                raise thing  # type: ignore[misc]  # told apart by `more`
    finally:
        stopping.set()
        thread.join()
