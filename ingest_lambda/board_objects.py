"""The bucket behind the public board: each festival's page, and its newest snapshot, which no older one replaces.

The keys are the paths of the addresses: `live/<session>` is the page, `live/<session>/live.json` the snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from audience.errors import BoardNotPublished
from board_page.page import KEEP_PAGE, KEEP_SNAPSHOT, PAGE_TYPE, SNAPSHOT_TYPE

PREFIX: Final = "live/"
NO_BOARD_KEY: Final = "no-board.txt"
"""What CloudFront answers with, as 404, where nothing is."""

_MADE, _ENDED = "made-ms", "ended-ms"
_WRITTEN_MEANWHILE = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}
_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A snapshot that lies in the bucket.

    Attributes:
        etag: S3's name for its content.
        made_ms: the update it was made for, milliseconds since the epoch.
        ended_ms: where it is the last of a session that has ended, when that was; None else.
    """

    etag: str
    made_ms: int
    ended_ms: int | None


class BoardObjects:
    """Writes them. Every method raises BoardNotPublished where S3 does not do as it is asked."""

    def __init__(self, client: Any, bucket: str) -> None:
        """Asks nothing yet.

        Args:
            client: of S3, as `ingest_lambda.bucket.brief` makes it.
            bucket: its name.
        """
        self._client, self._bucket = client, bucket

    def sessions(self) -> set[str]:
        """The ids of the sessions of which anything is there."""
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=PREFIX)
            keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
        except (ClientError, BotoCoreError) as problem:
            self._refuse(problem)
        return {key.removeprefix(PREFIX).partition("/")[0] for key in keys}

    def put_no_board(self) -> None:
        """Writes what is told to who asks for a board that is not there."""
        self._put(NO_BOARD_KEY, b"There is no board of that name.\n", "text/plain; charset=utf-8", KEEP_SNAPSHOT)

    def put_page(self, session_id: str, page: bytes) -> None:
        """Writes a session's page, over one already there."""
        self._put(_page_key(session_id), page, PAGE_TYPE, KEEP_PAGE)

    def newest(self, session_id: str) -> Written | None:
        """What is known of a session's snapshot; None where there is none."""
        try:
            answer = self._client.head_object(Bucket=self._bucket, Key=_snapshot_key(session_id))
        except (ClientError, BotoCoreError) as problem:
            if isinstance(problem, ClientError) and problem.response["Error"]["Code"] in ("404", "NoSuchKey"):
                return None
            self._refuse(problem)
        told = answer["Metadata"]
        ended_ms = told.get(_ENDED)
        return Written(
            etag=answer["ETag"],
            made_ms=int(told.get(_MADE, 0)),
            ended_ms=None if ended_ms is None else int(ended_ms),
        )

    def put_snapshot(
        self, session_id: str, snapshot: bytes, *, made_ms: int, ended_ms: int | None, over: Written | None
    ) -> Written:
        """Writes a session's snapshot, unless one is there that was made for the same update or a later one.

        Two copies of the function may be at it at once, and the slower one may hold the older picture.

        Args:
            session_id: whose.
            snapshot: the document.
            made_ms, ended_ms: as `Written` has them.
            over: what was there when it was last looked at; None where nothing was.

        Returns:
            What is there now: this one, or the newer one.
        """
        told = {_MADE: str(made_ms)} | ({} if ended_ms is None else {_ENDED: str(ended_ms)})
        for _ in range(_TRIES):
            if over is not None and over.made_ms >= made_ms:
                return over
            unless = {"IfNoneMatch": "*"} if over is None else {"IfMatch": over.etag}
            try:
                answer = self._client.put_object(
                    Bucket=self._bucket,
                    Key=_snapshot_key(session_id),
                    Body=snapshot,
                    ContentType=SNAPSHOT_TYPE,
                    CacheControl=KEEP_SNAPSHOT,
                    Metadata=told,
                    **unless,
                )
                return Written(etag=answer["ETag"], made_ms=made_ms, ended_ms=ended_ms)
            except (ClientError, BotoCoreError) as problem:
                if not (isinstance(problem, ClientError) and problem.response["Error"]["Code"] in _WRITTEN_MEANWHILE):
                    self._refuse(problem)
            over = self.newest(session_id)
        raise BoardNotPublished(
            f"{_snapshot_key(session_id)} is written by too many at once: the next update tries again"
        )

    def remove(self, session_id: str) -> None:
        """Removes a session's page and snapshot; what is not there is no error."""
        try:
            for key in (_page_key(session_id), _snapshot_key(session_id)):
                self._client.delete_object(Bucket=self._bucket, Key=key)
        except (ClientError, BotoCoreError) as problem:
            self._refuse(problem)

    def _put(self, key: str, body: bytes, kind: str, keep: str) -> None:
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=kind, CacheControl=keep)
        except (ClientError, BotoCoreError) as problem:
            self._refuse(problem)

    def _refuse(self, problem: ClientError | BotoCoreError) -> NoReturn:
        # botocore's own texts may hold addresses with signatures in them; their names do not.
        code = problem.response["Error"]["Code"] if isinstance(problem, ClientError) else type(problem).__name__
        raise BoardNotPublished(
            f"bucket {self._bucket} does not take the board ({code}): check HOUSELIGHTS_BOARDS and the role"
        ) from None


def _page_key(session_id: str) -> str:
    return f"{PREFIX}{session_id}"


def _snapshot_key(session_id: str) -> str:
    return f"{PREFIX}{session_id}/live.json"
