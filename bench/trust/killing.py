"""Killing a process at a random instant: it says what is safe as it goes, and is held to that afterwards."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Final

_NUMBER = struct.Struct("<q")
_READY: Final = -1
_KILLED: Final = ("killed_store", "killed_outbox", "jumping_device")
_READ_BYTES: Final = 1 << 16


@dataclass(slots=True)
class Harm:
    """What kills did.

    Attributes:
        kills: how many there were.
        lost: records that were acknowledged and are not there.
        doubled: records that are there and should not be: a second of the same, or one whose deletion was acknowledged.
        damaged: records whose content differs, transactions of which a part is there, and files that cannot be read.
    """

    kills: int = 0
    lost: int = 0
    doubled: int = 0
    damaged: int = 0


class Voice:
    """How a process that is to be killed says what is safe. One number is one write, so none arrives in parts."""

    def __init__(self, connection: Connection) -> None:
        """Says nothing yet.

        Args:
            connection: to the process that kills.
        """
        self._pipe = connection.fileno()
        self._connection = connection  # closes the pipe when it is let go of

    def ready(self) -> None:
        """Says that the work begins; from now on it may be killed."""
        self.safe(_READY)

    def safe(self, number: int) -> None:
        """Says that the work of this number outlives the process."""
        os.write(self._pipe, _NUMBER.pack(number))


@functools.cache
def forks() -> ForkServerContext:
    """Makes processes in milliseconds: they are forked from one that has imported what they do and has no threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"bench.trust.{module}" for module in _KILLED])
    first = context.Process(target=os.getpid)
    first.start()
    first.join()
    return context


def killed_after(
    context: ForkServerContext, seconds: float, work: Callable[..., None], *arguments: object
) -> list[int]:
    """Lets a process work and kills it.

    Args:
        context: see `forks`.
        seconds: from the instant it is ready on.
        work: called with a `Connection` for its `Voice` and then the arguments; does not end by itself.

    Returns:
        The numbers it said were safe, in order.

    Raises:
        RuntimeError: it ended before it was killed.
    """
    reading, writing = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(writing, *arguments), daemon=True)
    process.start()
    writing.close()
    with contextlib.closing(reading):
        try:
            said = os.read(reading.fileno(), _NUMBER.size)
            time.sleep(seconds)
        finally:
            process.kill()
            process.join()
        while chunk := os.read(reading.fileno(), _READ_BYTES):
            said += chunk
    if process.exitcode != -9:
        raise RuntimeError(f"a process that was to be killed ended with {process.exitcode} before")
    return [number for (number,) in _NUMBER.iter_unpack(said) if number != _READY]
