"""A quota is shared among stages by need, up to an equal part."""

from __future__ import annotations

import heapq
import random
from collections import Counter

import pytest

from audience.errors import StoreUnavailable
from ingest_lambda.budget import FairBudget, WritePacer

SECONDS = 60.0
FROM_S = 20.0


def served(rate_s: float, asked: dict[str, float]) -> dict[str, float]:
    """Requests a second that each stage gets, once the counts have settled; arrivals are random."""
    chance, budget, got = random.Random(1), FairBudget(rate_s), Counter[str]()
    arrivals = [(chance.expovariate(rate), stage) for stage, rate in asked.items()]
    heapq.heapify(arrivals)
    while arrivals[0][0] < SECONDS:
        at_s, stage = arrivals[0]
        heapq.heapreplace(arrivals, (at_s + chance.expovariate(asked[stage]), stage))
        if budget.admits(("festival", stage), at_s) and at_s > FROM_S:
            got[stage] += 1
    return {stage: got[stage] / (SECONDS - FROM_S) for stage in asked}


def test_everybody_gets_what_they_ask_for_while_there_is_enough() -> None:
    asked = {"a": 10.0, "b": 20.0}
    got = served(40.0, asked)
    assert all(got[stage] > 0.9 * rate for stage, rate in asked.items())


def test_a_small_stage_loses_nothing_to_a_big_one_which_gets_the_rest() -> None:
    got = served(5.0, {"big": 10.0, "small": 1.0})
    assert got["small"] > 0.85
    assert 3.4 < got["big"] < 4.5


def test_stages_that_all_want_too_much_get_equal_parts() -> None:
    got = served(5.0, {"a": 10.0, "b": 5.0})
    assert abs(got["a"] - got["b"]) < 0.4


def test_the_quota_is_never_exceeded_beyond_its_burst() -> None:
    budget = FairBudget(5.0)
    admitted = sum(budget.admits(("festival", "main"), at / 100) for at in range(3000))
    assert admitted <= 5.0 * 30 + 10


def test_writes_of_a_backlog_are_spaced_out_and_refused_where_that_takes_too_long() -> None:
    waits: list[float] = []
    pacer = WritePacer(100.0, wait=waits.append)
    for _ in range(8):
        pacer.take(100, most_s=8.0)
    assert 6.5 < waits[-1] <= 7.0
    pacer.take(200, most_s=8.0)
    with pytest.raises(StoreUnavailable):
        pacer.take(1, most_s=8.0)
