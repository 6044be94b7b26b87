"""Training in the folders that SageMaker lays down: options, checkpoints, the model, and a line where it failed."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")
pytest.importorskip("onnx", reason="training needs the extra `train`")

from edge_lambda.scorers import load_scorer
from tests.training.test_recipe import corpus  # noqa: F401 - a fixture
from training import fit
from training.sagemaker import main, training_options


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred faces are fewer than a step of the recipe takes."""
    monkeypatch.setattr("training.__main__.Settings", functools.partial(fit.Settings, batch=16))


@pytest.fixture
def root(tmp_path: Path, corpus: Path) -> Path:  # noqa: F811 - the fixture
    """A job's folder with a small corpus and two epochs."""
    return a_job(tmp_path / "ml", corpus)


def a_job(root: Path, photographs: Path, **hyperparameters: str) -> Path:
    shutil.copytree(photographs, root / "input" / "data" / "corpus01")
    config = root / "input" / "config"
    config.mkdir(parents=True)
    given = {"epochs": "2", "device": "cpu", **hyperparameters}
    (config / "hyperparameters.json").write_text(json.dumps(given))
    return root


def run(root: Path) -> int:
    return main(["--root", str(root)])


def model_of(root: Path) -> bytes:
    return (root / "model" / "scorer.onnx").read_bytes()


def test_the_folders_of_a_job_become_options(tmp_path):
    data = tmp_path / "input" / "data"
    for name in ("corpus02", "corpus01", "code", "lists"):
        (data / name).mkdir(parents=True)
    (data / "corpus01" / "faces.zip").touch()
    options = training_options(tmp_path, {})
    assert options[:4] == ["--data", str(data / "corpus01" / "faces.zip"), "--data", str(data / "corpus02")]
    assert options[4:] == ["--out", str(tmp_path / "model" / "scorer.onnx"), "--work", str(tmp_path / "checkpoints")]


def test_the_variables_of_sagemaker_s_own_tools_are_read(tmp_path):
    environment = {
        "SM_CHANNEL_TRAINING": str(tmp_path / "here"),
        "SM_CHANNEL_CODE": str(tmp_path / "code"),
        "SM_MODEL_DIR": str(tmp_path / "there"),
        "SM_HPS": '{"epochs": 7, "device": "cpu", "sagemaker_program": "train.py"}',
    }
    options = training_options(tmp_path, environment)
    assert options[:4] == ["--data", str(tmp_path / "here"), "--out", str(tmp_path / "there" / "scorer.onnx")]
    assert options[-4:] == ["--epochs", "7", "--device", "cpu"]


@pytest.mark.parametrize("value", ["7", '"7"', 7])
def test_hyperparameters_are_read_as_text_and_as_json(tmp_path, value):
    environment = {"SM_CHANNEL_TRAINING": str(tmp_path), "SM_HPS": json.dumps({"epochs": value})}
    assert training_options(tmp_path, environment)[-2:] == ["--epochs", "7"]


def test_a_job_leaves_a_model_the_scorer_takes(root):
    assert run(root) == 0
    assert load_scorer("expressionnet", model=root / "model" / "scorer.onnx").model_sha256
    assert not (root / "output" / "failure").exists()


def test_an_interrupted_job_goes_on_and_ends_in_the_same_bytes(root, tmp_path, corpus, monkeypatch):  # noqa: F811
    """As spot instances are taken away: SIGTERM, then the same job again with the checkpoints it left."""
    whole = a_job(tmp_path / "whole", corpus)
    assert run(whole) == 0
    save, saved = fit._save, []

    def saves_and_is_taken_away(*state: Any) -> None:
        save(*state)
        saved.append(state[-1])
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(fit, "_save", saves_and_is_taken_away)
        assert run(root) == 130
    assert saved == [1]
    assert not (root / "output" / "failure").exists()
    assert not list((root / "model").iterdir())
    resumed = []
    monkeypatch.setattr(fit, "_save", lambda *state: (save(*state), resumed.append(state[-1])))
    assert run(root) == 0
    assert resumed == [2, 1, 2], "the first epoch of the first network is not trained again"
    assert model_of(root) == model_of(whole)


def test_the_reason_of_a_failure_is_left_where_the_service_shows_it(root, capsys):
    (root / "input" / "data" / "corpus01" / "labels.csv").unlink()
    assert run(root) != 0
    failure = (root / "output" / "failure").read_text()
    assert "labels.csv" in failure
    assert "\n" not in failure
    assert failure in capsys.readouterr().err


def test_an_option_that_does_not_exist_is_the_reason(tmp_path, corpus):  # noqa: F811
    root = a_job(tmp_path / "ml", corpus, momentum="0.9")
    assert run(root) == 2
    assert "--momentum" in (root / "output" / "failure").read_text()


def test_a_job_without_photographs_says_so(tmp_path):
    assert run(tmp_path) == 2
    assert str(tmp_path) in (tmp_path / "output" / "failure").read_text()


def test_an_error_of_the_program_is_a_line_too(root, monkeypatch):
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("no space left on device")

    monkeypatch.setattr("training.__main__.train", broken)
    assert run(root) == 1
    assert "no space left on device" in (root / "output" / "failure").read_text()
