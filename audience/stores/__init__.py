"""Stores, opened by URL; this package contains an adapter for each kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audience.errors import InvalidValue, StoreUnavailable
from audience.identity.store import IdentityStore
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
    if path := _sqlite_path(url):
        from audience.stores.sqlite import SqliteStore

        return SqliteStore(path)
    if url.startswith(_DYNAMODB):
        with _extra_cloud():
            from audience.stores.dynamo import DynamoStore
        return DynamoStore(url)
    raise _unknown(url)


def open_identity(url: str) -> IdentityStore:
    """Opens the store of people that belongs to the store at a URL, which is not opened.

    In SQLite these are the files `<database>-people` and `<database>-keys`, created if they do not exist; in DynamoDB
    the tables `<TABLE>-people` and `<TABLE>-keys`, which must exist.

    Args:
        url: that of the store; see `open_store`.

    Raises:
        InvalidValue: the URL is not one of a known kind of store.
        StoreUnavailable: the store cannot be opened.
    """
    if path := _sqlite_path(url):
        from audience.stores.sqlite_people import SqliteIdentityStore

        return SqliteIdentityStore(path)
    if url.startswith(_DYNAMODB):
        with _extra_cloud():
            from audience.stores.dynamo_people import DynamoIdentityStore
        return DynamoIdentityStore(url)
    raise _unknown(url)


def has_identity(url: str) -> bool:
    """Whether there is a store of people that belongs to the store at a URL; it is not opened.

    In SQLite these are files, made when the first roster is set up; in DynamoDB tables of the stack (`People=yes`),
    which do not count where these credentials may not see them.

    Raises:
        InvalidValue: the URL is not one of a known kind of store.
        StoreUnavailable: DynamoDB cannot be reached.
    """
    if path := _sqlite_path(url):
        return path.with_name(f"{path.name}-people").exists()
    if url.startswith(_DYNAMODB):
        with _extra_cloud():
            from audience.stores.dynamo_people import has_identity_tables
        return has_identity_tables(url)
    raise _unknown(url)


def recordings_folder(url: str) -> Path:
    """The folder of recordings that are brought to the store at a URL to be scored (`audience.incoming`).

    Beside an SQLite database it is `<database>-recordings`; for a table, `recordings` in the user's data folder.

    Raises:
        InvalidValue: the URL is not one of a known kind of store.
    """
    return _folder_beside(url, "recordings")


def remote_folder(url: str) -> Path:
    """The folder of the remote audiences that are open for sessions of the store at a URL (`audience.remote_audience`).

    Beside an SQLite database it is `<database>-remote`; for a table, `remote` in the user's data folder.

    Raises:
        InvalidValue: the URL is not one of a known kind of store.
    """
    return _folder_beside(url, "remote")


def _folder_beside(url: str, name: str) -> Path:
    if path := _sqlite_path(url):
        return path.with_name(f"{path.name}-{name}")
    if url.startswith(_DYNAMODB):
        import platformdirs

        return platformdirs.user_data_path("houselights", appauthor=False) / name
    raise _unknown(url)


def _sqlite_path(url: str) -> Path | None:
    """The path of an SQLite database; None for another kind of store."""
    if not url.startswith(_SQLITE) or url == _SQLITE:
        return None
    path = Path(url.removeprefix(_SQLITE)).expanduser()
    if url == default_store_url():
        tighten(path.parent)  # created by an earlier version; other folders may be shared and are left unchanged
    return path


@contextmanager
def _extra_cloud() -> Iterator[None]:
    """Converts a missing library of DynamoDB to `StoreUnavailable`."""
    try:
        yield
    except ModuleNotFoundError as missing:
        raise StoreUnavailable(
            f"a store in DynamoDB needs {missing.name}: install Houselights with its extra `cloud`"
        ) from None


def _unknown(url: str) -> InvalidValue:
    return InvalidValue(
        f"store {url!r} is unknown: write it as sqlite:///path/to/houselights.db or dynamodb://TABLE?region=eu-west-1"
    )
