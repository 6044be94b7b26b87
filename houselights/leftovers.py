"""What onnxruntime's telemetry left on this machine before Houselights switched it off, and removing it.

From 1.29 on it keeps a lasting random id and an event store in a folder of its own, under that of Microsoft's tools for
developers, and an id of its sessions among the temporary files. Nothing else in those folders is touched: the ids of
other tools lie beside them.
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

# Under the user's caches on Linux, and under their application support on macOS.
_FOLDERS: Final = ("Microsoft", "DeveloperTools", ".onnxruntime")
_NAMES: Final = re.compile(
    r"deviceid(\.lock|\.tmp\.[0-9a-f-]+)?|onnxruntime\.db(-journal|-wal|-shm|\.ses)?|\.ses", re.ASCII
)
_SESSION: Final = ".ses"
_SESSION_TEXT: Final = re.compile(rb"\d{10,16}\r?\n[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\s*")


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What was found.

    Attributes:
        files: regular files that the telemetry made, by path; no part of a path below its base is a link.
    """

    files: tuple[Path, ...]

    def __bool__(self) -> bool:
        return bool(self.files)


def find_leftovers() -> Leftovers:
    """Looks in every place that the telemetry is known to use for the user who runs this."""
    files = []
    for base in _bases():
        with _opened(base) as folder:
            if folder is not None:
                files += [base.joinpath(*_FOLDERS, name) for name in _made(folder)]
    session = Path(tempfile.gettempdir(), _SESSION)
    # Others of Microsoft's programs may keep theirs under the same name, so it is taken for this one's beside its id.
    if files and _is_session(session):
        files.append(session)
    return Leftovers(tuple(files))


def remove_leftovers() -> int:
    """Removes what `find_leftovers` finds, and the folders that are empty then.

    Returns:
        How many files were removed.

    Raises:
        OSError: one cannot be removed.
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
    told = Path(os.environ.get("XDG_CACHE_HOME", ""))
    bases = [told] if told.is_absolute() else []
    return list(dict.fromkeys([*bases, home / ".cache", home / "Library" / "Application Support"]))


@contextmanager
def _opened(base: Path, depth: int = len(_FOLDERS)) -> Iterator[int | None]:
    """The telemetry's folder, or one above it, reached by no link from its base on; None where it is not there."""
    with ExitStack() as stack:
        folder: int | None = None
        # Windows has neither such folders nor such flags.
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
