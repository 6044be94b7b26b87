"""The environment in which boto3 reaches a stand-in for AWS, and never the account of whoever runs the tests."""

from __future__ import annotations

import boto3
import pytest

REGION = "eu-west-1"


def use_local_aws(monkeypatch: pytest.MonkeyPatch, address: str) -> boto3.Session:
    """Has boto3 ask the stand-in at an address, with credentials that are none; returns a session that does."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    return boto3.Session(region_name=REGION)


def make_policies(*names: str) -> None:
    """Makes the policies of AWS IoT that are not there yet: the emulation keeps those of all tests of the process."""
    iot = boto3.client("iot")
    there = {policy["policyName"] for policy in iot.list_policies()["policies"]}
    for name in sorted({*names} - there):
        iot.create_policy(policyName=name, policyDocument="{}")
