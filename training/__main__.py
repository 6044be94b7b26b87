"""`python -m training [--data ZIP_OR_DIR] [--out FILE]`: trains the ONNX file that ships.

Takes well under 40 minutes on two cores. After an interruption the same command resumes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from platformdirs import user_cache_path

from training.corpus import CorpusUnreadable, default_corpus
from training.recipe import Recipe, train

SHIPPED = Path(__file__).resolve().parents[1] / "edge_lambda" / "models" / "expressionnet.onnx"


def main() -> int:
    """Trains and writes the model; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--data", type=Path, default=default_corpus(), help="zip or folder with labels.csv")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="ONNX file to write (%(default)s)")
    parser.add_argument(
        "--work",
        type=Path,
        default=user_cache_path("houselights") / "training",
        help="folder for boxes and checkpoints, to resume an interrupted run (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        train(options.data, options.out, options.work, Recipe(seed=options.seed))
    except CorpusUnreadable as error:
        print(error, file=sys.stderr)  # noqa: T201 - a user's mistake is one line
        return 2
    except KeyboardInterrupt:
        print("interrupted; run the same command to resume", file=sys.stderr)  # noqa: T201
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
