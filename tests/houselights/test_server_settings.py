"""Settings of a server without files of its own: access settings in S3, secrets in the environment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from streamlit import config
from streamlit.runtime.secrets import secrets_singleton

from audience.errors import InvalidValue
from houselights import server_settings
from houselights.local_cloud.moto_server import running_moto
from houselights.server_settings import AccessObject
from houselights.server_settings import server_settings as given_settings
from tests.local_aws import REGION, use_local_aws
from tests.ticking import until

ACCESS = """
address = "https://pages.example"
contact = "Ada"
ended_logins = "/data/ended-logins"
"""
BUCKET = f"settings-{uuid4().hex}"
URL = f"s3://{BUCKET}/access.toml"


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """S3 as moto has it, with a bucket; boto3 finds it by the environment."""
    with running_moto() as address, pytest.MonkeyPatch.context() as patch:
        client = use_local_aws(patch, address).client("s3")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield client


def put(s3: Any, text: str) -> None:
    s3.put_object(Bucket=BUCKET, Key="access.toml", Body=text.encode())


def test_a_change_of_the_object_is_a_change_of_the_file_and_nothing_else_is(s3: Any, tmp_path: Path) -> None:
    put(s3, ACCESS)
    file = tmp_path / "access.toml"
    followed = AccessObject(URL, file, s3)
    followed.fetch()
    before = file.stat()
    assert (file.read_text(), before.st_mode & 0o777) == (ACCESS, 0o600)
    followed.fetch()
    assert file.stat().st_ino == before.st_ino
    put(s3, "broken = ")  # as a file that is broken: nobody is let in, and the server's log says why
    followed.fetch()
    assert file.read_text() == "broken = "


def test_where_s3_cannot_be_asked_for_long_nobody_is_let_in_until_it_can(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_settings, "BELIEVED_S", 0.0)
    put(s3, ACCESS)
    file, stop, said = tmp_path / "access.toml", threading.Event(), list[str]()
    followed = AccessObject(URL, file, s3)
    followed.fetch()
    following = threading.Thread(target=followed.follow, args=(stop, said.append, 0.01))
    s3.delete_object(Bucket=BUCKET, Key="access.toml")
    following.start()
    try:
        until(lambda: not file.exists())
        put(s3, ACCESS)
        until(file.exists)
    finally:
        stop.set()
        following.join()
    assert said == [f"the access settings {URL} cannot be read (NoSuchKey): allow s3:GetObject"]


def test_secrets_are_a_private_file_for_as_long_as_the_server_runs(s3: Any) -> None:
    put(s3, ACCESS)
    before = config.get_option("secrets.files")
    try:
        with given_settings(URL, '[auth]\ncookie_secret = "one"\n', print) as given:
            assert given.access is not None
            name, file = given.options
            assert name == "--secrets.files"
            assert Path(file).stat().st_mode & 0o777 == 0o600
            assert config.get_option("secrets.files") == [file]
        assert not Path(file).exists()
        assert not given.access.exists()
    finally:
        config.set_option("secrets.files", before)
        secrets_singleton._reset()


def test_a_list_of_ended_logins_that_goes_with_the_server_is_refused(s3: Any) -> None:
    put(s3, ACCESS.replace('ended_logins = "/data/ended-logins"', ""))
    with pytest.raises(InvalidValue, match="ended_logins"), given_settings(URL, None, print):
        pass


@pytest.mark.parametrize(
    "url", ["", "access.toml", "https://a.example/access.toml", "s3://settings", "s3:///access.toml"]
)
def test_what_is_no_object_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"s3://BUCKET/access\.toml"):
        AccessObject(url, tmp_path / "access.toml", None)
