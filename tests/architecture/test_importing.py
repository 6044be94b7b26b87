"""Importing does nothing heavy: a command line that only prints its help must not load a neural network's runtime."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT

HEAVY = (
    "altair",
    "av",
    "boto3",
    "cryptography",
    "cv2",
    "defusedxml",
    "matplotlib",
    "msgspec",
    "onnxruntime",
    "opentimelineio",
    "pandas",
    "platformdirs",
    "pooch",
    "pptx",
    "pyarrow",
    "scenedetect",
    "scipy",
    "streamlit",
    "torch",
    "typst",
    "uharfbuzz",
    "vl_convert",
)


def loaded_by(statement: str) -> set[str]:
    """Top-level names of all modules that a statement loads, in a fresh interpreter."""
    program = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return set(ran.stdout.split())


@pytest.mark.parametrize(
    "package",
    ["audience", "edge_lambda", "houselights", "dashboard", "sample_data", "timeline_files", "bench"],
)
def test_importing_a_package_loads_nothing_beyond_the_standard_library(package):
    assert loaded_by(f"import {package}") & {*HEAVY, "numpy", "click", "rich"} == set()


def test_the_domain_loads_numpy_and_nothing_heavier():
    statement = "import audience.reaction.curve, audience.privacy, audience.store, audience.stores"
    assert loaded_by(statement) & set(HEAVY) == set()


def test_choosing_among_detectors_loads_none_of_them():
    assert loaded_by("import edge_lambda.detectors") & set(HEAVY) == set()


def test_the_command_line_answers_for_help_without_loading_what_its_commands_need():
    loaded = loaded_by(
        "import contextlib, io\nfrom houselights.cli import main\n"
        "sys.argv = ['houselights', '--help']\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n    main()"
    )
    # platformdirs says where things are kept, and cv2 is there in a thirtieth of a second.
    assert loaded & (set(HEAVY) - {"platformdirs", "cv2"}) == set()
