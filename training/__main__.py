"""`python -m training [--data ZIP_OR_DIR]... [--out FILE]`: trains ExpressionNet, the ONNX file that ships.

Takes about an hour on two cores. After an interruption the same command resumes with the last epoch that was finished.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from platformdirs import user_cache_path

from training.corpus import CorpusUnreadable, default_corpora
from training.fit import Settings
from training.recipe import EPOCHS, Recipe, train

SHIPPED = Path(__file__).resolve().parents[1] / "edge_lambda" / "models" / "expressionnet.onnx"


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains and writes the model; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument(
        "--data",
        type=Path,
        action="append",
        help="zip or folder with labels.csv; may be given several times (default: "
        f"{', '.join(str(corpus) for corpus in default_corpora())})",
    )
    parser.add_argument("--out", type=Path, default=SHIPPED, help="ONNX file to write (%(default)s)")
    parser.add_argument(
        "--work",
        type=Path,
        default=user_cache_path("houselights") / "training",
        help="folder for boxes and checkpoints, to resume an interrupted run (%(default)s)",
    )
    parser.add_argument("--epochs", type=_positive, default=EPOCHS, help="passes over the photographs (%(default)s)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto: CUDA if there is one")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if not options.out.parent.is_dir():
        parser.error(f"--out: {options.out.parent} is not a folder")
    # As Ctrl-C: a machine that is taken away says so.
    earlier = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        recipe = Recipe(seed=options.seed, settings=Settings(epochs=options.epochs))
        train(options.data or default_corpora(), options.out, options.work, recipe, options.device)
    except CorpusUnreadable as error:
        print(error, file=sys.stderr)  # noqa: T201 - a user's mistake is one line
        return 2
    except KeyboardInterrupt:
        print("interrupted; run the same command to resume", file=sys.stderr)  # noqa: T201
        return 130
    finally:
        signal.signal(signal.SIGTERM, earlier)
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
