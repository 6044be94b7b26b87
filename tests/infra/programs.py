"""The programs that check the template; `make test` installs them into build/checks."""

from __future__ import annotations

import os
import subprocess
from typing import NoReturn

import pytest

from tests.infra.template import ROOT
from tests.ticking import ran

FOLDER = ROOT / "build" / "checks"
HOW_TO = "the programs that check the template are needed: `make checks` gets them"

# Nobody's AWS account is asked, and nobody is told.
_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "SAM_CLI_TELEMETRY": "0",
    "LOG_LEVEL": "WARNING",
}


def missing() -> NoReturn:
    """Skips a test for which the programs are needed, and fails it on a machine that checks submissions (CI=true)."""
    if os.environ.get("CI") == "true":
        pytest.fail(HOW_TO)
    pytest.skip(HOW_TO)


def run(group: str, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in the repository's root.

    Where it was not installed the test is skipped, and fails on a machine that checks submissions (CI=true).

    Args:
        group: of `infra/checks/pyproject.toml`.
        program: its name.
        arguments: its arguments.
    """
    path = FOLDER / group / "bin" / program
    if not path.exists():
        missing()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return ran([str(path), *arguments], env=kept | _ENVIRONMENT, cwd=ROOT)
