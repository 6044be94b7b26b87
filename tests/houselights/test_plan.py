"""`houselights plan`, and the file that `make deploy` takes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from houselights.cli import run

ROOT = Path(__file__).resolve().parents[2]
LARGE = ["plan", "--stages", "200", "--cameras", "20", "--hours", "12"]


def test_functions_quotas_and_cost_are_printed(capsys):
    assert run([*LARGE, "--deliver", "live"]) == 0
    said = capsys.readouterr().out
    assert "4,000 cameras" in said
    for part in ("Rekognition", "DynamoDB", "Lambda", "S3", "SQS", "IoT Core", "logs"):
        assert re.search(rf"^  {part}[\w, ]* +\$[\d,]+\.\d\d$", said, re.MULTILINE), part
    assert "DetectFaces a second: 2,500" in said
    assert "HOUSELIGHTS_SCORING=cloud" in said


def test_make_deploy_takes_the_file_that_was_written(tmp_path, capsys):
    file = tmp_path / "plan.txt"
    assert run([*LARGE, "--write", str(file)]) == 0
    assert f"plan={file}" in capsys.readouterr().out
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z]+=\w+", line) for line in lines)
    done = subprocess.run(
        ["make", "-n", "deploy", f"plan={file}", "profile=nobody"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (overrides,) = re.findall(r"(\$\(grep .*?\))\s", done.stdout.partition("--parameter-overrides")[2])
    told = subprocess.run(["sh", "-c", f"echo {overrides}"], capture_output=True, text=True, check=True).stdout.split()
    assert told == lines


def test_bad_input_gets_one_line(tmp_path, capsys):
    for wrong in (["--hours", "25"], ["--stages", "0"], ["--interval", "0"], ["--write", str(tmp_path / "no" / "x")]):
        assert run([*LARGE, *wrong]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1, said
