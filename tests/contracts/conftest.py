"""Engines for store tests that implement DynamoDB's protocol, started on first use."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from audience.stores import dynamo_client, dynamo_sessions
from audience.stores.dynamo_client import client_for
from audience.stores.dynamo_table import create_table
from houselights.local_cloud.moto_server import running_moto
from tests.contracts.dynalite import running_dynalite
from tests.ticking import limit_s

REGION = "eu-west-1"


PRESENCE_TTL_S = 0.5


@pytest.fixture(autouse=True)
def short_belief(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session in DynamoDB is believed to be there for less long, since each deletion waits for it."""
    monkeypatch.setattr(dynamo_sessions, "PRESENCE_TTL_S", PRESENCE_TTL_S)


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of a stand-in for AWS."""
    with running_moto() as address:
        yield address


@pytest.fixture(scope="session")
def dynalite() -> Iterator[str]:
    """The address of a strict DynamoDB engine."""
    with running_dynalite() as address:
        yield address


@pytest.fixture(scope="module")
def new_table() -> Iterator[Callable[[str], str]]:
    """Makes an empty table at an address and gives the URL of the store in it. AWS answers within the time that the
    store's client waits; an engine beside many tests may need longer."""
    as_with_aws = dynamo_client.READ_TIMEOUT_S
    dynamo_client.READ_TIMEOUT_S = limit_s(as_with_aws)

    def make(endpoint: str) -> str:
        name = f"houselights-{uuid4().hex}"
        create_table(client_for(REGION, endpoint, local=True), name)
        return f"dynamodb://{name}?region={REGION}&endpoint={endpoint}"

    yield make
    dynamo_client.READ_TIMEOUT_S = as_with_aws
    client_for.cache_clear()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 12 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("a file system of its own can be made by root alone")
    yield folder
    subprocess.run(["umount", folder], check=True)


def use_up(folder: Path) -> None:
    """Leaves not a byte on the disk."""
    with (folder / "filling").open("wb", buffering=0) as filling:
        while os.statvfs(folder).f_bavail:
            filling.write(bytes(4096))
