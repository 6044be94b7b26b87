"""Reading files from strangers in processes of their own: bounded in processor time, memory and waiting.

What reads a file can take far longer than the file is long, need far more memory, or be brought down by it. So that
none of this happens to the process that serves pages, a small server of processes is started (`confined_server`), by
exec and with nothing of this process but two sockets: no environment, no open files, no threads. It has loaded what
readers need, so that a process for one file costs milliseconds, which it forks, bounds and buries.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from audience import errors
from audience.errors import InvalidValue

PROCESSOR_S: Final = 1.5
PROCESSOR_S_A_MIB: Final = 0.5
MOST_PROCESSOR_S: Final = 20.0
"""A file may cost `PROCESSOR_S` of processor time, beyond its first MiB more for each, and never more than this."""

PATIENCE: Final = 10.0
"""On a machine that does much else a process may take so many times its processor time."""

MEMORY: Final = 768 << 20
"""Bytes of address space beyond what the server of processes has, and four for each of the file."""

_LARGEST_ANSWER: Final = 64 << 20
_HEAD: Final = 8
_START: Final = "import sys; sys.path[:] = {path!r}; from timeline_files.confined_server import serve; serve({socket})"

_starting = threading.Lock()
_server: tuple[subprocess.Popen[bytes], socket.socket] | None = None


class BroughtDown(Exception):
    """The process did not live to give an answer."""


class TookTooLong(Exception):
    """The process was ended: its processor time, or the patience with it, was over."""


def confined(function: Callable[..., Any], data: bytes, **options: Any) -> Any:
    """What a function makes of some data, in a process of its own.

    Args:
        function: of a module, by its name; called with `data` and the options. What it gives back goes by JSON.
        data: as a stranger gave it.
        options: for the function; they go by JSON.

    Raises:
        HouselightsError: the function raised it.
        InvalidValue: no process can be started.
        TookTooLong: it was ended.
        BroughtDown: it ended otherwise, for want of memory at times.
    """
    over_s = max(0.0, len(data) / 2**20 - 1) * PROCESSOR_S_A_MIB
    processor_s = min(MOST_PROCESSOR_S, PROCESSOR_S + over_s)
    head = json.dumps(
        {
            "function": [function.__module__, function.__qualname__],
            "options": options,
            "size": len(data),
            "processor_s": processor_s,
            "patience_s": processor_s * PATIENCE,
            "memory": MEMORY + 4 * len(data),
        }
    ).encode()
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            _hand_over(theirs)
        ours.settimeout(processor_s * PATIENCE + 5)
        try:
            with suppress(ConnectionError):  # it does not read to the end: it says why, or is no more
                ours.sendall(len(head).to_bytes(_HEAD, "big") + head)
                ours.sendall(data)
            answer = _answer(ours)
        except TimeoutError:
            raise TookTooLong from None
        except OSError:
            raise BroughtDown from None
    if answer.get("late"):
        raise TookTooLong
    if "refused" in answer:
        raise getattr(errors, answer["error"])(answer["refused"])
    return answer["made"]


def _hand_over(theirs: socket.socket) -> None:
    """Gives the server of processes one end of a socket; starts the server where there is none."""
    global _server
    with _starting:
        for again in (True, False):
            try:
                if _server is None or _server[0].poll() is not None:
                    _let_go()
                    _server = _started()
                socket.send_fds(_server[1], [b"."], [theirs.fileno()])
                return
            except OSError as problem:
                _let_go()
                if not again:
                    raise InvalidValue(f"no process can be started to read it in ({problem.strerror})") from None


def _let_go() -> None:
    """Leaves a server that has ended, or will now that nobody can ask it any more."""
    global _server
    if _server is not None:
        _server[1].close()
        _server[0].wait()
    _server = None


def _started() -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair()
    with theirs:
        start = _START.format(path=[path for path in sys.path if path], socket=theirs.fileno())
        # Libraries of linear algebra would start threads, and a process with threads is not to be forked.
        environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", start],
            env=environment,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    return process, ours


def _answer(ours: socket.socket) -> dict[str, Any]:
    """What is answered.

    Raises:
        BroughtDown: nothing is, or more than there can be.
    """
    size = int.from_bytes(_read(ours, _HEAD), "big")
    if size > _LARGEST_ANSWER:
        raise BroughtDown
    answer: dict[str, Any] = json.loads(_read(ours, size))
    return answer


def _read(ours: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = ours.recv(min(1 << 20, size - len(data)))
        if not part:
            raise BroughtDown
        data += part
    return bytes(data)
