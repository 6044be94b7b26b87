"""`python -m bench NAME [--json]`: runs one bench and keeps its figures in `bench/results/NAME.json`.

`--part PART` measures one part of a bench that has parts, and keeps nothing.

`python -m bench readme` writes the figures kept there into the README and `docs/figures.md`.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from audience.errors import HouselightsError
from bench.figures import Figure
from bench.needs import get
from bench.quoting import RESULTS, table, write_quotes
from training.corpus import CorpusUnreadable

ROOT = Path(__file__).resolve().parent
NOT_A_BENCH = {"__init__", "__main__", "moving_camera", "moving_faces", "needs", "quoting", "turned_faces", "viewing"}
NOT_A_BENCH |= {"cloud_path", "live_board", "review_parts"}


def names() -> list[str]:
    """The benches there are: every module or package beside this one with a `run()`, which gives its figures.

    One with `PARTS` needs no `run()`: each part gives its own figures. `NEEDS` names what `needs.get` gets.
    Where `KEPT` is False the figures are of the tree at hand, and are printed only.
    """
    modules = {path.stem for path in ROOT.glob("*.py")} | {path.parent.name for path in ROOT.glob("*/__init__.py")}
    return sorted(modules - NOT_A_BENCH)


def commit() -> str:
    """The commit measured, with a plus where the working tree differs from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--abbrev=10", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"


def machine() -> str:
    """The machine in words: processor, cores, memory, interpreter."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        processor = models[0] if models else processor
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{processor}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def main() -> int:
    """Runs the bench that is named; returns 0 when every figure holds, 1 when one falls short, 2 when it cannot run."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", choices=[*names(), "readme"])
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--part", action="append", default=[], help="measure this part alone; nothing is kept")
    arguments = parser.parse_args()
    if arguments.name == "readme":
        write_quotes()
        return 0
    bench = importlib.import_module(f"bench.{arguments.name}")
    parts = getattr(bench, "PARTS", {})
    if unknown := set(arguments.part) - parts.keys():
        parser.error(f"{arguments.name} has no part {min(unknown)!r}: it has {', '.join(parts) or 'none'}")
    if not arguments.part:
        for need in getattr(bench, "NEEDS", ()):
            if to_do := get(need):
                print(f"{arguments.name}: {to_do}", file=sys.stderr)  # noqa: T201
                return 2
    figures: list[Figure] = []
    try:
        runs = [parts[part] for part in arguments.part or parts] or [bench.run]
        for figure in itertools.chain.from_iterable(run() for run in runs):
            figures.append(figure)
            # A long bench tells its figures as they come.
            print(f"{figure.name}: {figure.value:.4g} {figure.unit}".rstrip(), file=sys.stderr, flush=True)  # noqa: T201
    except KeyboardInterrupt:
        print("stopped: nothing is kept", file=sys.stderr)  # noqa: T201
        return 130
    # Benches run on the tests' servers, which skip or fail.
    except (HouselightsError, CorpusUnreadable, pytest.skip.Exception, pytest.fail.Exception) as problem:
        print(f"{arguments.name}: {problem}: nothing is kept", file=sys.stderr)  # noqa: T201
        return 2
    report: dict[str, Any] = {
        "bench": arguments.name,
        "commit": commit(),
        "machine": machine(),
        "figures": [figure.as_json() for figure in figures],
    }
    if not arguments.part and getattr(bench, "KEPT", True):
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{arguments.name}.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report) if arguments.json else table(report["figures"]))  # noqa: T201 - this is a command line
    return 1 if any(figure.ok is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
