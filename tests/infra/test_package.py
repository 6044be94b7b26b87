"""The function's package runs where there is nothing but Python and the package."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from audience.stores import open_store
from board_page.page import page
from houselights.deploying.package import LARGEST, NOT_NEEDED, PLATFORM, PYTHON, make_package, python_for_package
from houselights.local_cloud.cloud import LocalCloud, running_cloud
from houselights.local_cloud.stack import Stack
from tests.infra.template import one_or_more, properties, resources
from tests.ingest.conftest import set_up
from tests.ingest.sheets import a_sheet, a_window_file
from tests.ticking import ran

# Run with -I -S -B: no environment of Python's, no site-packages, nothing written. Says what it asked of AWS for, and
# what it imported from elsewhere.
BARE = """
import sys
sys.path.insert(0, sys.argv[1])
import json
import botocore.client
from ingest_lambda.handler import handler

asked, call = set(), botocore.client.BaseClient._make_api_call
def telling(client, operation, arguments):
    asked.add(f"{client.meta.service_model.signing_name}:{operation}")
    return call(client, operation, arguments)
botocore.client.BaseClient._make_api_call = telling

class Context:
    function_name, memory_limit_in_mb, aws_request_id = "ingest", 1024, "0"
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:ingest"

    def get_remaining_time_in_millis(self):
        return int(sys.argv[2]) * 1000

answer = handler(json.load(sys.stdin), Context())
elsewhere = sorted(
    name for name, module in sys.modules.items() if "site-packages" in (getattr(module, "__file__", None) or "")
)
print("RESULT" + json.dumps({"answer": answer, "asked": sorted(asked), "elsewhere": elsewhere}))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package for this machine's Python and platform."""
    folder = tmp_path_factory.mktemp("package") / "package"
    make_package(folder, python=f"{sys.version_info.major}.{sys.version_info.minor}", platform=None)
    return folder


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with running_cloud(Stack(name=f"package-{uuid4().hex[:8]}")) as running:
        yield running


@pytest.fixture(scope="module")
def told(package: Path, cloud: LocalCloud) -> dict[str, Any]:
    """The packaged function's output after a sheet, a window file, and an invalid delivery."""
    deliveries = [a_sheet(3).delivery(), a_window_file(5).delivery()]
    with open_store(cloud.store_url) as store:
        set_up(store)
    for delivery in deliveries:
        cloud.client("s3").put_object(Bucket=cloud.stack.bucket, Key=delivery.key, Body=delivery.data)
    bodies = ["{}"]
    while len(bodies) < 3:
        got = cloud.client("sqs").receive_message(QueueUrl=cloud.queue_url, WaitTimeSeconds=10, MaxNumberOfMessages=10)
        bodies += [message["Body"] for message in got["Messages"]]
    event = {
        "Records": [
            {"messageId": str(index), "body": body, "eventSource": "aws:sqs"} for index, body in enumerate(bodies)
        ]
    }
    result = ran(
        [sys.executable, "-I", "-S", "-B", "-c", BARE, str(package), str(properties("Ingest")["Timeout"])],
        say=json.dumps(event),
        env=cloud.environment | {"POWERTOOLS_TRACE_DISABLED": "true"},
    )
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout.partition("RESULT")[2])
    return found


def test_the_packaged_function_takes_deliveries_in_a_bare_interpreter(told, cloud):
    assert told["answer"] == {"batchItemFailures": []}
    with open_store(cloud.store_url) as store:
        assert len(store.windows("talk-1", "main").start_ms) == 2
    assert "Contents" not in cloud.client("s3").list_objects_v2(Bucket=cloud.stack.bucket), "removed once recorded"


def test_the_function_that_writes_the_board_is_in_it_with_its_page(package):
    look = (
        "import sys; sys.path.insert(0, sys.argv[1]); import ingest_lambda.board_handler as it; print(it.page().policy)"
    )
    result = ran([sys.executable, "-I", "-S", "-B", "-c", look, str(package)])
    assert result.stdout.strip() == page().policy, result.stderr


def test_it_imports_nothing_from_outside(told):
    assert told["elsewhere"] == []


def test_the_role_allows_what_the_function_asks_for(told):
    allowed = {
        action
        for policy in properties("IngestRole")["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in one_or_more(statement["Action"])
    }
    assert set(told["asked"]) <= allowed
    # The rest is what the poller, the log, tracing, and S3's answer about what is gone need.
    assert {action.partition(":")[0] for action in allowed - set(told["asked"])} <= {"sqs", "logs", "xray", "s3"}


def test_what_only_the_command_line_needs_is_left_out(package):
    assert not [name for name in (*NOT_NEEDED, "bin", "houselights", "edge_lambda") if (package / name).exists()]
    assert not list(package.glob("*/**/tests"))


def test_bytecode_comes_along_and_is_used_as_it_is(package):
    """Files lose their times on the way to AWS, so bytecode that is compared with them would never be used."""
    for module in ("ingest_lambda/handler.py", "botocore/client.py"):
        compiled = Path(importlib.util.cache_from_source(str(package / module)))
        assert compiled.read_bytes()[4:8] == bytes([1, 0, 0, 0]), "by hash, unchecked (PEP 552)"


def test_without_the_python_it_is_for_the_package_is_made_without_bytecode(tmp_path, monkeypatch):
    monkeypatch.setattr("houselights.deploying.package.pinned_requirements", lambda *_, **__: "")
    made = make_package(tmp_path / "package", python="3.99", platform=PLATFORM)
    assert not made.compiled
    assert not list(tmp_path.rglob("__pycache__"))


def test_it_is_for_a_python_that_can_compile_it_here(monkeypatch):
    """Whichever Python is installed: the package has bytecode, and says whose."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    monkeypatch.setattr("houselights.deploying.package._interpreter", lambda python: None)
    assert python_for_package() == own
    monkeypatch.setattr("houselights.deploying.package._interpreter", lambda python: "/usr/bin/python")
    assert python_for_package() == PYTHON


def test_of_aws_services_it_knows_those_that_the_roles_ask(package):
    known = {found.name for found in (package / "botocore" / "data").iterdir() if found.is_dir()}
    asked = {
        action.partition(":")[0]
        for role in resources("AWS::IAM::Role").values()
        if "lambda.amazonaws.com" in json.dumps(role)
        for policy in role.get("Policies", ())
        for statement in policy["PolicyDocument"]["Statement"]
        for action in one_or_more(statement["Action"])
    }
    # Logs are written by Lambda, keys are used by S3 and SNS.
    assert asked - {"logs", "kms", "cloudwatch"} <= known


def test_a_copy_is_ready_before_its_first_message(package, tmp_path):
    """Its clients are made while it starts, when it has a whole processor; a wrong setting waits for the first call."""
    look = (
        "import sys; sys.path.insert(0, sys.argv[1]); import ingest_lambda.handler as it; "
        "print(it._function.cache_info().currsize)"
    )
    started = {
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }
    usual = {"HOUSELIGHTS_STORE": "dynamodb://table?region=eu-west-1", "HOUSELIGHTS_DEAD_LETTERS": "https://q"}
    for settings, ready in ((usual, "1"), ({}, "0")):
        result = ran([sys.executable, "-I", "-S", "-B", "-c", look, str(package)], env=started | settings)
        assert (result.returncode, result.stdout.strip()) == (0, ready), result.stderr


def test_it_can_be_made_for_the_functions_own_platform(tmp_path):
    """Every requirement is to be had for it, and it fits."""
    folder = tmp_path / "package"
    assert 0 < make_package(folder).size < LARGEST / 2
    (engine,) = folder.glob("numpy/_core/_multiarray_umath*.so")
    assert f"cpython-{PYTHON.replace('.', '')}-aarch64" in engine.name
    assert (folder / "ingest_lambda" / "handler.py").exists()


def test_a_package_is_made_again_over_an_older_one(tmp_path, monkeypatch):
    monkeypatch.setattr("houselights.deploying.package.pinned_requirements", lambda *_, **__: "")
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "left.py").touch()
    make_package(folder)
    assert not (folder / "left.py").exists()
