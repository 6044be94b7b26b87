"""What a bench needs beside the environment of `make`: got where this machine can, else named in one line."""

from __future__ import annotations

import subprocess
import sys

from tests.browser import HOW_TO as GET_A_BROWSER
from tests.browser import browser_path
from tests.contracts.dynalite import HOW_TO as GET_DYNALITE
from tests.contracts.dynalite import PROGRAM
from tests.outside.tracing import what_is_missing
from training.corpus import ENVIRONMENT, data_folder

_GETTERS = {"browser": "tests.browser", "dynalite": "tests.contracts.dynalite", "strace": "tests.outside.tracing"}


def get(need: str) -> str:
    """Gets something a bench needs.

    Args:
        need: "browser", "data" (the evaluation data, which nobody can fetch), "dynalite" or "strace".

    Returns:
        What to do where it cannot be had here; "" where it is there now.
    """
    if need == "data":
        folder = data_folder()
        if folder.is_dir():
            return ""
        return f"the evaluation data is needed, and is not at {folder}: set {ENVIRONMENT} to its folder"
    subprocess.run([sys.executable, "-m", _GETTERS[need]], check=False, stderr=subprocess.DEVNULL)
    if need == "browser":
        return "" if browser_path() else GET_A_BROWSER
    if need == "dynalite":
        return "" if PROGRAM.exists() else GET_DYNALITE
    return what_is_missing() or ""
