"""What the ingest function's log weighs: the lines of the real reporter, in one minute of one copy."""

from __future__ import annotations

import contextlib
import io
import logging
import random
from collections.abc import Iterator
from typing import Final

from audience.faces import EXPRESSIONS
from bench.figures import Figure
from ingest_lambda.ingest import IngestResult
from ingest_lambda.reporting import CloudReporter

STAGES: Final = 100
CAMERAS: Final = 50
INTERVAL_S: Final = 2.0
PER_COPY_S: Final = 10
"""Deliveries that a busy copy of the function works off in a second, in one call."""

SERVICE: Final = "bench-scale-logs"


def figures() -> Iterator[Figure]:
    """Gigabytes an hour at 100 stages of 50 cameras, a delivery every 2 s, with every parameter at its default."""
    per_s = STAGES * CAMERAS / INTERVAL_S
    for by_stage, what in ((True, ""), (False, ", MetricsByStage=no")):
        yield Figure(
            name=f"log of the ingest function at 100 stages of 50 cameras, 2 s{what}, an hour",
            value=bytes_per_delivery(by_stage=by_stage) * per_s * 3600 / 1e9,
            unit="GB",
            reach=5 if by_stage else 1,
            direction="at most",
        )


def bytes_per_delivery(*, by_stage: bool) -> float:
    """Bytes of lines and metrics for each delivery, over five minutes of one busy copy."""
    chance, now, written = random.Random(7), [0.0], io.StringIO()
    logging.root.manager.loggerDict.pop(SERVICE, None)  # Powertools writes to the stream its first logger had
    with contextlib.redirect_stdout(written):
        reporter = CloudReporter(namespace="Houselights", service=SERVICE, by_stage=by_stage, clock=lambda: now[0])
        for _ in range(300):
            for _ in range(PER_COPY_S):
                faces = chance.randint(21, 60)
                reporter.recorded(
                    IngestResult(
                        session_id="festival-2026",
                        stage_id=f"stage-{chance.randrange(STAGES):03d}",
                        camera_id=f"cam-{chance.randrange(CAMERAS):02d}",
                        kind="sheet",
                        windows=2,
                        faces=faces,
                        unmatched=0,
                        shares={name: chance.randint(0, faces) / faces for name in EXPRESSIONS},
                        captured_ms=0,
                    ),
                    delivery=f"{chance.getrandbits(128):032x}",
                    delay_ms=chance.randint(900, 3000),
                    clock_error_ms=chance.randint(-50, 50),
                )
            reporter.flush()
            now[0] += 1.0
        reporter.flush(all_of_them=True)
    return len(written.getvalue()) / (300 * PER_COPY_S)
