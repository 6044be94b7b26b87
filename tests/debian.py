"""Getting a program that tests need, on a machine where Debian's packages may be installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


def install(packages: str, *, looked_for: str) -> None:
    """Installs packages where that is possible, and says so; what cannot be had is left for the caller to say.

    Args:
        packages: their names, with blanks between.
        looked_for: what was not found.
    """
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return
    command = f"apt-get update -qq && apt-get install -y -qq --no-install-recommends {packages}"
    print(f"No {looked_for} found: getting it ({command})", file=sys.stderr)  # noqa: T201
    subprocess.run(["sh", "-c", command], check=False, stdout=subprocess.DEVNULL)
