"""`python -m edge_lambda`: a camera's own program; what it is told is in `edge_lambda.settings`."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the program and ends the process with its exit code."""
    try:
        from edge_lambda.program import main as look

        look()
    except ModuleNotFoundError as missing:
        sys.stderr.write(f"houselights: {missing.name} is missing: install houselights[edge,device]\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
