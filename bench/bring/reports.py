"""How long a report of three hours with four cameras takes in each kind of file, and what memory it takes.

Each file is made by a process of its own that has read the session: from the windows on, as a page or a command makes
it, figures included. The process that draws charts is started anew each time, and counts.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from audience.stores import open_store
from bench.figures import Figure
from bench.review_parts.long_session import SESSION, put_long_session

RUNS: Final = 3
KINDS: Final = {"HTML": "html_page.html_of", "PDF": "pdf.pdf_of", "PowerPoint": "powerpoint.pptx_of"}
REACH_S: Final = 3.0

_PROGRAM: Final = """
import importlib, json, resource, sys, time
from datetime import UTC, datetime
import psutil
from audience.reaction.curve import stage_windows
from audience.reaction.review import review_of
from audience.stores import open_store
from dashboard.report.contents import report_of

url, session_id, function = sys.argv[1:]
module, _, name = function.rpartition(".")
make = getattr(importlib.import_module(f"dashboard.report.{module}"), name)
with open_store(url) as store:
    session, (stage,) = store.session(session_id), store.stages(session_id)
    windows = stage_windows(
        session, stage, store.cameras(session_id, stage.stage_id), store.windows(session_id, stage.stage_id)
    )
    scorers = store.scorers(session_id)
began, worked = time.perf_counter(), time.process_time()
review = review_of(windows, scorers=scorers, recordings=[], heartbeats=[], live=False)
made = make(report_of(review, made_at=datetime.now(UTC), zone=UTC))
took, worked = time.perf_counter() - began, time.process_time() - worked
from dashboard.charts.render import _converter
drawing = psutil.Process(_converter._process.pid)
worked += sum(drawing.cpu_times()[:2])
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([took, worked, memory, drawing.memory_info().rss / 2**20, len(made)]))
"""


def figures() -> Iterator[Figure]:
    """Each kind: seconds, of processor too, memory, and the size of the file."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        with open_store(url) as store:
            put_long_session(store)
        for kind, function in KINDS.items():
            command = [sys.executable, "-c", _PROGRAM, url, SESSION, function]
            runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(RUNS)]
            seconds, worked, memory, drawing, size = (list(values) for values in zip(*runs, strict=True))
            yield Figure(
                name=f"report of 3 hours, 4 cameras, as {kind}: median of {RUNS}",
                value=statistics.median(seconds),
                unit="s",
                reach=REACH_S,
                direction="at most",
            )
            yield Figure(name=f"the same, {kind}: of processor", value=statistics.median(worked), unit="s")
            yield Figure(name=f"the same, {kind}: peak memory", value=max(memory), unit="MB")
            yield Figure(name=f"the same, {kind}: memory of the process that draws", value=max(drawing), unit="MB")
            yield Figure(name=f"the same, {kind}: size of the file", value=max(size) / 1000, unit="kB")
