"""What every command has in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from audience.stores.dynamo_client import client_for
from houselights.cli import houselights, run

SETTINGS = {
    "AWS_CONFIG_FILE": "/nowhere",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
}
GROUPS = [(), *((name,) for name, command in houselights.commands.items() if isinstance(command, click.Group))]


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Sets AWS's settings to those of no account, and some to what is given."""

    def set_to(**given: str) -> None:
        for name, value in (SETTINGS | {"HOUSELIGHTS_STORE": f"sqlite:///{tmp_path}/own.db"} | given).items():
            monkeypatch.setenv(name, value)

    client_for.cache_clear()
    yield set_to
    client_for.cache_clear()


@pytest.mark.parametrize("words", GROUPS, ids=lambda words: words[0] if words else "houselights")
def test_who_names_no_command_is_shown_those_there_are(words, capsys):
    code = run(words)
    lines = capsys.readouterr().err.splitlines()
    group = houselights.commands[words[0]] if words else houselights
    assert code == 2
    assert set(group.commands) <= {line.split()[0] for line in lines if line.strip()}
    assert max(map(len, lines)) <= 110


@pytest.mark.parametrize(
    "words",
    [
        ("sessions", "--store", "dynamodb://houselights?region=eu-west-1"),
        ("cameras", "rollback", "--bucket", "deliveries"),
        ("grant", "cam-1", "--session", "talk"),
        ("export", "--archive", "s3://bucket/archive"),
        ("alerts", "--sns-topic", "arn:aws:sns:eu-west-1:123456789012:topic", "--test"),
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize(
    "wrong",
    [{"AWS_ENDPOINT_URL": "localhost:4566"}, {"AWS_PROFILE": "nobodys"}, {"AWS_SECRET_ACCESS_KEY": ""}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_wrong_setting_of_aws_is_one_line(
    words: tuple[str, ...], wrong: dict[str, str], aws: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever AWS's library makes of it, and wherever a command meets it first."""
    aws(**wrong)
    assert run(words) == 2
    said = capsys.readouterr().err
    assert [line[:13] for line in said.splitlines() if "━" not in line] == ["houselights: "]
