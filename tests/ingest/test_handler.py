"""The function as AWS Lambda calls it: its environment, its lines and metrics, and what it imports."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from audience.deliveries.delivery import read_key
from audience.errors import InvalidValue, SheetRejected, StoreUnavailable
from audience.store import Store
from ingest_lambda import handler as module
from ingest_lambda.ingest import IngestResult, Keep
from ingest_lambda.reporting import LINES_A_MINUTE, ONE_IN, CloudReporter
from ingest_lambda.settings import Settings
from tests.builders import a_heartbeat
from tests.ingest.conftest import Cloud, sqs_event
from tests.ingest.fake_rekognition import FakeRekognition, a_found_face, running_rekognition
from tests.ingest.sheets import a_sheet, a_window_file
from tests.ingest.test_worker import a_status

Lines = Callable[[], list[dict[str, Any]]]


class Context:
    """What Lambda says of a call."""

    function_name = "ingest"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:ingest"
    aws_request_id = "52fdfc07-2182-154f-163f-5f0f9a621d72"

    def __init__(self, *left_s: float) -> None:
        """With so many seconds left each time it is asked, and plenty afterwards."""
        self._left_s = list(left_s)

    def get_remaining_time_in_millis(self) -> int:
        return round(1000 * (self._left_s.pop(0) if self._left_s else 900))


@pytest.fixture(autouse=True)
def _cold() -> None:
    """Powertools writes to the stream its first logger of a name was made with, which was another test's."""
    logging.root.manager.loggerDict.pop("ingest", None)


@pytest.fixture
def rekognition() -> Iterator[FakeRekognition]:
    with running_rekognition() as fake:
        yield fake


@pytest.fixture
def function(
    cloud: Cloud, store: Store, rekognition: FakeRekognition, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., dict[str, Any]]]:
    """The handler with its environment, as cold as at its first call."""
    for name, value in {
        "AWS_ENDPOINT_URL_REKOGNITION": rekognition.address,
        "HOUSELIGHTS_STORE": cloud.store_url,
        "HOUSELIGHTS_DEAD_LETTERS": cloud.dead_letters_url,
        "POWERTOOLS_TRACE_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    module._function.cache_clear()
    yield lambda *bodies: module.handler(sqs_event(*bodies), Context())
    module._function.cache_clear()


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """What was written since the last time, line by line."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def a_reporter() -> CloudReporter:
    return CloudReporter(namespace="Houselights", service="ingest")


def a_result() -> IngestResult:
    return IngestResult(
        session_id="talk-1",
        stage_id="main",
        camera_id="cam-1",
        kind="sheet",
        windows=1,
        faces=7,
        unmatched=0,
        shares={},
        captured_ms=0,
    )


def metrics_of(written: list[dict[str, Any]], **dimensions: str) -> dict[str, Any]:
    """The metrics of one set of dimensions, checked against the embedded format."""
    found: dict[str, Any] = {}
    for line in written:
        if "_aws" not in line:
            continue
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Houselights"
        assert isinstance(line["_aws"]["Timestamp"], int)
        (names,) = directive["Dimensions"]
        assert all(isinstance(line[name], str) for name in names)
        assert len(directive["Metrics"]) < 100
        if {name: line[name] for name in names} == dimensions:
            found |= {metric["Name"]: (line[metric["Name"]], metric["Unit"]) for metric in directive["Metrics"]}
    return found


STAGE = {"service": "ingest", "session": "talk-1", "stage": "main"}


def test_a_batch_is_scored_recorded_and_reported(cloud, function, rekognition, store, lines):
    sheet = a_sheet(26)
    rekognition.will_answer([a_found_face(sheet.manifest.grid, place) for place in range(25)])
    bodies = [cloud.created(cloud.put(made.delivery())) for made in (sheet, a_window_file(9))]
    assert function(*bodies, a_status(), "{}") == {"batchItemFailures": []}
    assert store.windows("talk-1", "main").faces.tolist() == [25, 2]
    assert store.heartbeats("talk-1")
    assert len(cloud.dead_letters()) == 1
    assert cloud.keys() == []

    written = lines()
    of_stage, of_all = metrics_of(written, **STAGE), metrics_of(written, service="ingest")
    # Messages are processed at once, so their order is open.
    assert sorted(of_stage["Faces"][0]) == sorted(of_all["Faces"][0]) == [2.0, 25.0]
    assert sorted(of_stage["Unmatched"][0]) == sorted(of_all["Unmatched"][0]) == [0.0, 1.0]
    assert of_stage["ShareSmile"] == ([1.0], "None")
    assert of_stage["ShareFear"] == ([0.0], "None")
    assert of_stage["DelayFromCapture"] == of_all["DelayFromCapture"]
    assert of_stage["DelayFromCapture"][1] == of_stage["ClockError"][1] == "Milliseconds"
    assert of_all["Rejected"] == ([1.0], "Count")
    assert set(of_all) == {"Faces", "Unmatched", "DelayFromCapture", "Rejected"}

    told = [line for line in written if "_aws" not in line]
    assert sorted(line["message"] for line in told) == ["recorded", "recorded", "refused", "status"]
    first = next(line for line in told if line.get("kind") == "sheet")
    assert (first["session"], first["stage"], first["camera"]) == ("talk-1", "main", "cam-1")
    assert (first["kind"], first["faces"], first["unmatched"], first["service"]) == ("sheet", 25, 1, "ingest")


def test_a_share_over_few_faces_is_no_metric(cloud, function, rekognition, lines):
    sheet = a_sheet(4)
    rekognition.will_answer([a_found_face(sheet.manifest.grid, place) for place in range(4)])
    function(cloud.created(cloud.put(sheet.delivery())))
    assert set(metrics_of(lines(), **STAGE)) == {"Faces", "Unmatched", "DelayFromCapture"}


def test_what_fails_now_is_named_and_counted(cloud, function, rekognition, lines, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    rekognition.will_fail("ThrottlingException")
    body = cloud.created(cloud.put(a_sheet(3).delivery()))
    assert function(body, a_status()) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    written = lines()
    assert metrics_of(written, service="ingest") == {"Failed": ([1.0], "Count")}
    (failed,) = [line for line in written if line.get("message") == "will be retried"]
    assert failed["reason"] == "Rekognition is busy (ThrottlingException): the sheet will be retried"
    assert len(cloud.keys()) == 1


def test_a_message_without_enough_time_left_is_retried_without_the_others(
    cloud, function, rekognition, store, lines, monkeypatch
):
    sheets = [a_sheet(3, at_s=at_s) for at_s in (0, 5, 10)]
    rekognition.will_answer([a_found_face(sheets[0].manifest.grid, place) for place in range(3)])
    event = sqs_event(*(cloud.created(cloud.put(sheet.delivery())) for sheet in sheets))
    monkeypatch.setattr(module, "AT_ONCE", 1)  # so that the order of the messages is that of the times
    slow = Context(module.ONE_MESSAGE_S + 1, module.ONE_MESSAGE_S - 1, 5)
    assert module.handler(event, slow) == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]}
    assert store.windows("talk-1", "main").faces.tolist() == [3]
    written = lines()
    assert metrics_of(written, service="ingest")["Failed"] == ([1.0, 1.0], "Count")
    reasons = {line["reason"] for line in written if line.get("message") == "will be retried"}
    (reason,) = reasons
    assert "no time was left" in reason


def test_an_event_of_another_kind_fails_the_call(function):
    with pytest.raises(Exception, match="no messages of a queue"):
        function()


def test_state_is_kept_between_calls(cloud, function, monkeypatch):
    function(a_status())
    monkeypatch.setattr("boto3.Session", lambda: pytest.fail("a client is made again"))
    function(a_status(at_s=2))


@pytest.mark.parametrize("missing", ["HOUSELIGHTS_STORE", "HOUSELIGHTS_DEAD_LETTERS"])
def test_a_missing_environment_variable_is_named(function, monkeypatch, missing):
    monkeypatch.delenv(missing)
    with pytest.raises(InvalidValue, match=f"{missing} is not set"):
        function(a_status())


def test_retention_times_are_read_from_the_environment():
    given = {"HOUSELIGHTS_STORE": "s", "HOUSELIGHTS_DEAD_LETTERS": "q"}
    assert Settings.of(given).keep == Keep(windows_days=730, faces_days=30)
    assert Settings.of(given).keep_crops_days == 0
    told = Settings.of({**given, "KEEP_WINDOWS_DAYS": "9", "KEEP_FACES_DAYS": "2", "KEEP_CROPS_DAYS": "1"})
    assert (told.keep, told.keep_crops_days) == (Keep(windows_days=9, faces_days=2), 1)
    for wrong in ("-1", "1.5", "x", "999999", "٣"):
        with pytest.raises(InvalidValue, match="KEEP_FACES_DAYS is"):
            Settings.of({**given, "KEEP_FACES_DAYS": wrong})


class TestLines:
    """Hold nothing of a person, and nothing that a stranger wrote."""

    def test_of_a_rejection_leave_its_words_to_the_dead_letter(self, lines):
        a_reporter().refused("message", SheetRejected("track id 'Jane Doe' is not allowed"))
        (line,) = lines()
        assert (line["message"], line["reason"], line["of"]) == ("refused", "SheetRejected", "message")

    def test_of_an_unforeseen_fault_say_where_and_not_what(self, lines):
        try:
            raise KeyError("Jane Doe")
        except KeyError as problem:
            a_reporter().failed(problem)
        (line,) = lines()
        assert line["reason"] == "KeyError"
        assert line["where"][-1].startswith(__file__)
        assert "Jane" not in json.dumps(line)

    def test_of_trouble_say_what_to_mend(self, lines):
        a_reporter().failed(StoreUnavailable("store dynamodb://t is throttled"))
        assert lines()[0]["reason"] == "store dynamodb://t is throttled"

    def test_of_a_status_leave_its_detail_to_the_store(self, lines):
        a_reporter().status(a_heartbeat(detail="C:\\Users\\Jane"), clock_error_ms=5)
        assert "Jane" not in json.dumps(lines())

    def test_of_a_delivery_name_no_track_and_no_picture(self, cloud, function, rekognition, capsys):
        sheet = a_sheet(3)
        rekognition.will_answer([a_found_face(sheet.manifest.grid, 0)])
        function(cloud.created(cloud.put(sheet.delivery())))
        written = capsys.readouterr()
        assert sheet.manifest.tiles[0].track_id not in written.out + written.err
        assert len(written.out) < 4000


def test_more_values_than_one_line_of_metrics_holds_are_all_written(lines):
    reporter = a_reporter()
    result = a_result()
    for _ in range(100):
        reporter.recorded(result, delivery="0f" * 16, delay_ms=5, clock_error_ms=None)
    reporter.flush()
    faces = [value for line in lines() if "_aws" in line and "stage" not in line for value in line.get("Faces", ())]
    assert faces == [7.0] * 100


class TestBytesOfTheLog:
    """CloudWatch charges for them, so what goes well is gathered and sampled; what goes wrong never is."""

    def test_a_deliverys_line_has_the_id_of_its_key(self, cloud, function, rekognition, lines):
        delivery = a_window_file(3).delivery()
        function(cloud.created(cloud.put(delivery)))
        (line,) = [line for line in lines() if line.get("message") == "recorded"]
        assert line["delivery"] == read_key(delivery.key).content

    def test_values_are_gathered_for_some_seconds_and_none_is_lost(self, lines):
        now = [100.0]
        reporter = CloudReporter(namespace="Houselights", service="ingest", clock=lambda: now[0])
        for _ in range(70):  # a call a second
            reporter.recorded(a_result(), delivery="0f" * 16, delay_ms=5, clock_error_ms=None)
            reporter.flush()
            now[0] += 1
        reporter.flush(all_of_them=True)
        written = [line for line in lines() if "_aws" in line]
        of_stage = [line["Faces"] for line in written if "stage" in line]
        of_all = [line["Faces"] for line in written if "stage" not in line]
        assert [sum(map(len, values)) for values in (of_stage, of_all)] == [70, 70]
        assert (len(of_stage), len(of_all)) == (3, 8)

    def test_what_fails_is_counted_at_once(self, lines):
        reporter = a_reporter()
        reporter.recorded(a_result(), delivery="0f" * 16, delay_ms=5, clock_error_ms=None)
        reporter.flush()
        reporter.failed(StoreUnavailable("throttled"))
        reporter.flush()
        assert [line["Failed"] for line in lines() if "Failed" in line] == [[1.0]]

    def test_of_many_deliveries_most_lines_are_left_out_and_counted(self, lines):
        now = [100.0]
        reporter = CloudReporter(namespace="Houselights", service="ingest", clock=lambda: now[0])
        for number in range(2000):
            reporter.recorded(a_result(), delivery=f"{number:032x}", delay_ms=5, clock_error_ms=None)
            reporter.refused("sheets/a", SheetRejected("it is no sheet")) if number == 1999 else None
        now[0] += 60
        reporter.recorded(a_result(), delivery="a" * 32, delay_ms=5, clock_error_ms=None)
        written = lines()
        told = [line for line in written if line.get("message") == "recorded"]
        assert LINES_A_MINUTE < len(told) < LINES_A_MINUTE + 3 * 2000 / ONE_IN
        assert len(told) + sum(line.get("left_out", 0) for line in told) == 2001
        assert [line["message"] for line in written if line.get("level") == "WARNING"] == ["refused"]


def test_the_function_needs_nothing_of_a_device():
    """The package holds audience/ and ingest_lambda/ with what they require, and a cold start waits for each import."""
    program = """
import sys
import ingest_lambda.handler, audience.stores.dynamo
heavy = {"edge_lambda", "houselights", "dashboard", "cv2", "onnxruntime", "scipy", "platformdirs", "click", "rich"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
