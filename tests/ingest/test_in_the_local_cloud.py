"""The function where deliveries come by S3, EventBridge and SQS, and Rekognition really looks at the sheet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audience.deliveries.delivery import Delivery
from audience.stores import open_store
from edge_lambda.delivery.contact_sheet import crop_for_sheet, draw_sheet
from edge_lambda.detectors.load import load_detector
from houselights.local_cloud.cloud import LocalCloud, running_cloud
from houselights.local_cloud.stack import Stack
from ingest_lambda import handler as module
from tests.ingest.conftest import set_up, sqs_event
from tests.ingest.sheets import a_sheet, a_window_file
from tests.portraits import portrait


@pytest.fixture(scope="module")
def local_cloud() -> Iterator[LocalCloud]:
    with running_cloud(Stack(name="ingest-tests")) as cloud:
        yield cloud


def test_what_a_camera_puts_into_the_bucket_comes_out_of_the_table(local_cloud, monkeypatch):
    for name, value in (local_cloud.environment | {"POWERTOOLS_TRACE_DISABLED": "true"}).items():
        monkeypatch.setenv(name, value)
    module._function.cache_clear()
    image = portrait(160)
    (face,) = load_detector(threads=1).detect(image)
    sheet = a_sheet(7, 5, picture=draw_sheet([crop_for_sheet(image, face)] * 12))
    broken = Delivery(key=a_sheet(3, at_s=30).delivery().key, data=b"", start_ms=0)
    with open_store(local_cloud.store_url) as store:
        set_up(store)
        for delivery in (sheet.delivery(), a_window_file(9).delivery(), broken):
            local_cloud.client("s3").put_object(Bucket=local_cloud.stack.bucket, Key=delivery.key, Body=delivery.data)
        sqs = local_cloud.client("sqs")
        messages = sqs.receive_message(QueueUrl=local_cloud.queue_url, MaxNumberOfMessages=10)["Messages"]
        assert len(messages) == 3
        assert module.handler(sqs_event(*(message["Body"] for message in messages)), None) == {"batchItemFailures": []}
        table = store.windows("talk-1", "main")
    assert table.faces.tolist() == table.expected.tolist() == [7, 5, 2]
    assert table.over[:2, table.expressions.index("smile")].tolist() == [7, 5]
    assert "rekognition-1" in table.scorers
    (dead,) = sqs.receive_message(
        QueueUrl=local_cloud.dead_letters_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )["Messages"]
    assert dead["MessageAttributes"]["reason"]["StringValue"] == "it is not a JPEG"
    assert dead["Body"] in [message["Body"] for message in messages]
    left = local_cloud.client("s3").list_objects_v2(Bucket=local_cloud.stack.bucket)["Contents"]
    assert [one["Key"] for one in left] == [broken.key]
    module._function.cache_clear()
