"""Finds and removes files that onnxruntime's telemetry left before Houselights switched it off.

From 1.29 on, it stores a persistent random id and an event database in its folder below that of Microsoft's developer
tools, and a session id in the folder for temporary files. Other files there, such as other tools' ids, are not touched.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Below the user's cache folder on Linux, and Application Support on macOS.
_FOLDERS: Final = ("Microsoft", "DeveloperTools", ".onnxruntime")
_NAMES: Final = re.compile(
    r"deviceid(\.lock|\.tmp\.[0-9a-f-]+)?|onnxruntime\.db(-journal|-wal|-shm|\.ses)?|\.ses", re.ASCII
)
_SESSION: Final = ".ses"
_SESSION_TEXT: Final = re.compile(rb"\d{10,16}\r?\n[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\s*")


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Files found.

    Attributes:
        files: regular files created by the telemetry; no part of a path below its base is a link.
    """

    files: tuple[Path, ...]

    def __bool__(self) -> bool:
        return bool(self.files)


def find_leftovers() -> Leftovers:
    """Searches all folders that the telemetry is known to use for the current user."""
    files = []
    for base in _bases():
        with _opened(base) as folder:
            if folder is not None:
                files += [base.joinpath(*_FOLDERS, name) for name in _made(folder)]
    session = Path(tempfile.gettempdir(), _SESSION)
    # Other Microsoft programs may use the same file name, so it only counts if onnxruntime's other files exist.
    if files and _is_session(session):
        files.append(session)
    return Leftovers(tuple(files))


def remove_leftovers() -> int:
    """Removes the files that `find_leftovers` finds, and folders that are then empty.

    Returns:
        Number of files removed.

    Raises:
        OSError: a file cannot be removed.
    """
    removed = 0
    session = [path for path in find_leftovers().files if path.name == _SESSION and path.parent.name != _FOLDERS[-1]]
    for base in _bases():
        with _opened(base) as folder:
            for name in () if folder is None else _made(folder):
                os.unlink(name, dir_fd=folder)
                removed += 1
        for depth in range(len(_FOLDERS), 0, -1):
            with _opened(base, depth - 1) as parent, suppress(OSError):  # not empty, or not there
                if parent is not None:
                    os.rmdir(_FOLDERS[depth - 1], dir_fd=parent)
    for path in session:
        path.unlink()
        removed += 1
    return removed


def _bases() -> list[Path]:
    home = Path.home()
    cache_home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    bases = [cache_home] if cache_home.is_absolute() else []
    return list(dict.fromkeys([*bases, home / ".cache", home / "Library" / "Application Support"]))


@contextmanager
def _opened(base: Path, depth: int = len(_FOLDERS)) -> Iterator[int | None]:
    """Opens the telemetry's folder, or one above it, without following links; None if it does not exist."""
    with ExitStack() as stack:
        folder: int | None = None
        # Windows has neither these folders nor these flags.
        if hasattr(os, "O_NOFOLLOW"):
            with suppress(OSError):
                at = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
                stack.callback(os.close, at)
                for name in _FOLDERS[:depth]:
                    at = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
                    stack.callback(os.close, at)
                folder = at
        yield folder


def _made(folder: int) -> list[str]:
    """Names of the telemetry's own files in its folder."""
    names = sorted(name for name in os.listdir(folder) if _NAMES.fullmatch(name))
    return [name for name in names if stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)]


def _is_session(path: Path) -> bool:
    try:
        status = path.lstat()
        ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.getuid() and status.st_size < 200
        return ours and _SESSION_TEXT.fullmatch(path.read_bytes()) is not None
    except OSError:
        return False
