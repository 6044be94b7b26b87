"""One module imports onnxruntime, so that its telemetry is off before anything is loaded with it."""

from __future__ import annotations

import ast
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOMS, ROOT, Module

ONE_MODULE = "edge_lambda/onnx_runtime.py"
# What installed packages hold that imports onnxruntime itself, and the names by which our code could reach it.
OF_OTHERS = {
    "scenedetect/detectors/transnet_v2.py": ("scenedetect.detectors.transnet_v2", "TransNetV2Detector"),
}
# They say its name, to hold that it was not loaded.
NAMES_IT_ONLY = (
    "tests/architecture/",
    "tests/edge/test_detectors.py",
    "tests/edge/test_onnx_runtime.py",
    "tests/houselights/test_leftovers.py",
    "tests/houselights/test_sessions.py",
    "tests/ingest/test_handler.py",
)
# Itself, and what training alone loads, which runs no net by it
NOT_LOOKED_AT = ("onnxruntime", "onnx", "torch")
# A text that is a module's name, or that holds a line of Python; onnxruntime.db is a file.
_NAME = re.compile(r"onnxruntime(\.(?!db\b)\w+)*$|.*\b(import|from)\s+onnxruntime\b", re.DOTALL)
_IMPORT = re.compile(rb"^[ \t]*(?:import|from) onnxruntime\b", re.MULTILINE)


def texts(module: Module) -> Iterator[str]:
    """All that a module spells out as text, its docstrings left out: a name to import may be among it."""
    docstrings = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docstrings.add(first.value)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield node.value


def reaches_for_it(module: Module) -> bool:
    """Whether a module imports onnxruntime, names it where a text can be imported, or imports what imports it."""
    others = {name for names in OF_OTHERS.values() for name in names}
    imported = module.imports()
    parts = {part for name in imported for part in (name, name.rpartition(".")[2])}
    return (
        "onnxruntime" in module.tops()
        or bool(parts & others)
        or any(_NAME.match(text) or others & set(re.findall(r"[\w.]+", text)) for text in texts(module))
    )


def test_one_module_alone_imports_onnxruntime():
    # The others are not parsed: they hold no part of a name by which it could be reached.
    words = {"onnxruntime", *(name.rpartition(".")[2] for names in OF_OTHERS.values() for name in names)}
    texts = {path: path.read_text() for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    naming = [
        Module(path=path.relative_to(ROOT).as_posix(), text=text, tree=ast.parse(text))
        for path, text in texts.items()
        if any(word in text for word in words)
    ]
    found = {module.path for module in naming if reaches_for_it(module)}
    assert ONE_MODULE in found
    assert [path for path in sorted(found - {ONE_MODULE}) if not path.startswith(NAMES_IT_ONLY)] == []


@pytest.mark.parametrize(
    "source",
    [
        "import onnxruntime",
        "import onnxruntime.capi as capi",
        "def f():\n    from onnxruntime import InferenceSession",
        "import importlib\nimportlib.import_module('onnxruntime')",
        "NAME = 'onnxruntime'\n__import__(NAME)",
        "import importlib\nimportlib.import_module('.capi', package='onnxruntime')",
        "exec('import onnxruntime')",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import onnxruntime as ort'])",
        "import scenedetect.detectors.transnet_v2",
        "from scenedetect.detectors.transnet_v2 import TransNetV2Detector",
        "from scenedetect.detectors import transnet_v2",
        "from scenedetect import TransNetV2Detector",
        "__import__('scenedetect.detectors.transnet_v2')",
    ],
)
def test_every_way_to_import_it_is_seen(source: str):
    assert reaches_for_it(Module(path="x.py", text=source, tree=ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "from edge_lambda.onnx_runtime import load_session",
        "def f():\n    'Runs in onnxruntime.'",
        "from scenedetect import AdaptiveDetector",
        "from importlib import resources\nresources.files('scenedetect')",
        "print('onnxruntime has its telemetry off')",
        "open('onnxruntime.db')",
    ],
)
def test_what_does_not_import_it_is_let_be(source: str):
    assert not reaches_for_it(Module(path="x.py", text=source, tree=ast.parse(source)))


def test_the_installed_packages_that_import_it_are_those_known():
    """A new one is to be looked at: nothing of ours may reach what imports onnxruntime in it."""
    installed = Path(sysconfig.get_paths()["purelib"])
    found = {
        path.relative_to(installed).as_posix()
        for package in sorted(installed.iterdir())
        if package.name not in NOT_LOOKED_AT
        for path in (package.rglob("*.py") if package.is_dir() else [package])
        if b"onnxruntime" in (source := path.read_bytes()) and _IMPORT.search(source)
    }
    assert found <= set(OF_OTHERS)
    assert "scenedetect/detectors/transnet_v2.py" in found
