"""The server of processes behind `timeline_files.confined`: forks one for each file, bounds it, and buries it.

It is a program of its own, of one thread, that ends with the process it was started by. What it forks it does not wait
for, so that one file that takes long holds up no other.
"""

from __future__ import annotations

import gc
import importlib
import json
import math
import os
import resource
import select
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from audience.errors import HouselightsError

_WAKE_S: Final = 0.2
_HEAD: Final = 8
# What ends a process that took too long: see `_bound`.
_LATE: Final = (signal.SIGPROF, signal.SIGXCPU, signal.SIGALRM)


def serve(control: int) -> None:
    """Takes sockets on a socket, one for each file, until that is closed.

    Args:
        control: its file descriptor.
    """
    for module in ("timeline_files.reading", "defusedxml.ElementTree", "timeline_files.otio_clips"):
        with suppress(ImportError):  # what is not installed, readers ask for themselves
            importlib.import_module(module)
    gc.freeze()  # what is there is not looked through again, so its memory stays shared with what is forked
    children: dict[int, socket.socket] = {}
    with socket.socket(fileno=control) as asking:
        while True:
            if select.select([asking], [], [], _WAKE_S if children else None)[0]:
                _, files, _, _ = socket.recv_fds(asking, 1, 1)
                if not files:
                    break
                one = socket.socket(fileno=files[0])
                if child := os.fork():
                    children[child] = one
                else:
                    _live(one, [asking, *children.values()])
            _bury(children)
    for child in children:
        os.kill(child, signal.SIGKILL)


def _bury(children: dict[int, socket.socket]) -> None:
    """Takes leave of processes that have ended; tells whoever waits for one that took too long that it did."""
    for child in [*children]:
        ended, status = os.waitpid(child, os.WNOHANG)
        if not ended:
            continue
        with children.pop(child) as one, suppress(OSError):
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) in _LATE:
                one.setblocking(False)  # whoever sends more than is read would be waited for
                one.sendall(_packed({"late": True}))


def _live(one: socket.socket, others: list[socket.socket]) -> NoReturn:
    """All that a process for one file does."""
    try:
        for other in others:
            other.close()
        head = json.loads(_read(one, int.from_bytes(_read(one, _HEAD), "big")))
        _bound(head)
        module, name = head["function"]
        function = getattr(importlib.import_module(module), name)
        try:
            answer = {"made": function(_read(one, head["size"]), **head["options"])}
        except HouselightsError as problem:
            answer = {"refused": str(problem), "error": type(problem).__name__}
        one.sendall(_packed(answer))
    finally:
        os._exit(0)  # nothing of the server's is tidied up twice


def _bound(head: dict[str, Any]) -> None:
    """Sees to it that the system ends this process, whatever it is at, once it has had what it may have."""
    for number in _LATE:
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, head["processor_s"])
    signal.setitimer(signal.ITIMER_REAL, head["patience_s"])
    bounds = {
        resource.RLIMIT_CPU: math.ceil(head["processor_s"]) + 1,
        resource.RLIMIT_AS: _address_space() + head["memory"],
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for kind, most in bounds.items():
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
    os.nice(5)  # pages are answered first


def _address_space() -> int:
    """Bytes of address space that this process has."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 1 << 30


def _read(one: socket.socket, size: int) -> bytes:
    """So many bytes.

    Raises:
        EOFError: there are fewer.
    """
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = one.recv_into(view)
        if not count:
            raise EOFError
        view = view[count:]
    return bytes(data)


def _packed(answer: dict[str, Any]) -> bytes:
    body = json.dumps(answer).encode()
    return len(body).to_bytes(_HEAD, "big") + body
