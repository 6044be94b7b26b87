"""kill -9 at random instants: a store that is written, and an outbox that is filled and sent."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from bench.figures import Figure
from bench.trust.killed_outbox import killed_outboxes
from bench.trust.killed_store import killed_stores
from bench.trust.killing import Harm

_SEED: Final = 11


def figures() -> Iterator[Figure]:
    """What is lost, doubled and damaged after a thousand kills."""
    yield from _told("store", killed_stores(random.Random(_SEED)))
    yield from _told("outbox", killed_outboxes(random.Random(_SEED)))


def _told(what: str, harm: Harm) -> list[Figure]:
    name = f"{what} killed at {harm.kills} random instants"
    return [
        Figure(name=f"{name}: records lost", value=harm.lost, reach=0, direction="exactly"),
        Figure(name=f"{name}: records doubled", value=harm.doubled, reach=0, direction="exactly"),
        Figure(name=f"{name}: records damaged", value=harm.damaged, reach=0, direction="exactly"),
    ]
