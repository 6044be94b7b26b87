"""moto behind one lock: whole writes, and nobody held up by who waits for a message."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from audience.errors import InvalidValue
from audience.stores.dynamo_table import create_table
from houselights.local_cloud.moto_server import running_moto
from tests.ticking import ticking, until


@pytest.fixture(scope="module")
def aws() -> Iterator[Any]:
    """Makes clients of one stand-in."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="s3cret", region_name="eu-west-1")
    clients = []

    def client(service: str) -> Any:
        clients.append(session.client(service, endpoint_url=address))
        return clients[-1]

    with running_moto() as address:
        yield client
        for one in clients:
            one.close()


@pytest.fixture
def queue(aws: Any) -> tuple[Any, str]:
    """A client of SQS and the URL of an empty queue."""
    sqs = aws("sqs")
    return sqs, sqs.create_queue(QueueName=uuid4().hex)["QueueUrl"]


def test_a_sender_is_not_held_up_by_receivers_who_wait(queue):
    sqs, url = queue
    with ThreadPoolExecutor(3) as pool, ticking() as waited_s:
        receivers = [pool.submit(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=20) for _ in range(3)]
        for number in range(3):
            sqs.send_message(QueueUrl=url, MessageBody=f"message {number}")
        bodies = {receiver.result()["Messages"][0]["Body"] for receiver in receivers}
        assert waited_s() < 18
    assert bodies == {"message 0", "message 1", "message 2"}


def test_a_receiver_waits_as_long_as_it_said_and_no_longer(queue):
    sqs, url = queue
    began = time.monotonic()
    with ticking() as waited_s:
        assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
        assert waited_s() < 15
    assert time.monotonic() - began >= 1
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_a_receiver_that_waits_is_handed_what_becomes_visible_again(queue):
    sqs, url = queue
    sqs.send_message(QueueUrl=url, MessageBody="once more")
    (first,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=1)["Messages"]
    (again,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert (first["Body"], again["MessageId"]) == ("once more", first["MessageId"])


def test_a_receiver_is_told_what_is_wrong_with_its_request(queue):
    sqs, url = queue
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        sqs.receive_message(QueueUrl=url, WaitTimeSeconds=21)
    with pytest.raises(ClientError, match="NonExistentQueue"):
        sqs.receive_message(QueueUrl=url + "-not-there", WaitTimeSeconds=20)


def test_an_object_of_unknown_length_arrives_whole(aws):
    s3, bucket = aws("s3"), uuid4().hex
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.upload_fileobj(io.BytesIO(b"x" * 300_000), bucket, "whole")
    assert s3.get_object(Bucket=bucket, Key="whole")["Body"].read() == b"x" * 300_000


def test_a_sender_that_stalls_holds_up_nobody(aws, queue):
    sqs, url = queue
    host, port = sqs.meta.endpoint_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as stalled:
        stalled.sendall(b"PUT /somewhere/key HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf of it")
        sqs.send_message(QueueUrl=url, MessageBody="goes through")


@pytest.mark.parametrize(
    "half",
    [
        "PUT /{}/key HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf of it",
        "PUT /{}/key HTTP/1.1\r\nHost: localhost\r\n",
        "PUT /{}/key HTTP/1.1\r\nHost: localhost\r\nContent-Le",
    ],
)
def test_half_a_request_of_a_sender_that_hung_up_is_none(aws, half):
    s3, bucket = aws("s3"), uuid4().hex
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    host, port = s3.meta.endpoint_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as cut:
        cut.sendall(half.format(bucket).encode())
        cut.shutdown(socket.SHUT_WR)
        assert b" 200 " not in cut.recv(1000)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_port_that_is_taken_is_said_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidValue, match=f"port {port} cannot be used"), running_moto(port=port):
            pass


def test_it_ends_with_its_context():
    with running_moto() as address:
        port = int(address.rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port)).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_message_that_nobody_takes_is_forgotten_after_its_time(aws):
    sqs, counts = aws("sqs"), ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = sqs.create_queue(QueueName=uuid4().hex, Attributes={"MessageRetentionPeriod": "1"})["QueueUrl"]
    kept = sqs.create_queue(QueueName=uuid4().hex)["QueueUrl"]
    for queue in (url, kept):
        sqs.send_message(QueueUrl=queue, MessageBody="a message")

    def left(queue: str) -> int:
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=counts)["Attributes"]
        return sum(int(found[count]) for count in counts)

    until(lambda: left(url) == 0)
    assert left(kept) == 1


def test_every_kind_of_attribute_is_read_as_it_was_written(aws):
    dynamodb, name = aws("dynamodb"), uuid4().hex
    create_table(dynamodb, name)
    nested = {"L": [{"M": {"inner": {"B": b"\x00\xff"}, "flag": {"BOOL": False}}}, {"N": "-1.5"}, {"NULL": True}]}
    item = {
        "pk": {"S": "one"},
        "sk": {"S": "ü"},
        "number": {"N": "12"},
        "bytes": {"B": b"\xfe\x00"},
        "set": {"BS": [b"\x01", b"\x02"]},
        "names": {"SS": ["a", "b"]},
        "nested": nested,
        "nothing": {"M": {}},
    }
    dynamodb.put_item(TableName=name, Item=item)
    assert dynamodb.get_item(TableName=name, Key={key: item[key] for key in ("pk", "sk")})["Item"] == item
    (queried,) = dynamodb.query(
        TableName=name, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": item["pk"]}
    )["Items"]
    assert queried == item
