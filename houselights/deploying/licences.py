"""The list of what is installed with Houselights and under which licences: `THIRD_PARTY_LICENSES.md`."""

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
"""Extras that nobody needs who runs Houselights."""

ON_OTHER_SYSTEMS: Final = {"colorama": "BSD-3-Clause", "pywin32": "PSF-2.0", "tzdata": "Apache-2.0"}
"""Installed on other systems than Linux alone, so that their licences cannot be read here."""

_LONGEST = 60  # of a licence's name: some write the whole text where the name belongs
_NEVER = "sys_platform == 'never'"

_HEADING = """\
# Licences of what Houselights is installed with

Made by `make licences` out of `uv.lock` and of what the installed packages say of themselves; a test holds it against
both. Houselights' own wheel contains none of them: whoever installs it fetches them, each with its licence's text where
it brings one along (in its `.dist-info` folder). What lies inside the wheels of PyAV and OpenCV is in `NOTICE`.

| package | version | licence |
|---|---|---|
"""


def write_list(file: Path = LIST) -> int:
    """Writes the list, and returns how many packages are on it.

    Raises:
        DeploymentFailed: a package of the lock is not installed here.
    """
    text = list_of_licences()
    file.write_text(text, encoding="utf-8")
    return text.count("\n") - _HEADING.count("\n")


def list_of_licences() -> str:
    """The list, from the lock and from what is installed.

    Raises:
        DeploymentFailed: a package of the lock is not installed here.
    """
    rows = [
        f"| {name} | {', '.join(sorted(versions))} | {_licence(name)} |\n"
        for name, versions in sorted(shipped(LOCK).items())
    ]
    return _HEADING + "".join(rows)


def shipped(lock: Path) -> dict[str, set[str]]:
    """What a lock installs for the extras that people run, on any system: versions by name.

    Args:
        lock: uv's.
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
    """The licence as the package names it: as an SPDX expression, in short, or by its classifiers."""
    if name in ON_OTHER_SYSTEMS:
        return ON_OTHER_SYSTEMS[name]
    told = _about(name)
    if "License-Expression" in told:
        return told["License-Expression"]
    classifiers = [one.rpartition(" :: ")[2] for one in told.get_all("Classifier", []) if one.startswith("License ::")]
    named = told["License"].strip() if "License" in told else ""
    if "\n" in named or not 0 < len(named) <= _LONGEST or named.startswith(("License ::", "Dual")):
        named = ""
    licence = named or ", ".join(classifiers)
    if not licence:
        raise DeploymentFailed(f"package {name} does not say its licence: look it up, and name it in {__name__}")
    return licence


def _about(name: str) -> metadata.PackageMetadata:
    try:
        return metadata.metadata(name)
    except metadata.PackageNotFoundError:
        raise DeploymentFailed(f"package {name} is not installed here: run `make .venv/.synced`") from None
