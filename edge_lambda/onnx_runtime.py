"""Loads ONNX models with Microsoft's telemetry switched off. The only module that imports onnxruntime.

From version 1.29 on, the wheels for Linux and macOS write a persistent random id to the disk and report to Microsoft
from the first import. The variable below is read once, at that import; no later call stops the reports. On Windows,
where the system collects, the call below does. Why: docs/decisions/0024.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import Any, Final

from audience.errors import ModelUnavailable

VARIABLE: Final = "ORT_DISABLE_TELEMETRY"
_OFF: Final = frozenset({"1", "true", "yes", "on"})  # values that onnxruntime takes for off, case-insensitive
_ERRORS_ONLY: Final = 3


def load_session(model: bytes, *, threads: int = 0, spinning: bool = True) -> Any:
    """Loads an ONNX model to run on the CPU.

    Args:
        model: a serialised ONNX ModelProto.
        threads: threads of one run; 0 for one per core.
        spinning: whether waiting threads spin, which is faster if nothing else needs the core.

    Returns:
        The `onnxruntime.InferenceSession`.

    Raises:
        ValueError: the bytes are not a model that can be run.
        ModelUnavailable: another part of the program imported onnxruntime with its telemetry on.
    """
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.log_severity_level = _ERRORS_ONLY  # it warns of every weight that a net does not use
    if not spinning:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    state = onnxruntime.capi.onnxruntime_pybind11_state
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except (
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NotImplemented,
    ) as error:
        raise ValueError(f"not a model that can be run ({type(error).__name__})") from error


@functools.cache
def _onnxruntime() -> Any:
    if "onnxruntime" in sys.modules and os.environ.get(VARIABLE, "").lower() not in _OFF:
        raise ModelUnavailable(
            "onnxruntime was imported before Houselights could switch off its reports to Microsoft: set "
            f"{VARIABLE}=1 in the environment before your program imports it"
        )
    # Overrides the user's environment; child processes inherit it.
    os.environ[VARIABLE] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    # One pool of memory for all models: each by itself keeps as much as it ever needed, though they seldom run at once.
    memory = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(memory, None)
    return onnxruntime
