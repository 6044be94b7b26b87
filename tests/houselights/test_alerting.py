"""Alerts are sent by SNS and webhook, once each, whatever fails in between."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from audience.alerts import AlertMark, AlertRule, AlertSilence, AlertWatcher, trial_alert
from audience.errors import AlertNotDelivered, InvalidValue
from audience.monitoring.alert_messages import LONGEST_SUBJECT, AlertMessage, AlertsMessage, Message, Notifier
from audience.monitoring.alert_watch import AlertWatch
from audience.monitoring.evaluate import WATCHED_MS
from audience.store import Store
from audience.stores import open_store
from houselights.local_cloud.moto_server import running_moto
from houselights.notify.notifiers import Webhook
from ingest_lambda.topic import SnsTopic
from tests.builders import a_camera, a_heartbeat, a_session, a_stage, after, after_ms, an_alert
from tests.houselights.conftest import Houselights
from tests.http_server import QuietHandler, http_server
from tests.ticking import last_words, until

REGION = "eu-west-1"


class Endpoint:
    """An HTTP endpoint on this machine that keeps what it is sent."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.answers: list[int] = []  # of the next requests; 200 when there are no more
        endpoint = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                endpoint.bodies.append(json.loads(self.body()))
                status = endpoint.answers.pop(0) if endpoint.answers else 200
                self.answer(status, Location=f"{endpoint.url}elsewhere")

        self.handler = Handler
        self.url = ""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    opened = Endpoint()
    with http_server(opened.handler) as address:
        opened.url = f"{address}/"
        yield opened


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with a talk whose camera has been dark for long, and a rule on it."""
    url = f"sqlite:///{tmp_path}/houselights.db"
    with open_store(url) as store:
        store.put_session(a_session(title="A title that says more than it should"))
        store.put_stage("talk-1", a_stage())
        store.put_camera("talk-1", "main", a_camera())
        store.alerting.put("talk-1", AlertRule(rule_id="camera-1", what="camera", for_s=0))
    return url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened


class Clock:
    """The wall clock, moved by hand."""

    def __init__(self) -> None:
        self.at = after(0)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Pager:
    """A notifier that keeps its messages, and fails a given number of times."""

    def __init__(self, name: str = "pager") -> None:
        self.name, self.told, self.breaks = name, list[str](), 0

    def send(self, message: Message) -> None:
        if self.breaks:
            self.breaks -= 1
            raise AlertNotDelivered("no signal")
        alerts = message.alerts if isinstance(message, AlertsMessage) else (message.alert,)
        self.told.append(f"{message.turn}: {', '.join(alert.told for alert in alerts)}")


class Watching:
    """A watcher with a clock of the test's."""

    def __init__(self, store: Store, clock: Clock, *notifiers: Notifier, name: str = "laptop") -> None:
        self.said: list[str] = []
        self.stop = threading.Event()
        self.stop.wait = lambda timeout=None: self.stop.is_set()  # type: ignore[method-assign]
        self.store, self.clock = store, clock
        self.watch = AlertWatch(store, notifiers, name=name, stop=self.stop, log=self.said.append, now=clock)

    def look(self, *, dark: bool, seconds: float = 5) -> None:
        """The camera is dark or not, a look is taken, and some time passes."""
        at_s = (self.clock.at - after(0)).total_seconds()
        beat = replace(a_heartbeat(at_s=at_s), brightness=0.0 if dark else 0.5, sharpness=0.6)
        self.store.put_heartbeat(beat)
        self.watch.check_once()
        self.clock.forward(seconds)


DARK = "camera cam-1 of stage main is dark"


def test_an_alert_is_sent_once_when_it_begins_and_once_when_it_ends(store: Store) -> None:
    pager = Pager()
    watching = Watching(store, Clock(), pager)
    for dark in (False, True, True, True, False, True, False, False, False, False, False):
        watching.look(dark=dark)
    assert pager.told == [f"began: {DARK}", f"over: {DARK}"]
    assert watching.said == [f"talk-1: {DARK}"]


def test_a_restarted_watcher_sends_only_what_was_not_sent(store: Store) -> None:
    pager, clock = Pager(), Clock()
    Watching(store, clock, pager, name="first").look(dark=True)
    clock.forward(WATCHED_MS / 1000)
    second = Watching(store, clock, pager, name="second")
    for dark in (True, False, False, False, False):
        second.look(dark=dark)
    assert pager.told == [f"began: {DARK}", f"over: {DARK}"]


def test_a_failed_message_is_reported_and_retried_with_backoff(store: Store) -> None:
    pager, clock = Pager(), Clock()
    watching = Watching(store, clock, pager)
    pager.breaks = 3
    tries = []
    for _ in range(60):
        left = pager.breaks
        watching.look(dark=True, seconds=1)
        tries += [pager.breaks < left]
    assert [second for second, tried in enumerate(tries) if tried] == [0, 2, 6]
    assert pager.told == [f"began: {DARK}"]
    assert watching.said == [
        f"talk-1: {DARK}",
        "not sent to pager: no signal. Retrying in 2 s, then less often.",
        "pager accepts alerts again",
    ]


def test_a_notifier_that_fails_does_not_block_others(store: Store) -> None:
    broken, works = Pager("broken"), Pager("works")
    broken.breaks = 99
    Watching(store, Clock(), broken, works).look(dark=True)
    assert works.told == [f"began: {DARK}"]


@pytest.mark.parametrize(("cameras", "messages"), [(4, 4), (12, 1)])
def test_many_cameras_that_fail_together_are_one_message_and_so_is_their_end(
    store: Store, cameras: int, messages: int
) -> None:
    for number in range(2, cameras + 1):
        store.put_camera("talk-1", "main", a_camera(f"cam-{number}"))
    pager, clock = Pager(), Clock()
    watching = Watching(store, clock, pager)
    pager.breaks = 1
    for dark in (True, True, True, False, False, False, False, False):
        at_s = (clock.at - after(0)).total_seconds()
        for number in range(2, cameras + 1):
            beat = replace(a_heartbeat(at_s=at_s), camera_id=f"cam-{number}", sharpness=0.6)
            store.put_heartbeat(replace(beat, brightness=0.0 if dark else 0.5))
        watching.look(dark=dark)
    assert [told.partition(":")[0] for told in pager.told] == ["began"] * messages + ["over"] * messages
    for number in range(1, cameras + 1):
        assert sum(f"cam-{number} " in told for told in pager.told) == 2
    Watching(store, clock, pager, name="laptop").look(dark=False)
    assert len(pager.told) == 2 * messages


def test_an_acknowledged_alert_is_not_sent(store: Store) -> None:
    store.alerting.put("talk-1", replace(an_alert(), since_ms=after_ms(-60), began_ms=after_ms(0)))
    alert = store.alerting.book("talk-1").alerts[0]
    store.alerting.put("talk-1", AlertMark(alert_id=alert.alert_id, kind="acknowledged", by="Ada", at_ms=after_ms(0)))
    pager = Pager()
    Watching(store, Clock(), pager).look(dark=True)
    assert pager.told == []


def a_silence(*, until_s: float | None, camera_id: str = "cam-1") -> AlertSilence:
    until_ms = None if until_s is None else after_ms(until_s)
    return AlertSilence(stage_id="main", camera_id=camera_id, by="Ada", at_ms=after_ms(0), until_ms=until_ms)


@pytest.mark.parametrize("camera_id", ["cam-1", ""])
def test_of_a_silenced_camera_or_stage_nobody_is_notified_until_the_silence_is_over(
    store: Store, camera_id: str
) -> None:
    store.alerting.put("talk-1", a_silence(until_s=60, camera_id=camera_id))
    pager = Pager()
    watching = Watching(store, Clock(), pager)
    for _ in range(12):
        watching.look(dark=True)
    assert pager.told == []
    watching.look(dark=True)
    assert pager.told == [f"began: {DARK}"]


def test_what_began_and_ended_in_silence_is_never_sent_and_what_was_sent_before_is_told_to_be_over(
    store: Store,
) -> None:
    pager = Pager()
    watching = Watching(store, Clock(), pager)
    watching.look(dark=True)
    store.alerting.put("talk-1", replace(a_silence(until_s=120), at_ms=after_ms(5)))
    for dark in (*[False] * 5, *[True] * 3, *[False] * 20):
        watching.look(dark=dark)
    assert pager.told == [f"began: {DARK}", f"over: {DARK}"]
    assert len(store.alerting.book("talk-1").alerts) == 2


def test_an_alert_that_ended_long_ago_is_not_sent(store: Store) -> None:
    store.alerting.put("talk-1", replace(an_alert(-7200), ended_ms=after_ms(-3600)))
    pager = Pager()
    Watching(store, Clock(), pager).look(dark=False)
    assert pager.told == []


def test_a_test_requested_on_the_page_is_sent_once(store: Store) -> None:
    store.alerting.put("talk-1", trial_alert(after_ms(0)))
    pager = Pager()
    watching = Watching(store, Clock(), pager)
    for _ in range(3):
        watching.look(dark=False)
    assert pager.told == ["began: this is a test requested by an operator: nothing is wrong"]


def test_a_second_watcher_stands_by_until_the_first_ends(store: Store) -> None:
    clock, first_pager, second_pager = Clock(), Pager(), Pager()
    first = Watching(store, clock, first_pager, name="first")
    second = Watching(store, clock, second_pager, name="second")
    for _ in range(3):
        first.look(dark=False, seconds=0)
        second.look(dark=False)
    second.look(dark=True)
    assert second.said == ["talk-1 is checked by another watcher: standing by"]
    clock.forward(WATCHED_MS / 1000)
    second.look(dark=True)
    assert (first_pager.told, second_pager.told) == ([], [f"began: {DARK}"])
    first.look(dark=True)
    assert first_pager.told == []


def test_a_watcher_that_ends_lets_another_take_over_at_once(store: Store) -> None:
    clock, pager = Clock(), Pager()
    first = Watching(store, clock, name="first")
    first.look(dark=False)
    clock.forward(WATCHED_MS / 1000)
    second = Watching(store, clock, pager, name="second")
    second.look(dark=False)
    for watching, left in ((first, "second"), (second, None)):
        watching.stop.set()
        watching.watch.run()
        watcher = store.alerting.book("talk-1").watcher
        assert (watcher and watcher.name) == left


def test_of_two_watchers_that_start_at_once_the_last_registered_is_active(store: Store) -> None:
    clock, pager = Clock(), Pager()
    watching = Watching(store, clock, pager)

    def another_says_so(timeout: float | None = None) -> bool:
        store.alerting.put("talk-1", AlertWatcher(name="another", at_ms=after_ms(0)))
        return False

    watching.stop.wait = another_says_so  # type: ignore[method-assign]
    watching.look(dark=True)
    assert pager.told == []


def test_a_session_deleted_during_a_check_is_dropped_and_blocks_no_other(store: Store) -> None:
    clock, pager = Clock(), Pager()
    watching = Watching(store, clock, pager)

    def deleted_meanwhile(timeout: float | None = None) -> bool:
        store.delete_session("talk-1")
        return False

    watching.stop.wait = deleted_meanwhile  # type: ignore[method-assign]
    watching.look(dark=True)
    assert any("talk-1 was deleted" in line for line in watching.said)
    assert not store.delete_session("talk-1"), "the watcher left nothing under it"
    watching.watch.check_once()


def test_a_session_without_rules_is_left_alone(store: Store) -> None:
    store.put_session(a_session("quiet"))
    Watching(store, Clock()).look(dark=True)
    assert store.alerting.book("quiet").watcher is None


def test_messages_contain_only_ids_and_figures() -> None:
    message = AlertMessage(session_id="talk-1", alert=replace(an_alert(), ended_ms=after_ms(99)), turn="over")
    assert message.text == (
        "This is over:\nCamera cam-1 of stage main is dark.\nSession: talk-1\nSince: 2026-05-04T19:30:00.000Z\n"
        "Over: 2026-05-04T19:31:39.000Z"
    )
    long = AlertMessage(session_id="s" * 64, alert=replace(an_alert(), told="é" * 150), turn="began")
    assert len(long.subject) == LONGEST_SUBJECT < 100


class TestWebhook:
    def test_a_message_is_json(self, endpoint: Endpoint) -> None:
        Webhook(endpoint.url).send(AlertMessage(session_id="talk-1", alert=an_alert(), turn="began"))
        (body,) = endpoint.bodies
        assert {name: body[name] for name in ("turn", "session", "stage", "camera", "told", "over")} == {
            "turn": "began",
            "session": "talk-1",
            "stage": "main",
            "camera": "cam-1",
            "told": DARK,
            "over": None,
        }

    @pytest.mark.parametrize("status", [302, 404, 503])
    def test_an_error_answer_is_reported_and_a_redirect_not_followed(self, endpoint: Endpoint, status: int) -> None:
        endpoint.answers = [status]
        with pytest.raises(AlertNotDelivered, match=f"the webhook answered {status}"):
            Webhook(endpoint.url).send(AlertMessage(session_id="talk-1", alert=an_alert(), turn="began"))
        assert len(endpoint.bodies) == 1

    def test_one_that_is_not_there_is_one_line(self) -> None:
        with pytest.raises(AlertNotDelivered, match="cannot be reached"):
            Webhook("http://127.0.0.1:9/").send(AlertMessage(session_id="talk-1", alert=an_alert(), turn="began"))

    def test_its_address_is_shown_nowhere_since_it_may_hold_a_secret(self) -> None:
        assert re.fullmatch(r"web hooks\.example\.org [0-9a-f]{8}", Webhook("https://hooks.example.org/T0/secret").name)

    @pytest.mark.parametrize(
        "wrong",
        [
            "",
            "example.org",
            "file:///etc/passwd",
            "ftp://example.org",
            "https://",
            "https://[::1/alerts",
            "https://example.org:99999/alerts",
            "https://example.org/ä",
        ],
    )
    def test_an_invalid_address_is_refused(self, wrong: str) -> None:
        with pytest.raises(InvalidValue, match="--webhook is not a valid address"):
            Webhook(wrong)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The address of an emulated AWS."""
    with running_moto() as address:
        yield address


class TestSns:
    @pytest.fixture
    def session(self) -> boto3.Session:
        return boto3.Session(aws_access_key_id="AK", aws_secret_access_key="SK", region_name=REGION)

    def test_an_alert_comes_to_an_https_subscriber_once_it_confirmed(
        self, moto: str, session: boto3.Session, endpoint: Endpoint, store: Store
    ) -> None:
        """moto sends no request to confirm, as AWS does; the confirmation is made as a subscriber makes it."""
        sns = session.client("sns", endpoint_url=moto)
        arn = sns.create_topic(Name=uuid4().hex)["TopicArn"]
        sns.subscribe(TopicArn=arn, Protocol="http", Endpoint=endpoint.url)
        sns.confirm_subscription(TopicArn=arn, Token="0" * 64)
        topic = SnsTopic(arn, session=session, endpoint_url=moto)
        watching = Watching(store, Clock(), topic)
        for dark in (True, True, False, False, False, False):
            watching.look(dark=dark)
        assert [body["Type"] for body in endpoint.bodies] == ["Notification"] * 2
        assert [body["Subject"] for body in endpoint.bodies] == [
            f"Houselights talk-1: {DARK}",
            f"Houselights talk-1: over: {DARK}",
        ]
        assert "A title" not in json.dumps(endpoint.bodies)

    def test_who_filters_by_a_stage_gets_a_message_about_many_of_which_one_is_theirs(
        self, moto: str, session: boto3.Session
    ) -> None:
        sns, sqs = (session.client(name, endpoint_url=moto) for name in ("sns", "sqs"))
        arn = sns.create_topic(Name=uuid4().hex)["TopicArn"]
        queues = {}
        for stage in ("barn", "circus"):
            name = uuid4().hex
            queues[stage] = sqs.create_queue(QueueName=name)["QueueUrl"]
            sns.subscribe(
                TopicArn=arn,
                Protocol="sqs",
                Endpoint=f"arn:aws:sqs:{REGION}:123456789012:{name}",
                Attributes={"FilterPolicy": json.dumps({"stage": [stage]})},
            )
        alerts = tuple(replace(an_alert(), stage_id=stage) for stage in ("barn", "main", "main"))
        message = AlertsMessage(session_id="talk-1", alerts=alerts, turn="began")
        SnsTopic(arn, session=session, endpoint_url=moto).send(message)
        got = {stage: sqs.receive_message(QueueUrl=url).get("Messages", []) for stage, url in queues.items()}
        assert [len(messages) for messages in got.values()] == [1, 0]
        assert json.loads(got["barn"][0]["Body"])["Message"].count(DARK) == 3

    def test_a_topic_that_is_not_there_is_one_line(self, moto: str, session: boto3.Session) -> None:
        topic = SnsTopic(f"arn:aws:sns:{REGION}:123456789012:gone", session=session, endpoint_url=moto)
        with pytest.raises(AlertNotDelivered, match=r"SNS refused the alert \(NotFound\)"):
            topic.send(AlertMessage(session_id="talk-1", alert=an_alert(), turn="began"))

    def test_sns_that_cannot_be_reached_is_one_line(self, session: boto3.Session) -> None:
        topic = SnsTopic("arn:aws:sns:eu-west-1:1:x", session=session, endpoint_url="http://127.0.0.1:9")
        with pytest.raises(AlertNotDelivered, match="SNS cannot be reached"):
            topic.send(AlertMessage(session_id="talk-1", alert=an_alert(), turn="began"))

    @pytest.mark.parametrize(
        "wrong", ["", "alerts", "arn:aws:sqs:eu-west-1:1:x", "arn:aws:sns::1:x", "arn:aws:sns:r:1:"]
    )
    def test_an_invalid_topic_is_refused(self, session: boto3.Session, wrong: str) -> None:
        with pytest.raises(InvalidValue, match="is not a topic: write it as arn:aws:sns"):
            SnsTopic(wrong, session=session)


class TestCommand:
    def test_a_test_is_sent_to_every_notifier(self, houselights: Houselights, endpoint: Endpoint) -> None:
        ended = houselights("alerts", "--webhook", endpoint.url, "--test")
        assert ended.code == 0
        assert [body["what"] for body in endpoint.bodies] == ["test"]

    def test_a_test_without_a_notifier_is_refused(self, houselights: Houselights) -> None:
        ended = houselights("alerts", "--test")
        assert ended.code == 2
        assert "--webhook URL" in ended.err

    def test_a_notifier_that_fails_is_one_line_of_the_test(self, houselights: Houselights) -> None:
        ended = houselights("alerts", "--webhook", "http://127.0.0.1:9/", "--test")
        assert ended.code == 2
        assert "the webhook cannot be reached" in ended.err

    def test_it_watches_until_ctrl_c_and_leaves_the_watch_to_the_next(self, url: str, endpoint: Endpoint) -> None:
        command = [sys.executable, "-m", "houselights", "alerts", "--store", url, "--every", "1"]
        with (
            subprocess.Popen([*command, "--webhook", endpoint.url], stderr=subprocess.PIPE, text=True) as watcher,
            open_store(url) as store,
        ):
            store.put_heartbeat(replace(a_heartbeat(), state="failed"))
            until(lambda: endpoint.bodies)
            watcher.send_signal(signal.SIGINT)
            _, said = last_words(watcher)
            assert store.alerting.book("talk-1").watcher is None
        assert watcher.returncode == 0
        assert [body["told"] for body in endpoint.bodies] == ["camera cam-1 of stage main is dead"]
        assert "talk-1: camera cam-1 of stage main is dead" in said
