"""Share links need the secret; other people are only served with logins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audience.errors import InvalidValue, SessionNotFound
from audience.stores import open_store
from dashboard.access.share_links import opened
from houselights.commands.dashboard import dashboard
from houselights.commands.share import share
from tests.builders import a_session

SECRET = "a secret of share links, long enough"


@pytest.fixture
def store_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with one session; the folder has no secrets of anybody's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOUSELIGHTS_ACCESS", raising=False)
    monkeypatch.setenv("HOUSELIGHTS_SHARE_SECRET", SECRET)
    url = f"sqlite:///{tmp_path / 'houselights.db'}"
    with open_store(url) as store:
        store.put_session(a_session("talk-1", title="Why bridges hum"))
    return url


def ran(*words: str) -> Result:
    return CliRunner().invoke(share, words)


def test_the_link_opens_the_session_for_as_long_as_it_says(store_url: str) -> None:
    result = ran("talk-1", "--days", "3", "--at", "https://a.example/", "--store", store_url)
    assert result.exit_code == 0, result.output
    address = result.stdout.strip()
    assert address.startswith("https://a.example/link/")
    link = opened(address.rpartition("/")[2], SECRET, datetime.now(UTC))
    assert (link.session_id, link.recording) == ("talk-1", False)
    left = link.until_s - datetime.now(UTC).timestamp()
    assert abs(left - timedelta(days=3).total_seconds()) < 60
    assert "Why bridges hum” without its recording" in result.stderr
    assert f"add {link.link_id} to withdrawn_links" in result.stderr
    assert SECRET not in result.output


def test_the_access_settings_say_where_the_pages_are(store_url: str, tmp_path: Path) -> None:
    (tmp_path / "access.toml").write_text('address = "https://b.example"\ncontact = "Ada"\n')
    result = ran("talk-1", "--recording", "--access", "access.toml", "--store", store_url)
    assert result.stdout.startswith("https://b.example/link/")
    assert opened(result.stdout.strip().rpartition("/")[2], SECRET, datetime.now(UTC)).recording


def test_what_is_missing_is_reported(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at = ("--at", "https://a.example", "--store", store_url)
    assert isinstance(ran("talk-2", *at).exception, SessionNotFound)
    assert "the address of the pages is unknown" in str(ran("talk-1", "--store", store_url).exception)
    for nowhere in ("a.example", "https://[", ""):
        assert "not a valid address" in str(ran("talk-1", "--at", nowhere).exception)
    monkeypatch.setenv("HOUSELIGHTS_SHARE_SECRET", "short")
    assert "at least 32 characters" in str(ran("talk-1", *at).exception)
    monkeypatch.delenv("HOUSELIGHTS_SHARE_SECRET")
    monkeypatch.setenv("HOME", str(Path.cwd()))
    assert "signed with a secret" in str(ran("talk-1", *at).exception)


def test_others_are_not_served_without_a_login(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*words: str) -> str:
        result = CliRunner().invoke(dashboard, [*words, "--store", store_url])
        assert isinstance(result.exception, InvalidValue), result.output
        return str(result.exception)

    monkeypatch.setenv("HOME", str(tmp_path))
    assert "--host 0.0.0.0 would show the pages" in refused("--host", "0.0.0.0")
    assert "--host ::1 cannot be used" in refused("--host", "::1")
    assert "cannot be read" in refused("--host", "0.0.0.0", "--access", "none.toml")
    (tmp_path / "access.toml").write_text('address = "https://a.example"\ncontact = "Ada"\n')
    assert "nobody could sign in" in refused("--access", "access.toml")
    monkeypatch.setenv("HOUSELIGHTS_SHARE_SECRET", "short")
    assert "at least 32 characters" in refused("--access", "access.toml")
