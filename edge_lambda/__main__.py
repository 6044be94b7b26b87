"""`python -m edge_lambda`: the program of a camera device; its settings are in `edge_lambda.settings`."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the program and ends the process with its exit code."""
    try:
        from edge_lambda.program import main as run_program

        run_program()
    except ModuleNotFoundError as missing:
        sys.stderr.write(f"houselights: {missing.name} is missing: install houselights[edge,device]\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
