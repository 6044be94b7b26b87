"""A cloud on this machine for a module of tests, and a Rekognition whose every answer is held to the service model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from houselights.local_cloud.cloud import LocalCloud, running_cloud
from houselights.local_cloud.rekognition import LocalRekognition
from houselights.local_cloud.stack import Stack
from tests.local_cloud.service_model import faults_of_answer


@pytest.fixture(scope="package")
def cloud() -> Iterator[LocalCloud]:
    with running_cloud(Stack(name=f"test-{uuid4().hex[:12]}", most_receives=3)) as running:
        yield running


@pytest.fixture
def rekognition(cloud: LocalCloud) -> Iterator[LocalRekognition]:
    """The stand-in, willing again after the test."""
    yield cloud.rekognition
    cloud.rekognition.allow(None)


@pytest.fixture
def client(cloud: LocalCloud, rekognition: LocalRekognition) -> Iterator[Any]:
    """boto3's client of it, which tries each request once."""
    made = cloud.client("rekognition")
    told = ("before-parse.rekognition", _held_to_the_model)
    made.meta.events.register(*told)
    yield made
    made.meta.events.unregister(*told)


def _held_to_the_model(response_dict: dict[str, Any], operation_model: Any, **_: Any) -> None:
    if response_dict["status_code"] == 200:
        assert faults_of_answer("rekognition", operation_model.name, json.loads(response_dict["body"])) == []
