"""Commands on a machine with only the dependencies that every part of Houselights needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from houselights.cli import run

# None of the extras is there: whatever asks for one of their libraries is told that it is not installed.
_PROGRAM = """
import contextlib, io, json, sys
sys.modules |= dict.fromkeys(
    "PIL aws_lambda_powertools av boto3 botocore cv2 defusedxml flask moto onnxruntime opentimelineio pandas pptx "
    "pyarrow segno skimage starlette streamlit typst uharfbuzz uvicorn websockets".split()
)
from houselights.cli import run
for words in json.load(sys.stdin):
    with contextlib.redirect_stderr(io.StringIO()) as errors, contextlib.redirect_stdout(io.StringIO()):
        code = run(words)
    print(json.dumps([words[0], code, errors.getvalue()]))
"""

_NEEDED = {
    "score": ("edge", ["talk.mp4", "--session", "talk-1"]),
    "watch": ("edge", ["webcam:0", "--session", "talk-1"]),
    "axis": ("edge", ["webcam:0"]),
    "demo": ("demo", ["--no-serve"]),
    "calibrate-sheets": ("edge", ["talk.mp4", "--setting", "event"]),
    "compare-scorers": ("edge", ["talk.mp4"]),
    "ingest": ("edge", ["--local", "."]),
    "cameras": ("cloud", ["add", "--session", "talk-1", "--stages", "stages.csv", "--bucket", "deliveries"]),
    "grant": ("cloud", ["cam-1", "--session", "talk-1"]),
    "revoke": ("cloud", ["--session", "talk-1"]),
    "sessions": ("cloud", ["--store", "dynamodb://houselights?region=eu-west-1"]),
    "alerts": ("cloud", ["--sns-topic", "arn:aws:sns:eu-west-1:123456789012:topic"]),
    "local-cloud": ("local-cloud", []),
    "export": ("export", ["--archive", "archive"]),
    "qr": ("dashboard", ["talk-1", "--at", "https://example.org"]),
    "dashboard": ("dashboard", ["--no-browser"]),
    "share": ("dashboard", ["talk-1", "--days", "1", "--access", "access.toml"]),
    "report": ("report", ["talk-1", "--to", "talk.pdf"]),
}


def test_a_command_that_lacks_an_extra_says_in_one_line_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSELIGHTS_STORE", f"sqlite:///{tmp_path / 'houselights.db'}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "talk.mp4").write_bytes(b"")
    set_up = ["prepare", "--session", "talk-1", "--camera", "cam-1", "--setting", "event"]
    lines = [set_up, *([name, *words] for name, (_, words) in _NEEDED.items())]
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        cwd=tmp_path,
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = {name: (code, text) for name, code, text in map(json.loads, done.stdout.splitlines())}
    assert answers.pop("prepare")[0] == 0
    for name, (extra, _) in _NEEDED.items():
        code, text = answers[name]
        assert code == 2, name
        assert text.count("\n") == 1, (name, text)
        assert f"`{extra}`" in text, (name, text)


def test_serving_others_without_the_extra_for_signing_in_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOUSELIGHTS_STORE", f"sqlite:///{tmp_path / 'houselights.db'}")
    monkeypatch.setitem(sys.modules, "authlib", None)
    access = tmp_path / "access.toml"
    access.write_text('address = "http://127.0.0.1:8501"\ncontact = "Ada, ada@example.org"\n')
    access.chmod(0o600)
    assert run(["dashboard", "--access", str(access), "--no-browser"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "`login`" in said
