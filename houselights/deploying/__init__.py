"""Releases Houselights, deploys it to an AWS account, and removes it there; `make help` lists the targets.

Works from a checkout only, since it needs the repository's files.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

BUILD = ROOT / "build"
"""The output folder."""
