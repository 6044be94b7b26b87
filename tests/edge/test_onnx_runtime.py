"""onnxruntime's telemetry is off, whatever the environment says, before any model is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge_lambda.onnx_runtime import load_session

LOAD = """
from edge_lambda.detectors.load import load_detector
from edge_lambda.scorers import load_scorer
load_detector("centerface"), load_scorer("expressionnet")
"""
# onnxruntime by itself is silent on the machines of some providers of CI.
SILENT_WHERE = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "ORT_RUNNING_UNIT_TESTS", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")


def ran(program: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in SILENT_WHERE}
    environment |= {"HOME": str(home), "TMPDIR": str(home)} | more
    return subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("told", [{}, {"ORT_DISABLE_TELEMETRY": "0"}, {"ORT_DISABLE_TELEMETRY": ""}])
def test_loading_the_nets_writes_no_id_and_no_events_whatever_the_environment_says(
    tmp_path: Path, told: dict[str, str]
) -> None:
    loaded = ran(LOAD, tmp_path, **told)
    assert loaded.returncode == 0, loaded.stderr
    assert list(tmp_path.rglob("*")) == []


def test_child_processes_inherit_the_variable(tmp_path: Path) -> None:
    child = "import subprocess\nprint(subprocess.check_output(['printenv', 'ORT_DISABLE_TELEMETRY'], text=True))"
    assert ran(f"{LOAD}\n{child}", tmp_path, ORT_DISABLE_TELEMETRY="0").stdout.strip() == "1"


@pytest.mark.parametrize("ours", ["load_detector('centerface')", "load_scorer('expressionnet')"])
def test_a_program_that_already_reports_is_refused_with_what_to_do(tmp_path: Path, ours: str) -> None:
    # A stand-in, since the real one would begin to report.
    foreign = "import sys, types\nsys.modules['onnxruntime'] = types.ModuleType('onnxruntime')\n"
    load = f"from edge_lambda.detectors.load import load_detector\nfrom edge_lambda.scorers import load_scorer\n{ours}"
    for told in ({}, {"ORT_DISABLE_TELEMETRY": "0"}):
        refused = ran(foreign + load, tmp_path, **told)
        last = refused.stderr.strip().splitlines()[-1]
        assert "Unavailable" in last
        assert "ORT_DISABLE_TELEMETRY=1" in last


def test_a_program_that_switched_it_off_itself_is_served(tmp_path: Path) -> None:
    early = ran(f"import onnxruntime\n{LOAD}", tmp_path, ORT_DISABLE_TELEMETRY="true")
    assert early.returncode == 0, early.stderr
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("damaged", [b"", b"\xff\xff", b"no model at all"])
def test_an_invalid_model_is_a_value_error(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="model"):
        load_session(damaged)
