"""Photos are measured in a process of its own, which knows no secrets, and nobody waits for it for long."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from audience.errors import ModelUnavailable
from dashboard import photos
from dashboard.photos import PhotoProcess


def test_the_process_gets_no_secret_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSELIGHTS_SMTP", "smtps://me:the-password@mail.example.org")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.org")
    given: dict[str, str] = {}

    def start(*_: Any, env: dict[str, str], **__: Any) -> None:
        given.update(env)
        raise OSError

    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(OSError):  # noqa: PT011
        PhotoProcess().read(b"", template=False)
    assert given["HTTPS_PROXY"] == "http://proxy.example.org"
    assert "HOUSELIGHTS_SMTP" not in given


def test_whoever_would_wait_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "LONGEST_WAIT_S", 0.01)
    reader = PhotoProcess()
    with reader._one_at_a_time, pytest.raises(ModelUnavailable, match="in a moment"):
        reader.read(b"", template=False)
