"""The bucket behind the public board: the page, and each session's newest snapshot, which no older one replaces.

The snapshot's key is its URL path, `live/<session>/live.json`. The page is one object for all sessions, to which the
distribution leads `/live/<session>`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from audience.errors import BoardNotPublished
from board_page.page import KEEP_PAGE, KEEP_SNAPSHOT, PAGE_TYPE, SNAPSHOT_TYPE

PREFIX: Final = "live/"
NO_BOARD_KEY: Final = "no-board.txt"
"""The body of CloudFront's 404 response."""

PAGE_KEY: Final = "page.html"
PARTS: Final = "parts/"
"""Before the keys of what calls that make one board tell each other; nobody else reads them."""

_MADE, _ENDED, _VERSION = "made-ms", "ended-ms", "version"
_CONFLICT = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}
_MISSING = ("404", "NoSuchKey")
_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSnapshot:
    """What is known of a snapshot in the bucket.

    Attributes:
        etag: S3's ETag.
        made_ms: the update it was made for, milliseconds since the epoch.
        ended_ms: for the final snapshot of a session, when the session ended; else None.
    """

    etag: str
    made_ms: int
    ended_ms: int | None


class BoardObjects:
    """Reads and writes the objects of public boards. Every method raises BoardNotPublished if S3 refuses or fails."""

    def __init__(self, client: Any, bucket: str) -> None:
        """Creates the object without I/O.

        Args:
            client: S3 client, as `ingest_lambda.bucket.quick_client` makes it.
            bucket: name of the bucket.
        """
        self._client, self._bucket = client, bucket

    def sessions(self) -> set[str]:
        """The ids of the sessions with a board in the bucket."""
        return {key.removeprefix(PREFIX).partition("/")[0] for key in self._keys(PREFIX)}

    def put_page(self, page: bytes) -> None:
        """Writes the page and the response for a board that does not exist, unless this version of it is there."""
        version = hashlib.sha256(page).hexdigest()
        if ((self._head(PAGE_KEY) or {}).get("Metadata") or {}).get(_VERSION) != version:
            self._put(NO_BOARD_KEY, b"There is no board of that name.\n", "text/plain; charset=utf-8", KEEP_SNAPSHOT)
            self._put(PAGE_KEY, page, PAGE_TYPE, KEEP_PAGE, {_VERSION: version})

    def put_part(self, key: str, body: bytes) -> None:
        """Writes what another call reads; `ingest_lambda.board_parts` has its keys."""
        self._put(key, body, "application/octet-stream", "no-store")

    def part(self, key: str) -> bytes | None:
        """Reads what another call wrote; None if it did not."""
        try:
            body: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            return body
        except (ClientError, BotoCoreError) as problem:
            if isinstance(problem, ClientError) and problem.response["Error"]["Code"] in _MISSING:
                return None
            self._refuse(problem)

    def newest(self, session_id: str) -> WrittenSnapshot | None:
        """Looks up a session's snapshot; None if there is none."""
        response = self._head(_snapshot_key(session_id))
        if response is None:
            return None
        ended_ms = response["Metadata"].get(_ENDED)
        return WrittenSnapshot(
            etag=response["ETag"],
            made_ms=int(response["Metadata"].get(_MADE, 0)),
            ended_ms=None if ended_ms is None else int(ended_ms),
        )

    def put_snapshot(
        self, session_id: str, snapshot: bytes, *, made_ms: int, ended_ms: int | None, over: WrittenSnapshot | None
    ) -> WrittenSnapshot:
        """Writes a session's snapshot, unless the bucket has one for the same update or a later one.

        Two function instances may write at once, and the slower one may have older data. A conditional write
        (If-Match) detects that.

        Args:
            session_id: the session.
            snapshot: the document.
            made_ms, ended_ms: as in `WrittenSnapshot`.
            over: the snapshot last seen in the bucket; None if there was none.

        Returns:
            The snapshot in the bucket now: this one, or a newer one.
        """
        metadata = {_MADE: str(made_ms)} | ({} if ended_ms is None else {_ENDED: str(ended_ms)})
        for _ in range(_TRIES):
            if over is not None and over.made_ms >= made_ms:
                return over
            condition = {"IfNoneMatch": "*"} if over is None else {"IfMatch": over.etag}
            try:
                response = self._client.put_object(
                    Bucket=self._bucket,
                    Key=_snapshot_key(session_id),
                    Body=snapshot,
                    ContentType=SNAPSHOT_TYPE,
                    CacheControl=KEEP_SNAPSHOT,
                    Metadata=metadata,
                    **condition,
                )
                return WrittenSnapshot(etag=response["ETag"], made_ms=made_ms, ended_ms=ended_ms)
            except (ClientError, BotoCoreError) as problem:
                if not (isinstance(problem, ClientError) and problem.response["Error"]["Code"] in _CONFLICT):
                    self._refuse(problem)
            over = self.newest(session_id)
        raise BoardNotPublished(
            f"{_snapshot_key(session_id)} has too many concurrent writers: the next update tries again"
        )

    def remove(self, session_id: str) -> None:
        """Removes all of a session's board that exists."""
        keys = [*self._keys(f"{PREFIX}{session_id}/"), *self._keys(f"{PARTS}{session_id}/")]
        try:
            # The page of an earlier version lies under the session itself.
            for key in (f"{PREFIX}{session_id}", *keys):
                self._client.delete_object(Bucket=self._bucket, Key=key)
        except (ClientError, BotoCoreError) as problem:
            self._refuse(problem)

    def _keys(self, prefix: str) -> list[str]:
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return [one["Key"] for page in pages for one in page.get("Contents", ())]
        except (ClientError, BotoCoreError) as problem:
            self._refuse(problem)

    def _head(self, key: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._client.head_object(Bucket=self._bucket, Key=key)
            return found
        except (ClientError, BotoCoreError) as problem:
            if isinstance(problem, ClientError) and problem.response["Error"]["Code"] in _MISSING:
                return None
            self._refuse(problem)

    def _put(self, key: str, body: bytes, kind: str, keep: str, metadata: dict[str, str] | None = None) -> None:
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=kind, CacheControl=keep, Metadata=metadata or {}
            )
        except (ClientError, BotoCoreError) as problem:
            self._refuse(problem)

    def _refuse(self, problem: ClientError | BotoCoreError) -> NoReturn:
        # botocore's messages may contain signed URLs; the names of its exceptions do not.
        code = problem.response["Error"]["Code"] if isinstance(problem, ClientError) else type(problem).__name__
        raise BoardNotPublished(
            f"the board cannot be published in bucket {self._bucket} ({code}): check HOUSELIGHTS_BOARDS and the role"
        ) from None


def _snapshot_key(session_id: str) -> str:
    return f"{PREFIX}{session_id}/live.json"
