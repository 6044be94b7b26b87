"""Who may import whom, and what else holds for every module: read from the sources, so nothing is imported to check it.

Where a rule is in the way, change it here and say why in `docs/decisions/`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable

import pytest

from tests.architecture.sources import ROOMS, ROOT, Module, modules, words_of

DOMAIN_MAY_IMPORT = {"numpy", "scipy"}
ADAPTERS_MAY_IMPORT = {"boto3", "botocore", "cryptography", "msgspec", "platformdirs"}
TIMELINE_FILES_MAY_IMPORT = {
    "av",
    "cv2",
    "defusedxml",
    "openpyxl",
    "opentimelineio",
    "pypdfium2",
    "pysubs2",
    "scenedetect",
}
CAMERA_SDKS = {"awscam", "greengrasssdk"}
STORES = "audience.stores"

# What each room of the domain may import beside the modules at the domain's top, which import no room of it.
# None runs upward.
ROOMS_OF_THE_DOMAIN: dict[str, set[str]] = {
    "deliveries": set(),
    "stores": {"identity", "reaction"},
    "identity": {"deliveries"},
    "reaction": set(),
    "board": {"deliveries"},
    "comparing": {"reaction"},
    "export": {"reaction", "comparing", "identity"},
    "monitoring": {"board", "deliveries"},
}
# The modules that write tables as files, read catalogues of other languages than English, and encrypt what goes to
# devices and comes back, with what each may import.
LIBRARIES_OF_ONE_MODULE = {
    "audience/language.py": {"babel"},
    "audience/export/files.py": {"pyarrow"},
    "audience/identity/bundle.py": {"cryptography"},
    "audience/identity/sealed_picture.py": {"cryptography"},
}

# What a module must not be called: it would say nothing of what is in it.
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "misc", "base", "stuff"}

# The glossary's words and not these, with the places where another meaning is meant.
NOT_OUR_WORDS: dict[str, str] = {
    "emotion": "expression",
    "emotions": "expression",
    "mood": "expression",
    "sentiment": "expression",
    "venue": "stage",
    "sensor": "camera",
    "thumbnail": "crop",
    "thumbnails": "crop",
    "mosaic": "contact sheet",
    "batch": "contact sheet",
    "prediction": "score",
    "predictions": "score",
    "bucket": "window",
    "buckets": "window",
    "intensity": "level",
    "engagement": "liveliness",
    "highlight": "moment",
    "highlights": "moment",
    "notification": "alert",
    "notifications": "alert",
    "whitelist": "roster",
    "blacklist": "watchlist",
}
ANOTHER_MEANING: dict[str, tuple[str, ...]] = {
    # Crops that a network takes at once, and messages that a queue gives at once.
    "batch": (
        "edge_lambda/scorers/",
        "ingest_lambda/",
        "training/",
        "tests/edge/",
        "tests/ingest/",
        "tests/training/",
        "bench/",
    ),
    # Where S3 keeps objects.
    "bucket": ("edge_lambda/", "ingest_lambda/", "houselights/", "bench/", "tests/"),
    "buckets": ("edge_lambda/", "ingest_lambda/", "houselights/", "bench/", "tests/"),
    # Clips of a talk's own recording at its moments, and the command that cuts them.
    "highlights": ("houselights/", "dashboard/pages/session/"),
    # The shape of a vendor's answer.
    "emotion": ("ingest_lambda/rekognition.py", "tests/ingest/", "houselights/local_cloud/", "tests/local_cloud/"),
    "emotions": ("ingest_lambda/rekognition.py", "tests/ingest/", "houselights/local_cloud/", "tests/local_cloud/"),
}


def offenders(found: Iterable[tuple[Module, set[str]]]) -> list[str]:
    """Each module that imports what it may not, and what that is."""
    return sorted(f"{module.path} imports {', '.join(sorted(names))}" for module, names in found if names)


def in_stores(module: Module) -> bool:
    return module.path.startswith("audience/stores/")


def test_the_rooms_are_read():
    """A rule that reads nothing holds always."""
    rooms = {module.room for module in modules()}
    assert {"audience", "edge_lambda", "dashboard", "houselights", "tests"} <= rooms <= set(ROOMS)
    assert len(modules()) > 50
    (curve,) = [module for module in modules("audience") if module.name == "audience.reaction.curve"]
    assert {"numpy", "audience.disclosure", "audience.disclosure.bounded"} <= curve.imports()


def test_no_python_lies_outside_the_rooms():
    top_level = {path.parent.name for path in ROOT.glob("*/*.py")}
    assert top_level <= set(ROOMS)
    assert [path.name for path in ROOT.glob("*.py")] == ["hatch_build.py"]


def test_the_domain_imports_the_standard_library_numpy_and_scipy_only():
    allowed = set(sys.stdlib_module_names) | DOMAIN_MAY_IMPORT | {"audience"}
    domain = [module for module in modules("audience") if not in_stores(module)]
    found = {module.path: module.tops() - allowed for module in domain}
    assert {path: names for path, names in found.items() if names} == LIBRARIES_OF_ONE_MODULE


def test_no_room_of_the_domain_imports_upward():
    rooms = {path.name for path in (ROOT / "audience").iterdir() if (path / "__init__.py").exists()}
    assert rooms == set(ROOMS_OF_THE_DOMAIN)
    found = []
    for module in modules("audience"):
        parts = module.name.split(".")
        own = parts[1] if parts[1:] and parts[1] in rooms else None
        reached = {name.split(".")[1] for name in module.imports() if name.count(".")} & rooms
        found.append((module, reached - {own} - (ROOMS_OF_THE_DOMAIN[own] if own else set())))
    assert offenders(found) == []


def test_the_domain_knows_the_store_port_and_no_store():
    domain = [module for module in modules("audience") if not in_stores(module)]
    assert offenders((module, {name for name in module.imports() if within(name, STORES)}) for module in domain) == []


def test_stores_import_their_own_libraries_and_the_domain_only():
    allowed = set(sys.stdlib_module_names) | DOMAIN_MAY_IMPORT | ADAPTERS_MAY_IMPORT | {"audience"}
    stores = [module for module in modules("audience") if in_stores(module)]
    assert stores
    assert offenders((module, module.tops() - allowed) for module in stores) == []


def test_readers_of_timelines_import_their_own_libraries_and_the_domain_only():
    allowed = set(sys.stdlib_module_names) | DOMAIN_MAY_IMPORT | TIMELINE_FILES_MAY_IMPORT
    readers = modules("timeline_files")
    assert readers
    assert offenders((module, module.tops() - allowed - {"audience", "timeline_files"}) for module in readers) == []


def test_the_page_of_the_board_is_put_together_with_nothing_but_python():
    parts = modules("board_page")
    assert parts
    assert offenders((module, module.tops() - set(sys.stdlib_module_names) - {"board_page"}) for module in parts) == []


def test_the_cameras_own_libraries_are_imported_by_one_module_alone():
    others = [module for module in modules() if module.path != "edge_lambda/devices/deeplens.py"]
    assert offenders((module, module.tops() & CAMERA_SDKS) for module in others) == []


@pytest.mark.parametrize(
    ("room", "may"),
    [
        ("audience", set()),
        ("edge_lambda", {"audience"}),
        ("ingest_lambda", {"audience", "board_page"}),
        ("dashboard", {"audience", "board_page", "timeline_files"}),
        ("houselights", {*ROOMS} - {"bench", "tests", "training"}),
        ("sample_data", {"audience"}),
        ("training", {"edge_lambda"}),
    ],
)
def test_a_room_imports_only_the_rooms_it_may_know(room, may):
    never = {*ROOMS} - may - {room}
    assert offenders((module, module.tops() & never) for module in modules(room)) == []


def test_nobody_imports_the_tests():
    """Not the benches either: they measure what is shipped."""
    others = [module for module in modules() if module.room not in ("tests", "bench")]
    assert offenders((module, module.tops() & {"tests", "pytest", "hypothesis"}) for module in others) == []


def test_only_training_needs_torch():
    others = [module for module in modules() if not module.path.startswith(("training/", "tests/training/"))]
    assert offenders((module, module.tops() & {"torch", "torchvision"}) for module in others) == []


CHARTS = [module.name for module in modules("dashboard") if module.name.startswith("dashboard.charts.")]


@pytest.mark.parametrize("chart", CHARTS)
def test_charts_can_be_drawn_without_streamlit(chart):
    """Neither a chart module nor anything it imports, so that charts are tested and exported without a page."""
    by_name = {module.name: module for module in modules()}
    reached, waiting = set(), [chart]
    while waiting:
        module = by_name.get(waiting.pop())
        if module is None or module.name in reached:
            continue
        reached.add(module.name)
        waiting += module.imports()
    assert chart in reached
    assert offenders((by_name[name], by_name[name].tops() & {"streamlit"}) for name in reached) == []


def test_only_the_data_modules_of_the_dashboard_hold_the_store():
    others = [module for module in modules("dashboard") if not module.name.endswith("data")]
    assert len(others) < len(modules("dashboard"))
    assert offenders((module, {name for name in module.imports() if within(name, STORES)}) for module in others) == []


def test_a_page_is_imported_by_no_other_page():
    """What two pages share has a name of its own above them."""
    pages = {path.parent.name for path in (ROOT / "dashboard" / "pages").glob("*/page.py")}
    assert len(pages) > 5
    found = []
    for module in modules("dashboard"):
        parts = module.name.split(".")
        if parts[:2] == ["dashboard", "pages"] and parts[2:] and parts[2] in pages:
            others = {f"dashboard.pages.{page}" for page in pages - {parts[2]}}
            found.append((module, {name for name in module.imports() if any(within(name, page) for page in others)}))
    assert offenders(found) == []


def test_time_comes_in_with_the_data():
    """Neither the domain nor the way from frame to window asks what time it is: a device's clock is handed in.

    `edge_lambda/program.py` hands it in: it is a program of its own, and that module puts the parts together; so do
    the programs that register a device and start its camera. Stores note when something was written.
    """
    may = (
        "edge_lambda/devices/",
        "edge_lambda/program.py",
        "edge_lambda/provisioning.py",
        "edge_lambda/launcher.py",
        "audience/stores/",
    )
    asking = [
        f"{module.path}:{line}"
        for module in modules("audience", "edge_lambda")
        for line in module.clock_calls()
        if not module.path.startswith(may)
    ]
    assert asking == []


def test_clock_calls_are_found():
    text = "datetime.now(UTC)\ntime.time()\nclock = time.time\ntime.monotonic()\nclock.now()"
    assert Module(path="x.py", text=text, tree=ast.parse(text)).clock_calls() == [1, 2, 3]


def test_a_module_is_called_by_what_is_in_it():
    empty = [module.path for module in modules() if EMPTY_NAMES & set(module.path.removesuffix(".py").split("/"))]
    assert empty == []


def test_things_are_called_by_the_words_of_the_glossary():
    wrong = [
        f"{module.path}:{line}: {name} (say {NOT_OUR_WORDS[word]})"
        for module in modules()
        for line, name in module.names_defined()
        for word in words_of(name)
        if word in NOT_OUR_WORDS and not module.path.startswith(ANOTHER_MEANING.get(word, ()))
    ]
    assert wrong == []


def test_words_are_found_in_names_of_any_case():
    assert words_of("SMILE_Emotion2") == ["smile", "emotion"]
    assert words_of("DetectFacesEmotion") == ["detect", "faces", "emotion"]
    assert words_of("_moodOfRoom") == ["mood", "of", "room"]


def test_the_evaluation_data_is_named_only_where_it_may_be_absent():
    """Nobody else has it: what needs it is training, a bench, or a test that says so and is skipped without."""
    named = [
        module.path
        for module in modules()
        if module.room not in ("training", "bench")
        and not module.path.startswith(("tests/training/", "tests/architecture/"))
        and ("HOUSELIGHTS_DATA" in module.text or "../shared" in module.text)
        and "pytest.mark.real" not in module.text
    ]
    assert named == []


def within(name: str, package: str) -> bool:
    """Whether a dotted name is a package or something in it."""
    return name == package or name.startswith(package + ".")
