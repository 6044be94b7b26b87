"""`python -m training.sagemaker`: trains as a training job of Amazon SageMaker does.

The service lays data and settings down in a folder, takes the model from there, keeps the checkpoints, and shows a line
where the job failed. This module turns them into the options of `python -m training` and back:

    input/data/CHANNEL/             corpora: zips, or folders with labels.csv  (SM_CHANNEL_NAME names another folder)
    input/data/lists/               HOUSELIGHTS_DATA: lists of people, if there are any
    input/config/hyperparameters.json   options, such as {"epochs": "60"}      (SM_HPS holds them instead)
    checkpoints/                    --work: a job that is interrupted goes on from there
    model/scorer.onnx               --out                                      (SM_MODEL_DIR names another folder)
    output/failure                  the reason, if it failed

The folder is /opt/ml, unless --root or HOUSELIGHTS_SAGEMAKER_ROOT names another.
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO

from training import __main__ as training_program

ROOT: Final = "HOUSELIGHTS_SAGEMAKER_ROOT"
MODEL_NAME: Final = "scorer.onnx"
NOT_DATA: Final = frozenset({"code", "lists"})
"""Channels without a corpus: the program itself, and lists of people."""

_INTERRUPTED: Final = 130
_OF_THE_SERVICE: Final = "sagemaker_"  # prefix of hyperparameters that its own tools set
_LONGEST_FAILURE: Final = 1024  # characters that the service shows


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains, and leaves model or failure where SageMaker looks for them; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m training.sagemaker", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, default=Path(os.environ.get(ROOT, "/opt/ml")), help="(%(default)s)")
    root = parser.parse_args(arguments).root
    said = _LastLine(sys.stderr)
    with contextlib.redirect_stderr(said):
        try:
            options = training_options(root, os.environ)
            os.environ.setdefault("HOUSELIGHTS_DATA", str(root / "input" / "data" / "lists"))
            code = training_program.main(options)
        except (ValueError, OSError) as problem:
            print(problem, file=sys.stderr)  # noqa: T201 - the log of the job
            code = 2
        except SystemExit as ended:  # of the parser of options
            code = ended.code if isinstance(ended.code, int) else 2
        except Exception:
            traceback.print_exc()
            code = 1
    # A job that was interrupted did not fail: SageMaker starts it again.
    if code not in (0, _INTERRUPTED):
        failure = root / "output" / "failure"
        failure.parent.mkdir(parents=True, exist_ok=True)
        failure.write_text(said.line[:_LONGEST_FAILURE], encoding="utf-8")
    return code


def training_options(root: Path, environment: Mapping[str, str]) -> list[str]:
    """The options of `python -m training` for a job.

    Args:
        root: the folder that SageMaker lays everything down in.
        environment: variables by name.

    Raises:
        ValueError: there is no data, or the hyperparameters cannot be read.
    """
    options = [word for corpus in _corpora(root, environment) for word in ("--data", str(corpus))]
    model = Path(environment.get("SM_MODEL_DIR") or root / "model")
    model.mkdir(parents=True, exist_ok=True)
    options += ["--out", str(model / MODEL_NAME), "--work", str(root / "checkpoints")]
    for name, value in _hyperparameters(root, environment).items():
        if not name.startswith(_OF_THE_SERVICE):
            options += [f"--{name.replace('_', '-')}", value]
    return options


def _corpora(root: Path, environment: Mapping[str, str]) -> list[Path]:
    """The corpora of all channels, in the order of the channels' names."""
    named = {
        name.removeprefix("SM_CHANNEL_").lower(): Path(folder)
        for name, folder in environment.items()
        if name.startswith("SM_CHANNEL_")
    }
    data = root / "input" / "data"
    channels = named or {folder.name: folder for folder in data.glob("*") if folder.is_dir()}
    found: list[Path] = []
    for name in sorted(channels.keys() - NOT_DATA):
        zips = sorted(channels[name].glob("*.zip"))
        found += zips or [channels[name]]
    if not found:
        raise ValueError(f"there is no channel with photographs in {data}: give the job a channel with a corpus")
    return found


def _hyperparameters(root: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Hyperparameters by name, as text: SageMaker's own tools write each value as JSON, boto3 as it is given."""
    file = root / "input" / "config" / "hyperparameters.json"
    text = environment.get("SM_HPS") or (file.read_text(encoding="utf-8") if file.exists() else "{}")
    try:
        given = json.loads(text)
        return {str(name): _as_text(value) for name, value in given.items()}
    except (ValueError, AttributeError):
        raise ValueError("the hyperparameters are no JSON object of names and values") from None


def _as_text(value: object) -> str:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    return str(value)


class _LastLine:
    """A stream that passes everything on, and keeps the last line that said something.

    Attributes:
        line: that line.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._open = stream, ""
        self.line = ""

    def write(self, text: str) -> int:
        *done, self._open = (self._open + text).split("\n")
        self.line = next((line.strip() for line in reversed([*done, self._open]) if line.strip()), self.line)
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()


if __name__ == "__main__":
    sys.exit(main())
