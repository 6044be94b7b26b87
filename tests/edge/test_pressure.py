"""While the cloud lags, a camera delivers every 12 s, then scores itself, and goes back when it has caught up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from audience.deliveries.delivery import Delivery
from audience.deliveries.pressure import PRESSURE_KEY, Pressure
from audience.deliveries.reading import read_delivery
from audience.deliveries.sheet import Sheet
from audience.errors import ScorerUnavailable
from audience.monitoring.cameras import camera_status
from audience.monitoring.status import read_status, status_message
from audience.store import DeliveryStep
from edge_lambda.delivery import pressure as module
from edge_lambda.delivery.outbox import OutboxStatus
from edge_lambda.delivery.paths import SheetDeliveryPath, WindowFileDeliveryPath
from edge_lambda.delivery.pressure import (
    BEHIND_S,
    CALM_FOR_S,
    NEXT_STEP_S,
    STALE_S,
    DeliveryLadder,
    PressureWatch,
    pressure_in_s3,
)
from edge_lambda.delivery.s3_bucket import upload_client
from edge_lambda.pipeline import TimedFrame
from edge_lambda.tracking import Tracker
from houselights.local_cloud.moto_server import running_moto
from tests.builders import BEGAN, a_heartbeat, after_ms
from tests.edge.faces_in_place import BrightScorer, FacesInPlace, picture
from tests.edge.test_delivery_paths import CAMERA
from tests.local_aws import REGION, use_local_aws

STEPS: tuple[DeliveryStep, ...] = ("live", "thrifty", "device")


class Weather:
    """A clock, and how far behind the cloud is."""

    def __init__(self) -> None:
        self.now_s, self.behind_s = 1000.0, 0.0
        self.step: DeliveryStep = "live"

    def ladder(self, steps: tuple[DeliveryStep, ...] = STEPS) -> DeliveryLadder:
        return DeliveryLadder(
            steps, lambda: self.behind_s, now_s=lambda: self.now_s, uniform=lambda least, most: (least + most) / 2
        )

    def steps(self, ladder: DeliveryLadder, seconds: float) -> list[tuple[DeliveryStep, float]]:
        """Each step that is taken in some seconds, and when."""
        until_s, taken = self.now_s + seconds, []
        while self.now_s < until_s:
            self.now_s += 1
            if (step := ladder.step()) != self.step:
                self.step = step
                taken.append((step, self.now_s))
        return taken


@pytest.fixture
def weather() -> Weather:
    return Weather()


def test_a_camera_goes_down_step_by_step_and_back_as_slowly(weather):
    ladder = weather.ladder()
    assert weather.steps(ladder, 600) == []
    weather.behind_s = BEHIND_S
    (thrifty, first_s), (device, second_s) = weather.steps(ladder, 3600)
    assert (thrifty, device) == ("thrifty", "device")
    assert second_s - first_s >= NEXT_STEP_S
    weather.behind_s = 0.0
    back_s = weather.now_s
    (thrifty, first_s), (live, second_s) = weather.steps(ladder, 3600)
    assert (thrifty, live) == ("thrifty", "live")
    assert min(first_s - back_s, second_s - first_s) >= CALM_FOR_S


def test_a_cloud_that_is_neither_behind_nor_up_to_date_changes_nothing(weather):
    ladder = weather.ladder()
    weather.behind_s = BEHIND_S
    weather.steps(ladder, 5)
    weather.behind_s = BEHIND_S / 2
    assert weather.steps(ladder, 7200) == []


def test_who_falls_behind_again_soon_waits_longer_before_the_next_try(weather):
    ladder = weather.ladder(("live", "thrifty"))
    waits = []
    for _ in range(3):
        weather.behind_s = BEHIND_S
        weather.steps(ladder, 200)
        weather.behind_s = 0.0
        began_s = weather.now_s
        ((_, back_s),) = weather.steps(ladder, 7200)[:1]
        waits.append(back_s - began_s)
        weather.now_s = back_s + 10
    assert waits[0] < waits[1] < waits[2]


def test_a_step_that_cannot_be_taken_is_left_out(weather):
    ladder = weather.ladder()
    weather.behind_s = BEHIND_S
    weather.steps(ladder, 3600)
    ladder.without("device")
    assert ladder.step() == "thrifty"


def frames(seconds: int) -> Iterator[TimedFrame]:
    for at_s in range(seconds):
        yield TimedFrame(at_ms=after_ms(at_s), image=picture(3))


def test_each_window_is_delivered_once_over_all_steps_and_names_its_scorer(weather):
    steps = iter(["live"] * 5 + ["thrifty"] * 7 + ["device"] * 6 + ["thrifty"] * 5 + ["live"] * 4)
    ladder = weather.ladder()
    ladder.step = lambda: next(steps)  # type: ignore[method-assign]
    path = SheetDeliveryPath(CAMERA, FacesInPlace(), interval_s=2, ladder=ladder, load_scorer=BrightScorer)
    sent: list[Delivery] = []
    named = []
    for window in path.process(frames(27), Tracker(run="r")):
        sent += window.deliveries
        named.append((path.step, path.scorer, bool(window.smiles)))
    sent += path.flush()
    starts, scorers = [], set()
    for one in sent:
        opened = read_delivery(one.key, one.data)
        windows = opened.manifest.windows if isinstance(opened, Sheet) else opened.windows
        starts += [window.start_ms for window in windows]
        if not isinstance(opened, Sheet):
            scorers.add(opened.windows[0].scorer)
            assert 12 <= (opened.windows[0].start_ms - after_ms(0)) / 1000 < 18
            assert [window.tallies["smile"].over for window in opened.windows] == [3] * len(opened.windows)
    assert starts == [after_ms(at_s) for at_s in range(27)], "none twice, none missing, in order"
    assert scorers == {"bright 1"}
    assert named[0] == ("live", "", False)
    assert named[13] == ("device", "bright 1", True)
    assert len([one for one in sent if one.key.endswith(".jpg")]) == 3 + 1 + 1 + 2


def test_a_device_that_cannot_score_goes_on_with_sheets(weather):
    def missing() -> BrightScorer:
        raise ScorerUnavailable("the model is missing")

    ladder = weather.ladder()
    weather.behind_s = BEHIND_S
    path = SheetDeliveryPath(CAMERA, FacesInPlace(), interval_s=2, ladder=ladder, load_scorer=missing)
    for _ in path.process(frames(5), Tracker(run="r")):
        weather.now_s += NEXT_STEP_S
    assert (path.step, path.scorer) == ("thrifty", "")


def test_a_device_that_scores_anyway_gathers_its_files_for_longer(weather):
    ladder = weather.ladder(("live", "thrifty"))
    weather.behind_s = BEHIND_S
    path = WindowFileDeliveryPath(CAMERA, FacesInPlace(), BrightScorer(), interval_s=2, ladder=ladder)
    sent = [one for window in path.process(frames(24), Tracker(run="r")) for one in window.deliveries]
    assert [len(read_delivery(one.key, one.data).windows) for one in sent] == [12, 12]


def outbox(oldest_s: float | None) -> OutboxStatus:
    return OutboxStatus(
        waiting=0 if oldest_s is None else 9,
        waiting_bytes=0,
        oldest_at=None if oldest_s is None else BEGAN - timedelta(seconds=oldest_s),
        dropped=0,
        quarantined=0,
    )


def test_what_waits_in_the_outbox_counts_too():
    def behind_s(oldest_s: float | None) -> float | None:
        return PressureWatch(None, lambda: outbox(oldest_s), lambda: BEGAN).behind_s()

    assert behind_s(None) is None
    assert behind_s(14) == 0.0, "a sheet of 12 s, just finished"
    assert behind_s(600) > BEHIND_S


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with running_moto() as address:
        yield address


def test_the_clouds_object_is_read_and_an_old_one_says_that_nothing_runs(moto, monkeypatch):
    bucket = f"deliveries-{uuid4().hex}"
    client = upload_client(use_local_aws(monkeypatch, moto), endpoint_url=moto)
    read = pressure_in_s3(lambda: client, bucket)
    assert read() is None, "no bucket, and no stack that writes it"
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    assert read() is None
    document = Pressure(at_ms=0, behind_s=42.0).document()
    client.put_object(Bucket=bucket, Key=PRESSURE_KEY, Body=document)
    assert read() == 42.0
    monkeypatch.setattr(module, "STALE_S", -1.0)
    assert read() >= 0.0
    client.put_object(Bucket=bucket, Key=PRESSURE_KEY, Body=b"nonsense")
    assert read() is None
    assert STALE_S > BEHIND_S, "so that an old one makes a camera take the next step"


def test_the_step_is_in_the_status_and_its_delay_is_nothing_to_worry_about():
    beat = replace(a_heartbeat(lag_s=13.0), step="thrifty", received_ms=after_ms(0))
    assert read_status(status_message(beat)).step == "thrifty"
    assert b"step" not in status_message(replace(beat, step="live")), "earlier receivers know no such field"
    at_ms = beat.received_ms or 0
    assert camera_status("main", "cam-1", beat, None, at_ms).state == "ok"
    assert camera_status("main", "cam-1", replace(beat, step="live"), None, at_ms).state == "late"


def test_a_camera_that_reports_rarely_is_not_dead_in_between():
    beat = replace(a_heartbeat(), every_s=30.0, received_ms=after_ms(0))
    assert read_status(status_message(beat)).every_s == 30.0
    assert camera_status("main", "cam-1", beat, None, after_ms(50)).state == "ok"
    assert camera_status("main", "cam-1", beat, None, after_ms(100)).state == "dead"
    assert camera_status("main", "cam-1", replace(beat, every_s=None), None, after_ms(50)).state == "dead"
