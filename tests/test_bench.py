"""Benches on a machine that lacks what they need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from training.corpus import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[1]


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
