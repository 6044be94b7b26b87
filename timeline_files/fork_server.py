"""The fork server behind `timeline_files.isolated`: forks a process for each file, limits it, and reaps it.

It runs as its own single-threaded program and ends when its parent does. It does not wait for the processes it forks,
so a slow file does not delay the others.
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

_REAP_EVERY_S: Final = 0.2
_LIBRARIES: Final = ("defusedxml.ElementTree", "openpyxl", "opentimelineio", "pysubs2", "pypdfium2")
_HEADER: Final = 8
# The signals that end a process at its time limit: see `_set_limits`.
_TIMEOUT_SIGNALS: Final = (signal.SIGPROF, signal.SIGXCPU, signal.SIGALRM)


def serve(control: int) -> None:
    """Receives sockets, one for each file, until the control socket is closed.

    Args:
        control: file descriptor of the control socket.
    """
    for module in ("timeline_files.pdf_deck", "timeline_files.reading", *_LIBRARIES):
        with suppress(ImportError):  # a reader reports a missing library itself
            importlib.import_module(module)
    gc.freeze()  # the collector leaves these objects alone, so forked processes keep sharing their memory
    children: dict[int, socket.socket] = {}
    with socket.socket(fileno=control) as requests:
        while True:
            if select.select([requests], [], [], _REAP_EVERY_S if children else None)[0]:
                _, files, _, _ = socket.recv_fds(requests, 1, 1)
                if not files:
                    break
                client = socket.socket(fileno=files[0])
                if child := os.fork():
                    children[child] = client
                else:
                    _run(client, [requests, *children.values()])
            _reap(children)
    for child in children:
        os.kill(child, signal.SIGKILL)


def _reap(children: dict[int, socket.socket]) -> None:
    """Reaps processes that have ended; tells the client of one that reached its time limit."""
    for child in [*children]:
        ended, status = os.waitpid(child, os.WNOHANG)
        if not ended:
            continue
        with children.pop(child) as client, suppress(OSError):
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) in _TIMEOUT_SIGNALS:
                client.setblocking(False)  # never wait for a client that is still sending
                client.sendall(_packed({"timed_out": True}))


def _run(client: socket.socket, others: list[socket.socket]) -> NoReturn:
    """Everything that the process for one file does."""
    try:
        for other in others:
            other.close()
        request = json.loads(_receive(client, int.from_bytes(_receive(client, _HEADER), "big")))
        _set_limits(request)
        module, name = request["function"]
        function = getattr(importlib.import_module(module), name)
        try:
            response = {"result": function(_receive(client, request["size"]), **request["options"])}
        except HouselightsError as problem:
            response = {"message": str(problem), "error": type(problem).__name__}
        client.sendall(_packed(response))
    finally:
        os._exit(0)  # skips the server's own cleanup


def _set_limits(request: dict[str, Any]) -> None:
    """Sets the limits at which the kernel ends this process, whatever it is doing."""
    for number in _TIMEOUT_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, request["cpu_s"])
    signal.setitimer(signal.ITIMER_REAL, request["wall_s"])
    limits = {
        resource.RLIMIT_CPU: math.ceil(request["cpu_s"]) + 1,
        resource.RLIMIT_AS: _address_space() + request["memory"],
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for kind, limit in limits.items():
        hard = resource.getrlimit(kind)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (limit, limit))
    os.nice(5)  # the pages have priority


def _address_space() -> int:
    """Bytes of address space of this process."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 1 << 30


def _receive(client: socket.socket, size: int) -> bytes:
    """Receives exactly `size` bytes.

    Raises:
        EOFError: there are fewer.
    """
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = client.recv_into(view)
        if not count:
            raise EOFError
        view = view[count:]
    return bytes(data)


def _packed(response: dict[str, Any]) -> bytes:
    body = json.dumps(response).encode()
    return len(body).to_bytes(_HEADER, "big") + body
