"""Runs the cloud path on this machine, except the ingest function: bucket, rule, queues, table, its roll-ups and
Rekognition."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from audience.stores.dynamo_client import DynamoAddress
from houselights.local_cloud.moto_server import running_moto
from houselights.local_cloud.rekognition import LocalRekognition, running_rekognition
from houselights.local_cloud.rollups import rolling_up
from houselights.local_cloud.stack import Queues, Stack, create_resources

_CONNECTIONS = 32
_FAKE_CREDENTIAL = "local"  # so that boto3 never looks up the user's own


class Clients:
    """Cached boto3 clients for local endpoints. Thread-safe."""

    def __init__(self, region: str, endpoint: str, **endpoints: str) -> None:
        """Creates the object without I/O.

        Args:
            region: AWS region.
            endpoint: URL of all services without one of their own.
            endpoints: URLs of other services, by name.
        """
        self.endpoints = endpoints
        self._endpoint = endpoint
        self._session = boto3.Session(
            aws_access_key_id=_FAKE_CREDENTIAL, aws_secret_access_key=_FAKE_CREDENTIAL, region_name=region
        )
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str) -> Any:
        """Returns the client of a service. It does not retry requests."""
        with self._lock:
            if service not in self._clients:
                config = Config(max_pool_connections=_CONNECTIONS, retries={"total_max_attempts": 1})
                self._clients[service] = self._session.client(
                    service, endpoint_url=self.endpoints.get(service, self._endpoint), config=config
                )
            return self._clients[service]

    def close(self) -> None:
        """Closes the clients."""
        for client in self._clients.values():
            client.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCloud:
    """A running local cloud.

    Attributes:
        stack: names and settings.
        endpoint: URL of the emulated S3, SQS and EventBridge.
        dynamodb_endpoint: URL of the emulated DynamoDB.
        rekognition: the emulated Rekognition, with its counts and failure settings.
        queues: its queues.
        client: returns the boto3 client of a service.
    """

    stack: Stack
    endpoint: str
    dynamodb_endpoint: str
    rekognition: LocalRekognition
    queues: Queues
    client: Clients

    @property
    def queue_url(self) -> str:
        """URL of the queue of all deliveries."""
        return self.queues.all

    @property
    def dead_letters_url(self) -> str:
        """URL of the dead-letter queue."""
        return self.queues.dead_letters

    @property
    def store_url(self) -> str:
        """The store's URL for `--store`."""
        return DynamoAddress(table=self.stack.table, region=self.stack.region, endpoint=self.dynamodb_endpoint).url

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that direct boto3 and the ingest function of another process here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb_endpoint,
            "AWS_ENDPOINT_URL_REKOGNITION": self.rekognition.endpoint,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            "AWS_REGION": self.stack.region,
            "AWS_DEFAULT_REGION": self.stack.region,
            "AWS_ACCESS_KEY_ID": _FAKE_CREDENTIAL,
            "AWS_SECRET_ACCESS_KEY": _FAKE_CREDENTIAL,
            "AWS_SESSION_TOKEN": _FAKE_CREDENTIAL,
            "HOUSELIGHTS_STORE": self.store_url,
            "HOUSELIGHTS_DEAD_LETTERS": self.dead_letters_url,
            "HOUSELIGHTS_QUEUE": self.queues.all,
            "HOUSELIGHTS_LIVE_QUEUE": self.queues.live_arn,
            "HOUSELIGHTS_DELIVERIES": self.stack.bucket,
            "HOUSELIGHTS_BOARDS": self.stack.boards,
            "HOUSELIGHTS_BOARD_QUEUE": self.queues.boards,
        }


@contextmanager
def running_cloud(
    stack: Stack | None = None, *, port: int = 0, dynamodb_endpoint: str | None = None
) -> Iterator[LocalCloud]:
    """Runs a local cloud in this process. It stops with the context, and its data is lost.

    Args:
        stack: names and settings.
        port: port of the emulated AWS; Rekognition gets the next one. 0 picks free ports.
        dynamodb_endpoint: URL of another DynamoDB engine, for which nothing is rolled up; None for moto's.

    Raises:
        InvalidValue: a port is in use.
        ModelUnavailable, ScorerUnavailable: the detector or scorer cannot be loaded.
    """
    stack = stack or Stack()
    with ExitStack() as exits:
        endpoint = exits.enter_context(running_moto(port=port))
        dynamodb_endpoint = dynamodb_endpoint or endpoint
        client = exits.enter_context(closing(Clients(stack.region, endpoint, dynamodb=dynamodb_endpoint)))
        rekognition = exits.enter_context(running_rekognition(client("s3"), port=port and port + 1))
        client.endpoints["rekognition"] = rekognition.endpoint
        with_stream = dynamodb_endpoint == endpoint
        queues = create_resources(stack, client, with_stream=with_stream)
        cloud = LocalCloud(
            stack=stack,
            endpoint=endpoint,
            dynamodb_endpoint=dynamodb_endpoint,
            rekognition=rekognition,
            queues=queues,
            client=client,
        )
        if with_stream:
            table = client("dynamodb").describe_table(TableName=stack.table)["Table"]
            exits.enter_context(rolling_up(client("dynamodbstreams"), table["LatestStreamArn"], cloud.store_url))
        yield cloud
