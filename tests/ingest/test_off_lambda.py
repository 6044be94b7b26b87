"""`houselights ingest`: processes a folder in place of a bucket, and an SQS queue, as in the cloud."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from audience.deliveries.delivery import Delivery
from audience.deliveries.sheet import Sheet
from audience.errors import DeliveriesUnavailable, SheetRejected, StoreUnavailable
from audience.store import Store
from audience.stores import open_store
from edge_lambda.delivery.contact_sheet import crop_for_sheet, draw_sheet
from edge_lambda.delivery.folder_bucket import FolderBucket
from edge_lambda.detectors import Detector
from edge_lambda.detectors.load import load_detector
from edge_lambda.scorers import Scorer, load_scorer
from houselights.cli import run
from houselights.ingesting.delivery_folder import DeliveryFolder
from houselights.ingesting.local import Progress, ingest_folder
from houselights.ingesting.queue import POLL_S, ingest_queue, region_of
from houselights.ingesting.sheet_scoring import DeviceSheetScorer
from ingest_lambda.bucket import quick_client
from ingest_lambda.ingest import Ingest, Keep
from ingest_lambda.worker import Worker
from tests.builders import a_session
from tests.ingest.conftest import NOW_MS, Cloud, MadeUpScorer, set_up
from tests.ingest.sheets import a_sheet, a_window_file
from tests.portraits import portrait
from tests.ticking import last_words, until


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/houselights.db"


@pytest.fixture
def laptop(store_url: str) -> Iterator[Store]:
    """A store on a laptop, in which a session is set up."""
    with open_store(store_url) as opened:
        set_up(opened)
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "deliveries"
    path.mkdir()
    return path


def put(folder: Path, *deliveries: Delivery) -> None:
    """Delivers as a device does whose bucket is a folder."""
    for delivery in deliveries:
        FolderBucket(folder).put(delivery)


def files(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def folder_worker(folder: Path, store: Store, scorer: MadeUpScorer, said: list[str]) -> tuple[DeliveryFolder, Worker]:
    deliveries = DeliveryFolder(folder)
    worker = Worker(
        ingest=Ingest(store, scorer, Keep()),
        deliveries=deliveries,
        dead_letters=deliveries,
        reporter=Progress(said.append),
        keep_deliveries=False,
        now_ms=lambda: NOW_MS,
    )
    return deliveries, worker


class TestAFolder:
    def test_is_emptied_into_the_store_in_the_order_of_time(self, folder, laptop, scorer):
        sheets = [a_sheet(count, at_s=at_s) for count, at_s in ((2, 4), (3, 0))]
        put(folder, *(sheet.delivery() for sheet in sheets), a_window_file(9).delivery())
        said: list[str] = []
        ingest_folder(*folder_worker(folder, laptop, scorer, said), stop=threading.Event(), once=True)
        assert laptop.windows("talk-1", "main").faces.tolist() == [3, 2, 2]
        assert [len(sheet.manifest.tiles) for sheet in scorer.sheets] == [3, 2]
        assert files(folder) == []
        assert said[-1] == "3 deliveries, 7 faces, 0 tiles unmatched"

    def test_keeps_what_was_recorded_apart(self, folder):
        delivery = a_sheet(3).delivery()
        put(folder, delivery)
        for _ in range(2):  # the second time it is not there any more, which is no error
            DeliveryFolder(folder).keep("", delivery.key)
        assert files(folder) == [f"kept/{delivery.key}"]
        assert DeliveryFolder(folder).waiting() == []

    def test_keeps_what_is_refused_apart_with_the_reason_beside_it(self, folder, laptop, scorer):
        broken = Delivery(key=a_sheet(3).delivery().key, data=b"", start_ms=0)
        unknown = a_sheet(3, session_id="nobodys").delivery()
        put(folder, broken, unknown, a_sheet(4, at_s=5).delivery())
        ingest_folder(*folder_worker(folder, laptop, scorer, []), stop=threading.Event(), once=True)
        assert laptop.windows("talk-1", "main").faces.tolist() == [4]
        refused = folder / "refused"
        assert files(refused) == sorted([broken.key, f"{broken.key}.reason", unknown.key, f"{unknown.key}.reason"])
        assert (refused / f"{broken.key}.reason").read_text() == "it is not a JPEG\n"
        assert (refused / f"{unknown.key}.reason").read_text().startswith("session 'nobodys' is not set up")

    def test_takes_a_refused_delivery_that_is_moved_back(self, folder, laptop, scorer):
        delivery = a_sheet(3, session_id="talk-2").delivery()
        put(folder, delivery)
        ingest_folder(*folder_worker(folder, laptop, scorer, []), stop=threading.Event(), once=True)
        set_up(laptop, "talk-2")
        (folder / "refused" / delivery.key).replace(folder / delivery.key)
        ingest_folder(*folder_worker(folder, laptop, scorer, []), stop=threading.Event(), once=True)
        assert laptop.windows("talk-2", "main").faces.tolist() == [3]

    def test_keeps_no_face_of_a_session_that_counts_heads(self, folder, laptop, scorer):
        laptop.put_session(a_session(mode="head count"))
        delivery = a_sheet(3).delivery()
        put(folder, delivery)
        ingest_folder(*folder_worker(folder, laptop, scorer, []), stop=threading.Event(), once=True)
        assert files(folder) == [f"refused/{delivery.key}.reason"]

    def test_keeps_no_face_of_a_session_that_was_deleted_while_its_camera_went_on(self, folder, laptop, scorer):
        delivered, worker = folder_worker(folder, laptop, scorer, [])
        put(folder, a_sheet(3).delivery())
        ingest_folder(delivered, worker, stop=threading.Event(), once=True)
        laptop.delete_session("talk-1")
        sheet, file = a_sheet(3, at_s=5).delivery(), a_window_file(at_s=8).delivery()
        put(folder, sheet, file)
        ingest_folder(delivered, worker, stop=threading.Event(), once=True)
        assert files(folder) == sorted([f"refused/{sheet.key}.reason", f"refused/{file.key}.reason"])
        assert not laptop.delete_session("talk-1"), "nothing of it came back"

    def test_refuses_a_delivery_whose_name_is_not_text(self, folder, laptop, scorer):
        odd = Path(os.fsdecode(os.fsencode(folder) + b"/sheets/\xff.jpg"))
        odd.parent.mkdir()
        odd.write_bytes(b"")
        ingest_folder(*folder_worker(folder, laptop, scorer, []), stop=threading.Event(), once=True)
        assert [file.suffix for file in (folder / "refused" / "sheets").iterdir()].count(".jpg") == 1
        assert not odd.exists()

    def test_leaves_what_is_still_being_written(self, folder, laptop, scorer):
        part = (folder / a_sheet(3).delivery().key).with_suffix(".part")
        part.parent.mkdir(parents=True)
        part.write_bytes(b"half")
        ingest_folder(*folder_worker(folder, laptop, scorer, []), stop=threading.Event(), once=True)
        assert part.exists()

    def test_keeps_what_could_not_be_recorded_now(self, folder, laptop, scorer):
        put(folder, a_sheet(3).delivery())
        scorer.fails = [StoreUnavailable("the disk is full")]
        said: list[str] = []
        with pytest.raises(StoreUnavailable):
            ingest_folder(*folder_worker(folder, laptop, scorer, said), stop=threading.Event(), once=True)
        assert len(files(folder)) == 1
        assert said[-1].endswith("; the disk is full")

    def test_is_tried_again_until_it_can_be_recorded(self, folder, laptop, scorer, monkeypatch):
        monkeypatch.setattr("houselights.ingesting.local.FIRST_BACKOFF_S", 0.01)
        put(folder, a_sheet(3).delivery())
        scorer.fails = [StoreUnavailable("locked")] * 3
        stop = threading.Event()
        said: list[str] = []

        def note(line: str) -> None:
            said.append(line)
            if line.startswith("1 delivery,"):
                stop.set()

        deliveries, worker = folder_worker(folder, laptop, scorer, said)
        worker.reporter.on_change = note  # type: ignore[attr-defined]
        ingest_folder(deliveries, worker, stop=stop, once=False)
        assert laptop.windows("talk-1", "main").faces.tolist() == [3]
        assert files(folder) == []


class TestTheCommand:
    def test_empties_a_folder_with_the_scorer_that_ships(self, folder, laptop, store_url, capsys):
        put(folder, portraits(3).delivery())
        assert run(["ingest", "--local", str(folder), "--once", "--store", store_url]) == 0
        assert capsys.readouterr().out == "1 delivery, 3 faces, 0 tiles unmatched\n"
        assert laptop.windows("talk-1", "main").faces.tolist() == [3]
        assert all(name.startswith("expressionnet-") for name in laptop.scorers())

    def test_waits_for_more_until_it_is_stopped(self, folder, laptop, store_url):
        command = [sys.executable, "-m", "houselights", "ingest", "--local", str(folder), "--store", store_url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                for at_s in (0, 10):
                    put(folder, portraits(2, at_s=at_s).delivery())
                    until(lambda: files(folder) == [])
                process.send_signal(signal.SIGINT)
                out, err = last_words(process)
            finally:
                process.kill()
        assert process.returncode == 0, err
        assert out == "2 deliveries, 4 faces, 0 tiles unmatched\n"
        assert laptop.windows("talk-1", "main").faces.tolist() == [2, 2]

    @pytest.mark.parametrize(
        ("words", "complaint"),
        [
            (["/nowhere"], "folder /nowhere does not exist"),
            (["https://sqs.eu-west-1.amazonaws.com/1/q"], "give --dead-letters URL"),
        ],
    )
    def test_says_what_is_missing(self, words, complaint, store_url, capsys, monkeypatch):
        monkeypatch.delenv("HOUSELIGHTS_DEAD_LETTERS", raising=False)
        assert run(["ingest", "--once", "--store", store_url, "--local", *words]) == 2
        assert complaint in capsys.readouterr().err

    def test_needs_nothing_of_aws_for_a_folder(self, folder, laptop, store_url):
        put(folder, portraits(2).delivery())
        program = (
            "import sys; sys.modules |= dict.fromkeys(('boto3', 'botocore', 'aws_lambda_powertools'))\n"
            "from houselights.cli import main; main()"
        )
        command = [sys.executable, "-c", program, "ingest", "--once", "--store", store_url]
        done = subprocess.run([*command, "--local", str(folder)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "1 delivery, 2 faces, 0 tiles unmatched\n"), done.stderr
        queue = ["--local", "http://127.0.0.1:1/1/q", "--dead-letters", "http://127.0.0.1:1/1/d"]
        done = subprocess.run([*command, *queue], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr.endswith("needs boto3: install Houselights with its extra `ingest`\n")

    def test_empties_a_queue(self, cloud, store, capsys):
        sqs = cloud.session.client("sqs")
        for body in (cloud.created(cloud.put(portraits(2).delivery())), "{}"):
            sqs.send_message(QueueUrl=cloud.queue_url, MessageBody=body)
        words = ["--local", cloud.queue_url, "--dead-letters", cloud.dead_letters_url, "--store", cloud.store_url]
        assert run(["ingest", "--once", *words]) == 0
        assert capsys.readouterr().out == "1 delivery, 2 faces, 0 tiles unmatched, 1 refused\n"
        assert store.windows("talk-1", "main").faces.tolist() == [2]
        assert len(cloud.dead_letters()) == 1


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("houselights.ingesting.queue.POLL_S", 0)


class TestAQueue:
    def worked_on(self, cloud: Cloud, worker: Worker) -> dict[str, str]:
        """Processes all waiting messages, and returns what is left in the queue."""
        sqs = cloud.session.client("sqs")
        ingest_queue(sqs, cloud.queue_url, worker, stop=threading.Event(), once=True)
        about = sqs.get_queue_attributes(
            QueueUrl=cloud.queue_url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return {name.removeprefix("ApproximateNumberOf"): count for name, count in about["Attributes"].items()}

    def test_loses_its_messages_once_they_are_worked_on(self, cloud, store, worker):
        for at_s in range(12):
            body = cloud.created(cloud.put(a_sheet(2, at_s=at_s).delivery()))
            cloud.session.client("sqs").send_message(QueueUrl=cloud.queue_url, MessageBody=body)
        assert self.worked_on(cloud, worker) == {"Messages": "0", "MessagesNotVisible": "0"}
        assert store.windows("talk-1", "main").faces.tolist() == [2] * 12

    def test_keeps_the_one_that_failed(self, cloud, store, worker, scorer):
        for at_s in range(3):
            body = cloud.created(cloud.put(a_sheet(2, at_s=at_s).delivery()))
            cloud.session.client("sqs").send_message(QueueUrl=cloud.queue_url, MessageBody=body)
        scorer.fails = [StoreUnavailable("busy")]
        assert self.worked_on(cloud, worker) == {"Messages": "0", "MessagesNotVisible": "1"}
        assert store.windows("talk-1", "main").faces.tolist() == [2] * 2

    def test_that_is_not_there_is_reported_in_one_line(self, cloud, worker):
        with pytest.raises(DeliveriesUnavailable, match=r"NonExistentQueue.*check the URL"):
            ingest_queue(cloud.session.client("sqs"), cloud.queue_url + "x", worker, stop=threading.Event(), once=False)

    def test_that_goes_away_for_a_while_is_waited_for(self, cloud, worker, reporter, monkeypatch):
        monkeypatch.setattr("houselights.ingesting.queue.FIRST_BACKOFF_S", 0.01)
        client, stop = cloud.session.client("sqs"), threading.Event()
        answers = iter([{}, client.exceptions.ClientError({"Error": {"Code": "ServiceUnavailable"}}, "x"), {}])

        def receive(**_: object) -> dict[str, object]:
            answer = next(answers, None)
            if isinstance(answer, Exception):
                raise answer
            if answer is None:
                stop.set()
            return {}

        monkeypatch.setattr(client, "receive_message", receive)
        ingest_queue(client, cloud.queue_url, worker, stop=stop, once=False)
        assert reporter.kinds == ["failed"]

    def test_answers_before_who_waits_for_a_message_gives_up(self, cloud):
        assert quick_client(cloud.session, "sqs").meta.config.read_timeout >= POLL_S + 1

    def test_names_its_region(self):
        assert region_of("https://sqs.eu-central-1.amazonaws.com/123456789012/queue") == "eu-central-1"
        assert region_of("http://127.0.0.1:5000/123456789012/queue") is None


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector(threads=1)


@pytest.fixture(scope="module")
def expressions() -> Scorer:
    return load_scorer("expressionnet")


def portraits(count: int, *, at_s: int = 0, without: int | None = None) -> Sheet:
    """A sheet of the portrait, one of its tiles without a face."""
    image = portrait(160)
    (face,) = load_detector(threads=1).detect(image)
    crops = [crop_for_sheet(image, face)] * count
    if without is not None:
        crops[without] = np.full_like(crops[without], 90)
    return a_sheet(count, at_s=at_s, picture=draw_sheet(crops))


class TestWithoutRekognition:
    def test_a_sheet_is_scored_as_its_device_would_have(self, detector, expressions):
        scores = DeviceSheetScorer(expressions, detector).score(portraits(4))
        assert None not in scores
        for score in scores:
            assert score is not None
            assert set(score) == set(expressions.expressions)
            assert score["smile"] > 0.9

    def test_a_tile_without_a_face_is_unmatched(self, detector, expressions):
        scores = DeviceSheetScorer(expressions, detector).score(portraits(4, without=2))
        assert [score is None for score in scores] == [False, False, True, False]

    def test_a_tile_with_two_faces_is_unmatched(self, expressions):
        class SeesTwice:
            name = "sees twice"

            def detect(self, image: np.ndarray) -> list[object]:
                (face, *others) = load_detector(threads=1).detect(image)
                return [face, face, *others]

        scores = DeviceSheetScorer(expressions, SeesTwice()).score(portraits(4))  # type: ignore[arg-type]
        assert sum(score is None for score in scores) == 1

    def test_the_records_name_the_scorer_of_the_device(self, detector, expressions):
        scorer = DeviceSheetScorer(expressions, detector)
        assert (scorer.name, scorer.model_sha256) == (expressions.name, expressions.model_sha256)
        assert scorer.thresholds == expressions.thresholds

    def test_a_picture_of_which_little_is_left_is_never_guessed(self, detector, expressions):
        sheet = portraits(4)
        damaged = sheet.jpeg[: sheet.jpeg.index(b"\xff\xda") + 20] + b"\xff\xd9"
        scores = DeviceSheetScorer(expressions, detector).score(Sheet(manifest=sheet.manifest, jpeg=damaged))
        assert scores == [None] * 4

    def test_a_picture_that_cannot_be_decoded_is_rejected(self, detector, expressions):
        sheet = Sheet(manifest=portraits(4).manifest, jpeg=b"\xff\xd8\xff\xd9")
        with pytest.raises(SheetRejected, match="cannot be decoded"):
            DeviceSheetScorer(expressions, detector).score(sheet)
