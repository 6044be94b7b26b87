"""moto's S3 behind a proxy that fails on demand, over real HTTP."""

from __future__ import annotations

import http.client
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import boto3

from audience.deliveries.delivery import Delivery
from edge_lambda.delivery.s3_bucket import S3Bucket, upload_client
from houselights.local_cloud.moto_server import running_moto
from tests.builders import BEGAN
from tests.http_server import QuietHandler, http_server
from tests.ticking import limit_s

PASS, HANG_UP, HANG_UP_AFTERWARDS = "pass", "hang up", "hang up afterwards"


def a_session() -> boto3.Session:
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="s3cret", region_name="eu-west-1")


def a_bucket(endpoint: str, name: str) -> S3Bucket:
    return S3Bucket(name, lambda: upload_client(a_session(), endpoint_url=endpoint), now=lambda: BEGAN)


def numbered(number: int, size: int = 3000) -> Delivery:
    """A delivery that contains its number."""
    return Delivery(
        key=f"sheets/talk-1/main/cam-1/{number:06d}.jpg", data=b"%06d" % number * (size // 6), start_ms=number
    )


class S3:
    """An S3 that fails on demand.

    Attributes:
        bucket: the name of a bucket that is empty at first; every one of this process's moto has another.
        endpoint: its address.
        moto: the address of the S3 behind it, which never fails.
        faults: what the next puts meet, in order: `PASS`, `HANG_UP`, `HANG_UP_AFTERWARDS` (S3 has it, and its yes is
            lost), or (status, error code).
        puts: keys that were asked to be put, refused ones included.
        signed: what each of them was authorized with.
    """

    def __init__(self, bucket: str, endpoint: str, moto: str) -> None:
        self.bucket, self.endpoint, self.moto = bucket, endpoint, moto
        self.faults: deque[str | tuple[int, str]] = deque()
        self.puts: list[str] = []
        self.signed: list[str] = []

    def objects(self) -> dict[str, bytes]:
        """What is in the bucket."""
        client = a_session().client("s3", endpoint_url=self.moto)
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
        found = {key: client.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys}
        client.close()
        return found


@contextmanager
def s3_with_faults() -> Iterator[S3]:
    """An S3 with an empty bucket; it ends with the context."""
    with running_moto() as moto:
        client = a_session().client("s3", endpoint_url=moto)
        bucket = f"houselights-{uuid4().hex}"
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

        class Door(QuietHandler):
            protocol_version = "HTTP/1.1"
            timeout = 5

            def do_PUT(self) -> None:
                body = self.body()
                s3.signed.append(self.headers["Authorization"])
                s3.puts.append(self.path.partition(f"/{bucket}/")[2])
                fault = s3.faults.popleft() if s3.faults else PASS
                if isinstance(fault, tuple):
                    status, code = fault
                    secret = "<Message>User arn:aws:sts::123456789012:x may not</Message>"
                    self.answer(status, f"<Error><Code>{code}</Code>{secret}</Error>".encode())
                    return
                if fault != HANG_UP:
                    inner = http.client.HTTPConnection(urlsplit(moto).netloc, timeout=limit_s())
                    inner.request("PUT", self.path, body, dict(self.headers.items()))
                    answer = inner.getresponse()
                    content = answer.read()
                    inner.close()
                if fault == PASS:
                    self.answer(answer.status, content)
                else:
                    self.close_connection = True

        with closing(client), http_server(Door) as address:
            s3 = S3(bucket, address, moto)
            yield s3
