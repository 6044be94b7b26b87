"""Stores, opened by URL; this package contains an adapter for each kind."""

from __future__ import annotations

from pathlib import Path

from audience.errors import InvalidValue, StoreUnavailable
from audience.private_files import tighten
from audience.store import Store

_SQLITE = "sqlite:///"
_DYNAMODB = "dynamodb://"


def default_store_url() -> str:
    """The URL of the database in the user's data folder."""
    import platformdirs

    return _SQLITE + str(platformdirs.user_data_path("houselights", appauthor=False) / "houselights.db")


def open_store(url: str) -> Store:
    """Opens the store at a URL, creating an SQLite database if it does not exist.

    Args:
        url: `sqlite:///relative/or/~/path.db`, `sqlite:////absolute/path.db`, `dynamodb://TABLE?region=eu-west-1` (and
            `&endpoint=http://127.0.0.1:8000` for a local engine); a table must exist.

    Raises:
        InvalidValue: the URL is not one of a known kind of store.
        StoreUnavailable: the store cannot be opened.
    """
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
        from audience.stores.sqlite import SqliteStore

        path = Path(url.removeprefix(_SQLITE)).expanduser()
        if url == default_store_url():
            tighten(path.parent)  # created by an earlier version; other folders may be shared and are left unchanged
        return SqliteStore(path)
    if url.startswith(_DYNAMODB):
        try:
            from audience.stores.dynamo import DynamoStore
        except ModuleNotFoundError as missing:
            raise StoreUnavailable(
                f"a store in DynamoDB needs {missing.name}: install Houselights with its extra `cloud`"
            ) from None
        return DynamoStore(url)
    raise InvalidValue(
        f"store {url!r} is unknown: write it as sqlite:///path/to/houselights.db or dynamodb://TABLE?region=eu-west-1"
    )
