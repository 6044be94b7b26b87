"""Writes the file that a command makes."""

from __future__ import annotations

from pathlib import Path

from audience.errors import ExportFailed
from audience.private_files import write_private


def write_output(file: Path, content: bytes) -> None:
    """Writes a file atomically, readable by its owner only.

    Raises:
        ExportFailed: it cannot be written.
    """
    try:
        write_private(file, content)
    except OSError as problem:
        reason = problem.strerror or problem
        raise ExportFailed(f"{file} cannot be written: {reason}; choose another path with --to") from None
