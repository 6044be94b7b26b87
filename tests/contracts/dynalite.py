"""dynalite, a strict DynamoDB engine from npm: getting it (`python -m tests.contracts.dynalite`), and running it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NODE_FOLDER = Path(__file__).resolve().parents[1] / "node"
PROGRAM = NODE_FOLDER / "node_modules" / "dynalite" / "index.js"
HOW_TO = "dynalite is needed: install Node.js 20 or newer with npm (https://nodejs.org), then run `make test` again"

# Its own command line chooses no free port.
_SERVE = """
const server = require(process.argv[1])({ createTableMs: 0 });
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
"""


@contextmanager
def running_dynalite() -> Iterator[str]:
    """The address of an engine of one's own, empty and in memory; it ends with the context.

    Where dynalite was not installed the test is skipped, and fails on a machine that checks submissions (CI=true).
    """
    node = shutil.which("node")
    if node is None or not PROGRAM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(HOW_TO)
        pytest.skip(HOW_TO)
    with subprocess.Popen([node, "-e", _SERVE, str(PROGRAM)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port, f"dynalite did not start: {HOW_TO}"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _get_it() -> None:
    """Installs what the lock file names; reports what cannot be installed, without failing."""
    installed = NODE_FOLDER / "node_modules" / ".package-lock.json"
    locked = NODE_FOLDER / "package-lock.json"
    if PROGRAM.exists() and installed.stat().st_mtime >= locked.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is not None:
        # Without the packages' own install scripts: none of them is needed to keep tables in memory.
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run([npm, "ci", "--prefix", str(NODE_FOLDER), *options], check=False, stdout=subprocess.DEVNULL)
    if not PROGRAM.exists():
        print(f"The tests of DynamoDB on dynalite will be skipped: {HOW_TO}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    _get_it()
