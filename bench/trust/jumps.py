"""Two hours of a device whose clock jumps, which is killed again and again, behind a proxy that treats it roughly.

From a camera whose truth is known by the device's own loop, outbox and uploader, over HTTP through the proxy into S3,
by EventBridge and SQS to the ingest worker, which asks through the proxy too, and into a store. What is there at the
end is held to what was shown.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from audience.store import Store
from audience.stores import open_store
from audience.time import from_ms
from bench.cloud_path.dead_letters import reasons_by_key
from bench.figures import Figure
from bench.trust.jumping_device import CAMERA, SESSION, SHOWN, STAGE, Run, jumps_of, look, second_of, seconds_of
from bench.trust.killing import forks, killed_after
from bench.trust.rough_proxy import RoughProxy, rough_proxy
from edge_lambda.delivery.outbox import Outbox
from edge_lambda.delivery.s3_bucket import S3Bucket, upload_client
from edge_lambda.delivery.uploader import Uploader
from houselights.commands.stopping import working_beside
from houselights.ingesting.local import Progress
from houselights.ingesting.queue import ingest_queue
from houselights.local_cloud.cloud import Clients
from houselights.local_cloud.moto_server import running_moto
from houselights.local_cloud.stack import Stack, create_resources
from ingest_lambda.bucket import BucketDeliveries, quick_client
from ingest_lambda.dead_letters import DeadLetterQueue
from ingest_lambda.ingest import Ingest, Keep
from ingest_lambda.worker import ReceivedDelivery, Worker
from tests.builders import a_camera, a_session, a_stage
from tests.edge.s3_with_faults import a_session as a_boto3_session
from tests.ingest.conftest import MadeUpScorer

LASTS_S: Final = 7200
TIMES: Final = 40.0
KILLS: Final = 20
_AWAY_S: Final = ((0.2, 6.0), (0.6, 6.0))
"""When, as a share of the run, the network goes away, and for how long on the wall, seconds."""

_VISIBLE_AGAIN_S: Final = 15
"""Messages in an answer that the proxy cut come again after this."""

_SEED: Final = 11
_LESS_WITHIN_S: Final = 60.0


@dataclass(slots=True)
class Outcome:
    """What became of the seconds of the run.

    Attributes:
        shown: how many the camera showed to the device.
        safe: those the outbox had acknowledged.
        stored: how often each is in the store at its own second.
        wrong: the same at another second.
        aside: those set aside with a reason.
        fates: what the proxy did.
    """

    shown: int
    safe: set[int]
    stored: Counter[int]
    wrong: Counter[int]
    aside: set[int]
    fates: Counter[str]


class _SimulatedBucket(BucketDeliveries):
    """Tells in the run's time when a delivery came. S3 tells whole seconds, so it may seem later than it was."""

    run: Run

    def read(self, bucket: str, key: str) -> ReceivedDelivery:
        found = super().read(bucket, key)
        passed_s = time.time() - found.delivered_ms / 1000 - 1
        return replace(found, delivered_ms=self.run.now_ms() - int(max(0.0, passed_s) * 1000 * self.run.times))


class _Through:
    """A session of boto3 whose clients go to one address."""

    def __init__(self, address: str) -> None:
        self._address = address

    def client(self, service: str, *, config: Any) -> Any:
        return a_boto3_session().client(service, endpoint_url=self._address, config=config)


def figures() -> Iterator[Figure]:
    """What became of two hours."""
    outcome = rough_run(random.Random(_SEED))
    name = f"2 hours of a device, clock jumping an hour, rough network, {KILLS} kills"
    unaccounted = outcome.safe - outcome.stored.keys() - outcome.wrong.keys() - outcome.aside
    yield Figure(name=f"{name}: windows at a wrong second", value=outcome.wrong.total(), reach=0, direction="exactly")
    yield Figure(
        name=f"{name}: windows twice",
        value=sum(times - 1 for times in outcome.stored.values()),
        reach=0,
        direction="exactly",
    )
    yield Figure(
        name=f"{name}: windows of the outbox neither stored nor set aside with a reason",
        value=len(unaccounted),
        reach=0,
        direction="exactly",
    )
    yield Figure(name=f"{name}: windows set aside with a reason", value=len(outcome.aside))
    yield Figure(name=f"{name}: of the seconds shown, stored", value=len(outcome.stored) / outcome.shown)
    yield Figure(name=f"{name}: connections treated roughly", value=outcome.fates.total())


def rough_run(chance: random.Random, *, lasts_s: int = LASTS_S, times: float = TIMES, kills: int = KILLS) -> Outcome:
    """Runs it.

    Args:
        chance: what happens when.
        lasts_s: how long, seconds of the simulated time.
        times: how many times as fast as on the wall.
        kills: of the device.
    """
    context = forks()
    stack = Stack(name="jumps", visible_again_s=_VISIBLE_AGAIN_S)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_moto() as moto,
        closing(Clients(stack.region, moto)) as client,
        rough_proxy(moto, chance) as proxy,
    ):
        queues = create_resources(stack, client, with_stream=False)
        queue_url, dead_letters_url = queues.all, queues.dead_letters
        now_ms = time.time_ns() // 1_000_000
        run = Run(
            began_ms=now_ms - now_ms % 1000,
            began_s=time.monotonic(),
            times=times,
            lasts_s=lasts_s,
            jumps=jumps_of(chance, lasts_s),
        )
        store_url = f"sqlite:///{folder}/store.db"
        with open_store(store_url) as store:
            _set_up(store, run)
            with _ingesting(store, run, proxy, moto, queue_url, dead_letters_url), _going_away(proxy, run):
                said: list[int] = []
                instants = sorted(chance.uniform(0, lasts_s / times) for _ in range(kills))
                for at_s in [*instants, lasts_s / times + 2]:
                    seconds = max(0.05, run.began_s + at_s - time.monotonic())
                    said += killed_after(context, seconds, look, run, f"{folder}/outbox", proxy.address, stack.bucket)
                _send_the_rest(Path(folder) / "outbox", moto, stack.bucket, run)
                _wait_until_empty(client("sqs"), queue_url)
            stored, wrong = _stored(store, run)
        aside = _set_aside(client, stack, dead_letters_url)
        return Outcome(
            shown=len({number for number in said if number >= SHOWN}),
            safe={number for number in said if number < SHOWN},
            stored=stored,
            wrong=wrong,
            aside=aside,
            fates=proxy.fates,
        )


def _set_up(store: Store, run: Run) -> None:
    store.put_session(a_session(SESSION, started_at=from_ms(run.began_ms)))
    store.put_stage(SESSION, a_stage(STAGE))
    store.put_camera(SESSION, STAGE, a_camera(CAMERA))


@contextmanager
def _ingesting(
    store: Store, run: Run, proxy: RoughProxy, moto: str, queue_url: str, dead_letters_url: str
) -> Iterator[None]:
    """The ingest worker on the queue, in a thread; it reaches everything but its store through the proxy."""
    clients = {name: quick_client(_Through(proxy.address), name) for name in ("s3", "sqs")}
    deliveries = _SimulatedBucket(clients["s3"])
    deliveries.run = run
    worker = Worker(
        ingest=Ingest(store, MadeUpScorer(), Keep()),
        deliveries=deliveries,
        dead_letters=DeadLetterQueue(clients["sqs"], dead_letters_url),
        reporter=Progress(lambda line: None),
        keep_deliveries=False,
        now_ms=run.now_ms,
    )

    def work(stop: threading.Event) -> None:
        ingest_queue(clients["sqs"], queue_url.replace(moto, proxy.address), worker, stop=stop, once=False)

    try:
        with working_beside(work, name="ingest"):
            yield
    finally:
        for client in clients.values():
            client.close()


@contextmanager
def _going_away(proxy: RoughProxy, run: Run) -> Iterator[None]:
    """The network goes away now and then."""
    timers = []
    for share, seconds in _AWAY_S:
        at_s = run.began_s + share * run.lasts_s / run.times - time.monotonic()
        timers += [
            threading.Timer(at_s, _switch, (proxy, True)),
            threading.Timer(at_s + seconds, _switch, (proxy, False)),
        ]
    for timer in timers:
        timer.start()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
            timer.join()


def _switch(proxy: RoughProxy, away: bool) -> None:
    proxy.away = away


def _send_the_rest(folder: Path, moto: str, bucket: str, run: Run) -> None:
    """What the last kill left in the outbox, as the next start of the device sends it."""
    outbox = Outbox(folder)
    client = upload_client(a_boto3_session(), endpoint_url=moto)
    uploader = Uploader(outbox, S3Bucket(bucket, lambda: client, now=lambda: from_ms(run.now_ms())))
    uploader.start()
    _wait_for_none(lambda: outbox.status().waiting)
    uploader.stop()
    outbox.close()
    client.close()


def _wait_until_empty(sqs: Any, queue_url: str) -> None:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def waiting() -> int:
        found = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    _wait_for_none(waiting)


def _wait_for_none(waiting: Callable[[], int]) -> None:
    """Waits until nothing waits, for as long as it becomes less."""
    least, until = waiting(), time.monotonic() + _LESS_WITHIN_S
    while (left := waiting()) > 0:
        if left < least:
            least, until = left, time.monotonic() + _LESS_WITHIN_S
        if time.monotonic() > until:
            raise RuntimeError(f"{left} wait, and have not become fewer for {_LESS_WITHIN_S:.0f} s")
        time.sleep(0.2)


def _stored(store: Store, run: Run) -> tuple[Counter[int], Counter[int]]:
    """How often each second is in the store at its own place, and how often elsewhere."""
    right, wrong = Counter[int](), Counter[int]()
    for one in store.faces(SESSION, STAGE):
        second = second_of(one.faces)
        (right if one.start_ms == run.began_ms + second * 1000 else wrong)[second] += 1
    if store.window_count(SESSION, STAGE) != right.total() + wrong.total():
        raise RuntimeError("there are windows without the faces behind them")
    return right, wrong


def _set_aside(client: Clients, stack: Stack, dead_letters_url: str) -> set[int]:
    """The seconds of deliveries that were set aside with a reason; they lie in the bucket still."""
    seconds: set[int] = set()
    for key, reason in reasons_by_key(client("sqs"), dead_letters_url).items():
        if reason:
            seconds.update(seconds_of(client("s3").get_object(Bucket=stack.bucket, Key=key)["Body"].read()))
    return seconds
