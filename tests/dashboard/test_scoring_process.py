"""The process that scores what people bring: started when there is work, and ended with the server."""

from __future__ import annotations

import sys
from pathlib import Path

from dashboard.scoring_process import ScoringProcess
from tests.ticking import until

# Says that it began, and that its input was closed.
_PROGRAM = """
import pathlib, sys
said = pathlib.Path(sys.argv[1])
said.write_text(said.read_text() + "began ")
sys.stdin.read()
said.write_text(said.read_text() + "ended ")
"""


def process(said: Path, has_work: list[bool], tidied: list[None]) -> ScoringProcess:
    said.touch()
    return ScoringProcess(
        [sys.executable, "-c", _PROGRAM, str(said)], lambda: bool(has_work), lambda: tidied.append(None)
    )


def test_it_is_started_once_there_is_work_and_ends_with_the_server(tmp_path: Path) -> None:
    said, has_work, tidied = tmp_path / "said", list[bool](), list[None]()
    scoring = process(said, has_work, tidied)
    with scoring.running():
        until(lambda: bool(tidied))
        assert said.read_text() == ""
        has_work.append(True)
        until(lambda: said.read_text() == "began ")
    assert said.read_text() == "began ended "


def test_it_is_started_before_there_is_work_for_somebody_who_is_about_to_bring_some(tmp_path: Path) -> None:
    said = tmp_path / "said"
    scoring = process(said, [], [])
    with scoring.running():
        scoring.wake()
        until(lambda: said.read_text() == "began ")
    assert said.read_text() == "began ended "
