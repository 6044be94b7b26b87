"""Settings of a server without files of its own: access settings in S3, secrets in an environment variable.

Both become files in a folder that only this server's account can read, and that goes when the server ends.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from audience.errors import InvalidValue
from audience.private_files import write_private

SECRETS_VARIABLE: Final = "HOUSELIGHTS_SECRETS"

LOOK_S: Final = 5.0
"""How often the access settings are looked at, seconds."""

BELIEVED_S: Final = 60.0
"""So long they hold while S3 cannot be asked; then nobody is let in, as somebody's role may have been taken away."""


class AccessObject:
    """Access settings in an object of S3, kept in a file that follows it."""

    def __init__(self, url: str, file: Path, client: Any) -> None:
        """Creates the object without I/O.

        Args:
            url: `s3://BUCKET/KEY`.
            file: the copy.
            client: a boto3 client of S3.

        Raises:
            InvalidValue: not the URL of an object.
        """
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc or not parts.path.strip("/"):
            raise InvalidValue(f"{url!r} is not an object of S3: write it as s3://BUCKET/access.toml")
        self.url, self.file = url, file
        self._client, self._place = client, {"Bucket": parts.netloc, "Key": parts.path.lstrip("/")}
        self._etag = ""

    def fetch(self) -> None:
        """Takes the settings over where they changed.

        Raises:
            InvalidValue: they cannot be had.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            held = {"IfNoneMatch": self._etag} if self._etag and self.file.exists() else {}
            answer = self._client.get_object(**self._place, **held)
            content = answer["Body"].read()
        except ClientError as problem:
            code = str(problem.response.get("Error", {}).get("Code", "unknown"))
            if code in ("304", "NotModified"):
                return
            raise InvalidValue(f"the access settings {self.url} cannot be read ({code}): allow s3:GetObject") from None
        except BotoCoreError as problem:
            raise InvalidValue(
                f"the access settings {self.url} cannot be read ({type(problem).__name__}): check network and "
                "credentials"
            ) from None
        write_private(self.file, content)
        self._etag = answer["ETag"]

    def follow(self, stop: threading.Event, log: Callable[[str], None], look_s: float = LOOK_S) -> None:
        """Keeps the copy as the object is until `stop` is set; removes it where it cannot be had for `BELIEVED_S`."""
        good_s, trouble = time.monotonic(), ""
        while not stop.wait(look_s):
            try:
                self.fetch()
            except InvalidValue as problem:
                if str(problem) != trouble:
                    trouble = str(problem)
                    log(trouble)
                if time.monotonic() - good_s >= BELIEVED_S:
                    self.file.unlink(missing_ok=True)
            else:
                good_s, trouble = time.monotonic(), ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSettings:
    """The files of settings that were given without files.

    Attributes:
        access: the access settings; None where they were not given so.
        options: options of Streamlit that name its secrets.
    """

    access: Path | None
    options: tuple[str, ...]


@contextmanager
def server_settings(
    access_from: str | None, secrets: str | None, log: Callable[[str], None]
) -> Iterator[GivenSettings]:
    """Keeps files of settings that were given without files, for as long as the context lasts.

    Args:
        access_from: URL of the access settings in S3; None where there are none.
        secrets: what `.streamlit/secrets.toml` would contain; None where there is such a file. This process reads them
            from here on too.
        log: called with a line for the person who started it.

    Raises:
        InvalidValue: the settings cannot be had, or name no list of ended logins that outlives this server.
    """
    if not access_from and not secrets:
        yield GivenSettings(access=None, options=())
        return
    stop = threading.Event()
    with tempfile.TemporaryDirectory(prefix="houselights-") as name:
        folder = Path(name)
        access, options = None, tuple[str, ...]()
        if secrets:
            options = ("--secrets.files", str(_secrets_file(secrets, folder)))
        if access_from:
            access = folder / "access.toml"
            followed = AccessObject(access_from, access, _client())
            followed.fetch()
            _check_shared(access)
            threading.Thread(target=followed.follow, args=(stop, log), daemon=True).start()
        try:
            yield GivenSettings(access=access, options=options)
        finally:
            stop.set()


def _client() -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ModuleNotFoundError:
        raise InvalidValue("access settings in S3 need boto3: install Houselights with its extra `cloud`") from None
    retries = {"total_max_attempts": 2, "mode": "standard"}
    return boto3.client("s3", config=Config(retries=retries, connect_timeout=2, read_timeout=5))


def _check_shared(access: Path) -> None:
    """Checks that who signs out is signed out of every server, and for good."""
    from dashboard.access.settings import read_settings

    ended_logins = read_settings(access).ended_logins
    if ended_logins is not None and access.parent in ended_logins.parents:
        raise InvalidValue(
            "the access settings have to name the list of ended logins with its whole path, in a folder that all "
            'servers share: ended_logins = "/data/ended-logins"'
        )


def _secrets_file(text: str, folder: Path) -> Path:
    """Writes secrets where Streamlit finds them, here and in the server."""
    from streamlit import config

    file = folder / "secrets.toml"
    write_private(file, text.encode())
    config.set_option("secrets.files", [str(file)])
    return file
