"""Files of environment variables as a shell and systemd read them: `NAME=value`, one on each line."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from pathlib import Path

from audience.errors import InvalidValue


def environment_text(settings: Mapping[str, str]) -> str:
    """The content of a file with these variables."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())


def read_environment(file: Path) -> dict[str, str]:
    """The variables in a file.

    Raises:
        InvalidValue: it cannot be read, or a quote in it has no end.
    """
    try:
        return environment_in(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise InvalidValue(f"{file} cannot be read: {problem.strerror or problem}") from None
    except ValueError as problem:
        raise InvalidValue(f"{file} is no file of environment variables: {problem}") from None


def environment_in(text: str) -> dict[str, str]:
    """The variables in a file's content.

    Raises:
        ValueError: a quote has no end.
    """
    words = [word for line in text.splitlines() for word in shlex.split(line, comments=True)]
    return dict(word.partition("=")[::2] for word in words)


def with_environment(text: str, settings: Mapping[str, str], *, instead_of: Collection[str]) -> str:
    """A file's content with these variables instead of others; all other lines stay as they are."""
    lines = [line for line in text.splitlines(keepends=True) if line.partition("=")[0].strip() not in instead_of]
    return environment_text(settings) + "".join(lines)
