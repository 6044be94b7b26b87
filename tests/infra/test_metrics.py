"""Alarms and dashboard use only metrics and dimensions that the function sends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from audience.errors import SheetRejected
from audience.faces import EXPRESSIONS
from ingest_lambda.ingest import IngestResult
from ingest_lambda.reporting import CloudReporter
from tests.infra.template import properties, resources, template, text_of

Metric = tuple[str, frozenset[str]]


@pytest.fixture
def sent(capsys: pytest.CaptureFixture[str]) -> set[Metric]:
    """Every metric the function can send, with the names of its dimensions."""
    environment = properties("Ingest")["Environment"]["Variables"]
    reporter = CloudReporter(namespace=environment["POWERTOOLS_METRICS_NAMESPACE"], service="houselights")
    result = IngestResult(
        session_id="talk",
        stage_id="main",
        camera_id="cam-1",
        kind="sheet",
        windows=1,
        faces=9,
        unmatched=1,
        shares=dict.fromkeys(EXPRESSIONS, 0.5),
        captured_ms=0,
    )
    reporter.recorded(result, delay_ms=1500, clock_error_ms=-20)
    reporter.refused("sheets/a", SheetRejected("it is no sheet"))
    reporter.failed(ValueError())
    reporter.postponed(None)
    reporter.duplicate("sheets/a")
    reporter.flush()
    found = set()
    for line in capsys.readouterr().out.splitlines():
        for directive in json.loads(line).get("_aws", {}).get("CloudWatchMetrics", []):
            assert directive["Namespace"] == "Houselights"
            for dimensions in directive["Dimensions"]:
                found |= {(metric["Name"], frozenset(dimensions)) for metric in directive["Metrics"]}
    return found


def of_alarms() -> Iterator[Metric]:
    for alarm in resources("AWS::CloudWatch::Alarm").values():
        for metric in [
            alarm,
            *(one["MetricStat"]["Metric"] for one in alarm.get("Metrics", ()) if "MetricStat" in one),
        ]:
            if metric.get("Namespace") == "Houselights":
                assert [text_of(one["Value"]) for one in metric["Dimensions"]] == ["${AWS::StackName}"]
                yield metric["MetricName"], frozenset(one["Name"] for one in metric["Dimensions"])


def of_the_dashboard() -> Iterator[Metric]:
    for widget in json.loads(properties("Dashboard")["DashboardBody"]["Fn::Sub"])["widgets"]:
        before: list[str] = []
        for row in widget["properties"].get("metrics", ()):
            if isinstance(row[0], dict):
                yield from _searched(row[0]["expression"])
                continue
            names = [name for name in row if isinstance(name, str)]
            # "..." stands for what the row before begins with, "." for what it has in that place.
            if names[0] == "...":
                names = before[: len(before) - len(names) + 1] + names[1:]
            before = [old if name == "." else name for name, old in zip(names, before or names, strict=False)]
            if before[0] == "Houselights":
                yield before[1], frozenset(before[2::2])


def _searched(expression: str) -> Iterator[Metric]:
    for dimensions, name in re.findall(r"SEARCH\('\{Houselights,([\w,]+)\} .*?MetricName=\"(\w+)\"", expression):
        assert 'service="${AWS::StackName}"' in expression
        yield name, frozenset(dimensions.split(","))


def test_the_stacks_name_is_the_service_that_metrics_are_of():
    assert properties("Ingest")["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    assert "Dashboard" in template()["Resources"]


def test_every_metric_of_an_alarm_is_sent(sent):
    named = set(of_alarms())
    assert len(named) == 3
    assert named <= sent


def test_every_metric_of_the_dashboard_is_sent(sent):
    named = set(of_the_dashboard())
    assert len(named) >= len(EXPRESSIONS) + 6
    assert named <= sent


def test_every_metric_sent_is_on_the_dashboard(sent):
    assert {name for name, _ in sent} == {name for name, _ in of_the_dashboard()}
