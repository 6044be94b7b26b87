"""Benches: each can be started, and says what it lacks."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from functools import partial
from pathlib import Path

from bench.__main__ import names
from training.corpus import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[1]


def test_every_bench_and_each_of_its_parts_can_be_started() -> None:
    """What they call may have changed since they last ran, which is seldom."""
    for name in names():
        bench = importlib.import_module(f"bench.{name}")
        for part in [*getattr(bench, "PARTS", {}).values()] or [bench.run]:
            if isinstance(part, partial):  # its module is imported when it is measured
                part = importlib.import_module(f"bench.{name}.{part.args[0]}").figures
            inspect.signature(part).bind()


def test_a_bench_without_the_data_it_needs_says_so_in_one_line_and_keeps_nothing(tmp_path: Path) -> None:
    kept = (ROOT / "bench" / "results" / "detect.json").read_bytes()
    command = [sys.executable, "-m", "bench", "detect"]
    environment = {"PATH": "/usr/bin:/bin", ENVIRONMENT: str(tmp_path / "nowhere")}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert ENVIRONMENT in ended.stderr
    assert (ROOT / "bench" / "results" / "detect.json").read_bytes() == kept
