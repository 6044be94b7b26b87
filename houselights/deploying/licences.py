"""Writes `THIRD_PARTY_LICENSES.md`: the packages installed with Houselights, and their licences."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from audience.errors import DeploymentFailed
from houselights.deploying import ROOT

LIST: Final = ROOT / "THIRD_PARTY_LICENSES.md"
LOCK: Final = ROOT / "uv.lock"

PROJECT: Final = "houselights"
NOT_SHIPPED: Final = frozenset({"dev", "train"})
"""Extras for development only."""

ON_OTHER_SYSTEMS: Final = {"colorama": "BSD-3-Clause", "pywin32": "PSF-2.0", "tzdata": "Apache-2.0"}
"""Licences of packages that are not installed on Linux, so they cannot be read here."""

_LONGEST = 60  # characters of a licence name: some packages put the whole text in its place
_NEVER = "sys_platform == 'never'"

_HEADING = """\
# Licences of the packages installed with Houselights

Created by `make licences` from `uv.lock` and the metadata of the installed packages; a test compares it with both.
Houselights' own wheel contains none of these packages: they are downloaded at installation, most of them with the text
of their licence (in the `.dist-info` folder). `NOTICE` lists third-party content of Houselights' wheel, and of the
wheels of PyAV and OpenCV.

| package | version | licence |
|---|---|---|
"""


def write_list(file: Path = LIST) -> int:
    """Writes the list, and returns the number of packages.

    Raises:
        DeploymentFailed: a package of the lock is not installed here.
    """
    text = list_of_licences()
    file.write_text(text, encoding="utf-8")
    return text.count("\n") - _HEADING.count("\n")


def list_of_licences() -> str:
    """Builds the list from `uv.lock` and the metadata of the installed packages.

    Raises:
        DeploymentFailed: a package of the lock is not installed here.
    """
    rows = [
        f"| {name} | {', '.join(sorted(versions))} | {_licence(name)} |\n"
        for name, versions in sorted(shipped(LOCK).items())
    ]
    return _HEADING + "".join(rows)


def shipped(lock: Path) -> dict[str, set[str]]:
    """Reads which packages users install, on any system: versions by name, without `NOT_SHIPPED` extras.

    Args:
        lock: path of `uv.lock`.
    """
    packages: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for package in tomllib.loads(lock.read_text(encoding="utf-8"))["package"]:
        packages[package["name"]].append(package)
    (project,) = packages[PROJECT]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(one for name in extras.keys() - NOT_SHIPPED for one in extras[name])]
    found: defaultdict[str, set[str]] = defaultdict(set)
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while wanted:
        dependency = wanted.pop()
        key = (dependency["name"], tuple(dependency.get("extra", ())))
        if key in seen or dependency.get("marker") == _NEVER or key[0] == PROJECT:
            continue
        seen.add(key)
        for package in packages[key[0]]:
            found[key[0]].add(package["version"])
            wanted += package.get("dependencies", ())
            wanted += (one for extra in key[1] for one in package.get("optional-dependencies", {}).get(extra, ()))
    return dict(found)


def _licence(name: str) -> str:
    """The licence from a package's metadata: SPDX expression, short name or classifiers, in this order."""
    if name in ON_OTHER_SYSTEMS:
        return ON_OTHER_SYSTEMS[name]
    try:
        package = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        raise DeploymentFailed(f"package {name} is not installed here: run `make .venv/.synced`") from None
    if "License-Expression" in package:
        return package["License-Expression"]
    classified = [
        one.rpartition(" :: ")[2] for one in package.get_all("Classifier", []) if one.startswith("License ::")
    ]
    short_name = package["License"].strip() if "License" in package else ""
    if "\n" in short_name or not 0 < len(short_name) <= _LONGEST or short_name.startswith(("License ::", "Dual")):
        short_name = ""
    licence = short_name or ", ".join(classified)
    if not licence:
        raise DeploymentFailed(f"package {name} does not state its licence: look it up, and add it to {__name__}")
    return licence
