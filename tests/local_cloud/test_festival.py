"""A small festival through the cloud on this machine, with all that `bench.local_festival` does to a large one."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from uuid import uuid4

from audience.stores.dynamo import DynamoStore
from audience.stores.rollup_renewal import renew_session
from bench.local_festival import KINDS, SESSION, Trial, went_through, whole_minute_before, wrong_rollups
from houselights.local_cloud.cloud import running_cloud
from houselights.local_cloud.stack import Stack
from tests.contracts.dynalite import running_dynalite


def test_each_window_is_recorded_once_whatever_comes_twice_late_or_broken_and_whoever_is_killed() -> None:
    trial = Trial(
        stages=2,
        cameras=12,
        minutes=1,
        started_ms=whole_minute_before(datetime.now(UTC), 2),
        workers=1,
        kills=1,
        twice=0.2,
        late=0.2,
        broken=0.4,
    )
    stack = Stack(name=f"test-{uuid4().hex[:12]}", visible_again_s=2)
    with running_dynalite() as dynamodb, running_cloud(stack, dynamodb_endpoint=dynamodb) as cloud:
        outcome = went_through(cloud, trial, cloud.store_url)
        assert outcome.faults == {}
        assert outcome.kills == 1
        assert outcome.sent.twice
        assert outcome.sent.late
        assert set(outcome.sent.broken.values()) == set(KINDS)
        with DynamoStore(cloud.store_url) as store:
            renew_session(store, store.session(SESSION), time.time_ns() // 1_000_000)
            assert wrong_rollups(store, trial) == 0
