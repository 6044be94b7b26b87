"""Getting Houselights into an AWS account and out again: what `make package`, `component` and `teardown` run.

It works on the repository's own files, and so only from a checkout.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

BUILD = ROOT / "build"
"""Where things are made."""
