"""The command line as a user has it: its exit code, what it prints, and the store it wrote to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audience.store import Store
from audience.stores import open_store
from houselights.cli import run


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line of a refusal."""
        assert self.code == 2, self
        lines = self.err.strip().splitlines()
        complaints = [line for line in lines if line.startswith("houselights: ")]
        assert len(complaints) == 1, self.err
        assert lines[-1] == complaints[0]
        assert "Traceback" not in self.err
        return complaints[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Houselights:
    """Runs commands against one store."""

    store_path: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def store_url(self) -> str:
        return f"sqlite:///{self.store_path}"

    def __call__(self, *words: object) -> Ended:
        self.capsys.readouterr()
        code = run([*map(str, words), "--store", self.store_url])
        out, err = self.capsys.readouterr()
        return Ended(code=code, out=out, err=err)


@pytest.fixture
def houselights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Houselights:
    return Houselights(store_path=tmp_path / "store" / "houselights.db", capsys=capsys)


@pytest.fixture
def store(houselights: Houselights) -> Iterator[Store]:
    with open_store(houselights.store_url) as opened:
        yield opened
