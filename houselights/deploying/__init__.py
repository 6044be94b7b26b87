"""Deploys Houselights to an AWS account and removes it: `make package`, `component`, `licences` and `teardown`.

Works from a checkout only, since it needs the repository's files.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

BUILD = ROOT / "build"
"""The output folder."""
