"""The whole cloud path on this machine but for the ingest function: bucket, rule, queues, table and Rekognition."""

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
from houselights.local_cloud.stack import Stack, make

_CONNECTIONS = 32
_NOBODY = "local"  # for credentials: those of the user are never looked for


class Clients:
    """boto3's clients of services at addresses of one's own, each made once, for several threads."""

    def __init__(self, region: str, endpoint: str, **others: str) -> None:
        """Makes none yet.

        Args:
            region: of AWS.
            endpoint: address of the services.
            others: addresses of services that are elsewhere, by name.
        """
        self.elsewhere = others
        self._endpoint = endpoint
        self._session = boto3.Session(aws_access_key_id=_NOBODY, aws_secret_access_key=_NOBODY, region_name=region)
        self._made: dict[str, Any] = {}
        self._guard = threading.Lock()

    def __call__(self, service: str) -> Any:
        """The client of a service, which tries each request once."""
        with self._guard:
            if service not in self._made:
                config = Config(max_pool_connections=_CONNECTIONS, retries={"total_max_attempts": 1})
                self._made[service] = self._session.client(
                    service, endpoint_url=self.elsewhere.get(service, self._endpoint), config=config
                )
            return self._made[service]

    def close(self) -> None:
        """Closes them."""
        for client in self._made.values():
            client.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCloud:
    """What runs, and how it is reached.

    Attributes:
        stack: names and settings.
        endpoint: address of the stand-in for S3, SQS and EventBridge.
        dynamodb_endpoint: address of DynamoDB's.
        rekognition: the stand-in, to be told to fail and asked what it was asked.
        queue_url, dead_letters_url: the queues.
        client: gives boto3's client of a service.
    """

    stack: Stack
    endpoint: str
    dynamodb_endpoint: str
    rekognition: LocalRekognition
    queue_url: str
    dead_letters_url: str
    client: Clients

    @property
    def store_url(self) -> str:
        """The store in the table, as `--store` takes it."""
        return DynamoAddress(table=self.stack.table, region=self.stack.region, endpoint=self.dynamodb_endpoint).url

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead another process's boto3 here, and the ingest function to its store and dead letters."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb_endpoint,
            "AWS_ENDPOINT_URL_REKOGNITION": self.rekognition.endpoint,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            "AWS_REGION": self.stack.region,
            "AWS_DEFAULT_REGION": self.stack.region,
            "AWS_ACCESS_KEY_ID": _NOBODY,
            "AWS_SECRET_ACCESS_KEY": _NOBODY,
            "AWS_SESSION_TOKEN": _NOBODY,
            "HOUSELIGHTS_STORE": self.store_url,
            "HOUSELIGHTS_DEAD_LETTERS": self.dead_letters_url,
        }


@contextmanager
def running_cloud(
    stack: Stack | None = None, *, port: int = 0, dynamodb_endpoint: str | None = None
) -> Iterator[LocalCloud]:
    """Everything, made and running in this process; it ends with the context, and what was in it is lost.

    Args:
        stack: names and settings.
        port: of the stand-in for AWS; Rekognition's has the next. 0 for free ones.
        dynamodb_endpoint: address of another engine for DynamoDB; None for the one that stands in for the rest.

    Raises:
        InvalidValue: another program has a port.
        ModelUnavailable, ScorerUnavailable: what looks at pictures cannot be loaded.
    """
    stack = stack or Stack()
    with ExitStack() as ending:
        endpoint = ending.enter_context(running_moto(port=port))
        dynamodb_endpoint = dynamodb_endpoint or endpoint
        client = ending.enter_context(closing(Clients(stack.region, endpoint, dynamodb=dynamodb_endpoint)))
        rekognition = ending.enter_context(running_rekognition(client("s3"), port=port and port + 1))
        client.elsewhere["rekognition"] = rekognition.endpoint
        queue_url, dead_letters_url = make(stack, client)
        yield LocalCloud(
            stack=stack,
            endpoint=endpoint,
            dynamodb_endpoint=dynamodb_endpoint,
            rekognition=rekognition,
            queue_url=queue_url,
            dead_letters_url=dead_letters_url,
            client=client,
        )
