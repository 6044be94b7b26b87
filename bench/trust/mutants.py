"""A hundred thousand deliveries and statuses of cameras that lie, one in ten of them honest, through the ingest worker.

What should be accepted is known from how each was made. Whatever is accepted wrongly, refused wrongly, ends in anything
but a reason, or takes long, is counted; and another session must hold afterwards what it held before.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from audience.errors import HouselightsError
from audience.reaction.curve import stage_windows
from audience.store import Store
from audience.stores import open_store
from audience.time import from_ms
from bench.figures import Figure
from bench.trust import lies_in_figures
from bench.trust.damage import DAMAGED
from bench.trust.honest import (
    HEADS,
    LAPTOP,
    NOW_MS,
    OTHER,
    OVER,
    OVER_ENDED_MS,
    SCORES,
    SHEETS,
    STAGE,
    TALK,
    Document,
    Told,
    delivered,
    something_honest,
    window_file,
)
from bench.trust.lies import ABOUT_THE_OWNER, ABOUT_TIME, DAY_MS, Lie
from bench.trust.lies_in_figures import ABOUT_THE_CAMERA, ABOUT_THE_COUNT, ABOUT_THE_SCORER
from bench.trust.shortfalls import named
from ingest_lambda.ingest import Ingest, Keep
from ingest_lambda.worker import ReceivedDelivery, Worker
from tests.builders import BEGAN_MS, a_camera, a_progress, a_scorer, a_session, a_stage, a_window
from tests.ingest.conftest import MadeUpScorer
from tests.ingest.conftest import RecordingReporter as Reported

MUTANTS: Final = 100_000
_PROCESSES: Final = 2
_HONEST: Final = 0.1
_SEED: Final = 11

LIES: Final[tuple[Lie, ...]] = (
    *ABOUT_TIME,
    *ABOUT_THE_OWNER,
    *ABOUT_THE_COUNT,
    *ABOUT_THE_SCORER,
    *ABOUT_THE_CAMERA,
    *DAMAGED,
)


@dataclass(slots=True)
class Outcome:
    """What became of them.

    Attributes:
        told: how many.
        accepted: lies that were, by kind.
        refused: honest ones that were, by reason.
        faults: those that ended in anything but an answer, by what it was.
        longest_s: the longest that one took.
        peak_mb: the most memory of a process.
    """

    told: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    longest_s: float = 0.0
    peak_mb: float = 0.0

    def add(self, other: Outcome) -> None:
        """Adds what became of others, elsewhere."""
        self.told += other.told
        self.accepted += other.accepted
        self.refused += other.refused
        self.faults += other.faults
        self.longest_s = max(self.longest_s, other.longest_s)
        self.peak_mb = max(self.peak_mb, other.peak_mb)


def figures() -> Iterator[Figure]:
    """What became of all of them."""
    outcome = Outcome()
    # Each in a fresh process: one that was forked would begin with the memory of this one.
    with ProcessPoolExecutor(_PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        shares = [pool.submit(tell, _SEED + number, MUTANTS // _PROCESSES, _shipped()) for number in range(_PROCESSES)]
        for share in shares:
            outcome.add(share.result())
    name = f"{outcome.told:,} mutated sheets, window files and statuses, {len(LIES)} kinds of lie"
    for what, count in (
        ("accepted that should not be", outcome.accepted),
        ("refused that should not be", outcome.refused),
        ("without an answer", outcome.faults),
    ):
        named(what, (f"{times} x {kind}" for kind, times in count.items()))
        yield Figure(name=f"{name}: {what}", value=count.total(), reach=0, direction="exactly")
    yield Figure(name=f"{name}: longest", value=outcome.longest_s, unit="s", reach=1, direction="at most")
    yield Figure(name=f"{name}: peak memory", value=outcome.peak_mb, unit="MB", reach=300, direction="at most")


def tell(seed: int, count: int, shipped: Document) -> Outcome:
    """Tells some of them to a worker with a store of its own.

    Args:
        seed: of what is told.
        count: how many.
        shipped: what the scorer that ships says of itself.
    """
    lies_in_figures.SHIPPED.update(shipped)
    chance, outcome = random.Random(seed), Outcome()
    with tempfile.TemporaryDirectory() as folder, open_store(f"sqlite:///{Path(folder) / 'store.db'}") as store:
        _set_up(store)
        before = _of_others(store)
        door = _Door(store)
        door.hears(delivered(window_file(chance)), outcome)
        while outcome.told < count:
            if chance.random() < _HONEST:
                told = something_honest(chance)
            else:
                lie = chance.choice(LIES)
                told = _called(lie, chance)
            door.hears(told, outcome)
        if _of_others(store) != before:
            outcome.accepted["what others recorded is no longer the same"] += 1
        for session_id in (TALK, OTHER, OVER, HEADS, LAPTOP):
            began = time.perf_counter()
            try:
                _shown(store, session_id)
            except HouselightsError as problem:
                outcome.accepted[f"session {session_id} cannot be shown: {problem}"] += 1
            outcome.longest_s = max(outcome.longest_s, time.perf_counter() - began)
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    outcome.peak_mb = int(peak[1]) / 1000 if peak else 0.0
    return outcome


def _called(lie: Lie, chance: random.Random) -> Told:
    told = lie(chance)
    return Told(
        kind=lie.__name__.replace("_", " "), key=told.key, data=told.data, message=told.message, sent_ms=told.sent_ms
    )


class _Door:
    """A worker whose bucket holds one object, and what it made of it."""

    def __init__(self, store: Store) -> None:
        self._object = Told()
        self._reasons: list[str] = []
        self._reported = Reported()
        self._worker = Worker(
            ingest=Ingest(store, MadeUpScorer(), Keep()),
            deliveries=self,
            dead_letters=self,
            reporter=self._reported,
            keep_deliveries=False,
            now_ms=lambda: NOW_MS,
        )

    def hears(self, told: Told, outcome: Outcome) -> None:
        """Has the worker hear of something, and counts what became of it."""
        outcome.told += 1
        self._object = told
        self._reasons.clear()
        self._reported.lines.clear()
        body = told.message or (_word_of(told.key) if told.key or told.data else "")
        began = time.perf_counter()
        try:
            self._worker.process(body)
        except Exception as problem:
            outcome.faults[f"{told.kind}: {type(problem).__name__}: {str(problem)[:100]}"] += 1
            return
        finally:
            outcome.longest_s = max(outcome.longest_s, time.perf_counter() - began)
        taken = self._reported.kinds in (["recorded"], ["status"])
        refused = self._reported.kinds == ["refused"] and (all(self._reasons) or not told.key)
        if not taken and not refused:
            outcome.faults[f"{told.kind}: {self._reported.kinds}"] += 1
        elif taken and not told.true:
            outcome.accepted[told.kind] += 1
        elif refused and told.true:
            outcome.refused[str(self._reported.lines[0][2])[:100]] += 1

    def read(self, bucket: str, key: str) -> ReceivedDelivery:
        return ReceivedDelivery(data=self._object.data, delivered_ms=NOW_MS, sent_ms=self._object.sent_ms)

    def remove(self, bucket: str, key: str) -> None:
        pass

    def keep(self, bucket: str, key: str) -> None:
        raise AssertionError("this worker removes what is recorded")

    def put(self, body: str, reason: str) -> None:
        self._reasons.append(reason)


def _word_of(key: str) -> str:
    detail = {"bucket": {"name": "bucket"}, "object": {"key": key}}
    return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})


def _shipped() -> Document:
    from edge_lambda.scorers import load_scorer

    scorer = load_scorer("expressionnet")
    return {
        "name": scorer.name,
        "thresholds": {name: float(threshold) for name, threshold in scorer.thresholds.items()},
        "experimental": sorted(scorer.experimental),
        "model_sha256": scorer.model_sha256,
    }


def _set_up(store: Store) -> None:
    """The talk that goes on, and what is none of its cameras' business."""
    year_ago = from_ms(BEGAN_MS - 365 * DAY_MS)
    sessions = (
        a_session(TALK),
        a_session(OTHER),
        a_session(HEADS, mode="head count"),
        a_session(OVER, started_at=from_ms(OVER_ENDED_MS - 3_600_000), ended_at=from_ms(OVER_ENDED_MS)),
        a_session(LAPTOP, started_at=year_ago, ended_at=from_ms(BEGAN_MS - 365 * DAY_MS + 60_000)),
    )
    store.put_scorer(a_scorer())
    for session in sessions:
        store.put_session(session)
        store.put_stage(session.session_id, a_stage(STAGE))
        for camera in (SCORES, SHEETS):
            store.put_camera(session.session_id, STAGE, a_camera(camera))
    store.put_windows([a_window(at, smiling=3, of=10, session_id=OTHER) for at in range(60)])
    scored = [
        a_window(start_ms=BEGAN_MS - 365 * DAY_MS + 1000 * at, smiling=18, of=20, session_id=LAPTOP) for at in range(60)
    ]
    store.put_windows(scored, progress=a_progress(LAPTOP, done_s=60.0, finished=True))


def _of_others(store: Store) -> Any:
    """What is recorded that no camera of the talk may change."""
    tables = [store.windows(session_id, STAGE) for session_id in (OTHER, OVER, LAPTOP)]
    rows = [(table.start_ms.tolist(), table.faces.tolist(), table.over.tolist()) for table in tables]
    return rows, store.scorers()[a_scorer().name]


def _shown(store: Store, session_id: str) -> None:
    session, (stage,) = store.session(session_id), store.stages(session_id)
    table = store.windows(session_id, STAGE)
    if len(table):
        stage_windows(session, stage, store.cameras(session_id, STAGE), table)
