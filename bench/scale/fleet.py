"""What registering a fleet costs: requests to AWS IoT, counted on moto over HTTP, and the time that quotas allow."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import boto3

from bench.figures import Figure
from houselights.deploying.fleet import FleetStage, fleet_account, not_ready, read_stages, register, write_cards
from houselights.deploying.grants import cameras_of
from houselights.local_cloud.moto_server import running_moto
from tests.builders import a_session

STAGES: Final = 3
EACH: Final = 10
FLEET: Final = 4000

QUOTA: Final = 15
"""CreateKeysAndCertificate, AttachPolicy and the like a second for an account, by default.
https://docs.aws.amazon.com/general/latest/gr/iot-core.html"""


def figures() -> list[Figure]:
    """30 cameras of three stages on moto, and what follows for 4,000."""
    settings = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "eu-west-1"}
    with running_moto() as address, patch.dict(os.environ, {**settings, "AWS_ENDPOINT_URL": address}):
        return _measured()


def _measured() -> list[Figure]:
    requests = Counter[str]()
    aws = boto3.Session()
    aws.events.register("before-send.iot.*", lambda event_name, **_: requests.update([event_name.rpartition(".")[2]]))
    aws.client("iot").create_policy(policyName="fleet-camera", policyDocument="{}")
    account = fleet_account(aws, stack="fleet", bucket="deliveries")
    count = STAGES * EACH
    with tempfile.TemporaryDirectory() as name:
        table = Path(name) / "stages.csv"
        table.write_text("stage\n" + "".join(f"stage-{number}\n" for number in range(STAGES)), encoding="utf-8")
        stages = read_stages(table, EACH)
        table.unlink()
        requests.clear()
        took_s = _register(aws, account, stages, Path(name))
        of_all, most = requests.total(), max(requests.values())
        requests.clear()
        again_s = _register(aws, account, stages, Path(name))
        kept = sum(path.stat().st_size for path in Path(name).rglob("*") if path.is_file())
    return [
        Figure(name="fleet: requests for each camera", value=of_all / count, reach=5.2, direction="at most"),
        Figure(name="fleet of 4,000: least time by AWS's quota", value=FLEET * most / count / QUOTA / 60, unit="min"),
        Figure(name="fleet: cameras a second on moto", value=count / took_s, unit="1/s"),
        Figure(name="fleet, all registered before: requests", value=requests.total(), reach=1, direction="at most"),
        Figure(name="fleet, all registered before: time", value=again_s, unit="s"),
        Figure(name="fleet of 4,000: files and cards", value=kept / count * FLEET / 1e6, unit="MB"),
    ]


def _register(aws: Any, account: Any, stages: list[FleetStage], folder: Path) -> float:
    session = a_session("festival")
    began_s = time.perf_counter()
    left = not_ready(folder, session, stages, set(cameras_of(aws, session.session_id)))
    register(aws, account, session, left, folder, source="webcam:0", on_camera=lambda: None)
    write_cards(folder, session, stages)
    return time.perf_counter() - began_s
