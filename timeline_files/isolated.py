"""Runs a reader on an untrusted file in its own process, with limits on CPU time, memory and waiting time.

A small file can make its reader run for minutes, use gigabytes or crash. To protect the process that serves the pages,
a fork server (`timeline_files.fork_server`) is started by exec. It inherits two sockets and nothing else of this
process: no environment, open files or threads. It has already imported the readers, so forking a process for one file
takes milliseconds.
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

CPU_S: Final = 1.5
CPU_S_PER_MIB: Final = 0.5
MAX_CPU_S: Final = 20.0
"""A file may use `CPU_S` of CPU time, plus `CPU_S_PER_MIB` for each MiB after the first, up to `MAX_CPU_S`."""

WALL_TIME_FACTOR: Final = 10.0
"""Wall-clock limit as a multiple of the CPU limit: on a busy machine a process gets only part of a core."""

MEMORY: Final = 768 << 20
"""Bytes of address space on top of what the fork server uses; four more for each byte of the file."""

_MAX_RESPONSE: Final = 64 << 20
_HEADER: Final = 8
_START: Final = "import sys; sys.path[:] = {path!r}; from timeline_files.fork_server import serve; serve({socket})"

_starting = threading.Lock()
_server: tuple[subprocess.Popen[bytes], socket.socket] | None = None


class ProcessCrashed(Exception):
    """The process ended without a result."""


class ProcessTimedOut(Exception):
    """The process was killed at its limit of CPU or wall-clock time."""


def run_isolated(function: Callable[..., Any], data: bytes, **options: Any) -> Any:
    """Calls a function on untrusted data in its own process.

    Args:
        function: a module-level function, found again by its name; called with `data` and the options. Its result is
            sent as JSON.
        data: the untrusted bytes.
        options: keyword arguments of the function, sent as JSON.

    Raises:
        HouselightsError: the function raised it.
        InvalidValue: no process can be started.
        ProcessTimedOut: the process reached its time limit.
        ProcessCrashed: the process ended otherwise, for example out of memory.
    """
    extra_s = max(0.0, len(data) / 2**20 - 1) * CPU_S_PER_MIB
    cpu_s = min(MAX_CPU_S, CPU_S + extra_s)
    request = json.dumps(
        {
            "function": [function.__module__, function.__qualname__],
            "options": options,
            "size": len(data),
            "cpu_s": cpu_s,
            "wall_s": cpu_s * WALL_TIME_FACTOR,
            "memory": MEMORY + 4 * len(data),
        }
    ).encode()
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            _send_socket(theirs)
        ours.settimeout(cpu_s * WALL_TIME_FACTOR + 5)
        try:
            with suppress(ConnectionError):  # it stopped reading: it has sent an error, or has crashed
                ours.sendall(len(request).to_bytes(_HEADER, "big") + request)
                ours.sendall(data)
            response = _response(ours)
        except TimeoutError:
            raise ProcessTimedOut from None
        except OSError:
            raise ProcessCrashed from None
    if response.get("timed_out"):
        raise ProcessTimedOut
    if "error" in response:
        raise getattr(errors, response["error"])(response["message"])
    return response["result"]


def _send_socket(theirs: socket.socket) -> None:
    """Sends the fork server one end of a socket pair; starts the server if none runs."""
    global _server
    with _starting:
        for retry in (True, False):
            try:
                if _server is None or _server[0].poll() is not None:
                    _close_server()
                    _server = _start_server()
                socket.send_fds(_server[1], [b"."], [theirs.fileno()])
                return
            except OSError as problem:
                _close_server()
                if not retry:
                    raise InvalidValue(f"no process can be started to read it in ({problem.strerror})") from None


def _close_server() -> None:
    """Closes the connection to the server, which ends it, and waits for it."""
    global _server
    if _server is not None:
        _server[1].close()
        _server[0].wait()
    _server = None


def _start_server() -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair()
    with theirs:
        start = _START.format(path=[path for path in sys.path if path], socket=theirs.fileno())
        # Linear algebra libraries would start threads, and a process with threads must not fork.
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


def _response(ours: socket.socket) -> dict[str, Any]:
    """Receives the response.

    Raises:
        ProcessCrashed: there is none, or it is larger than any can be.
    """
    size = int.from_bytes(_receive(ours, _HEADER), "big")
    if size > _MAX_RESPONSE:
        raise ProcessCrashed
    response: dict[str, Any] = json.loads(_receive(ours, size))
    return response


def _receive(ours: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = ours.recv(min(1 << 20, size - len(data)))
        if not part:
            raise ProcessCrashed
        data += part
    return bytes(data)
