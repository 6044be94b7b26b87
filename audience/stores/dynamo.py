"""The DynamoDB store: one table (`audience.stores.dynamo_items` defines its layout).

Writes of a delivery are not atomic, because DynamoDB transactions are limited to a hundred items. Windows and faces are
written first and the progress last, so that it never claims missing windows, and repeating the delivery completes it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from audience.alerts import Alert, AlertBook, AlertRule
from audience.errors import SessionNotFound
from audience.faces import WindowFaces
from audience.rollups import RollupWidth
from audience.scorers import known_scorers
from audience.sessions import DAY_MS, Camera, Session, Stage
from audience.store import (
    DELETIONS_KNOWN_MS,
    AlertDocument,
    Heartbeat,
    ListedSession,
    RecordingProgress,
    ScorerRecord,
    SessionPage,
)
from audience.stores import documents
from audience.stores.dynamo_client import DynamoAddress
from audience.stores.dynamo_items import (
    FACES_ATTRIBUTES,
    SESSION,
    WINDOW_ATTRIBUTES,
    Item,
    KeyRange,
    Kind,
    between,
    camera_key,
    cameras_of,
    changed_key,
    changed_on,
    distinct,
    document_item,
    documents_of,
    expiry,
    faces_item,
    faces_of,
    heartbeat_key,
    heartbeats_of,
    key,
    recorded_key,
    recorded_of,
    records_of,
    shared_scorer_keys,
    shared_scorers,
    start_camera_part,
    under,
    window_item,
    window_row,
)
from audience.stores.dynamo_rollups import DynamoRollups
from audience.stores.dynamo_sessions import DynamoSessions
from audience.stores.dynamo_table import DynamoTable
from audience.stores.presence import now_ms
from audience.time import from_ms as instant
from audience.transcripts import Transcript
from audience.window_table import WindowTable
from audience.windows import WindowRecord

_KIND = "ALERTING"


class DynamoAlerting:
    """Implements `audience.store.Alerting`, in the partition of the session's other documents."""

    def __init__(self, table: DynamoTable, sessions: DynamoSessions) -> None:
        self._table, self._sessions = table, sessions

    def put(self, session_id: str, document: AlertDocument) -> None:
        key = _key(session_id, document)
        with self._sessions.writing_under([session_id], [key]):
            if isinstance(document, AlertRule | Alert):
                self._sessions.index.put_alerts(self._sessions.one(session_id))
            self._table.put(document_item(key, documents.to_json(document)))

    def drop(self, session_id: str, document: AlertDocument) -> None:
        self._table.delete_all([_key(session_id, document)])

    def book(self, session_id: str) -> AlertBook:
        items = self._table.rows(under(documents_of(session_id), _KIND), ("sk", "document"))
        return documents.book_of((item["sk"]["S"].removeprefix(f"{_KIND}#"), item["document"]["S"]) for item in items)

    def sessions(self, since_ms: int) -> list[str]:
        return self._sessions.index.with_alerts(since_ms)


def _key(session_id: str, document: AlertDocument) -> Item:
    return key(documents_of(session_id), f"{_KIND}#{documents.key_of(document)}")


# How long a mark of a stage that is recorded counts. Whoever writes looks, as often, whether another did: a mark with
# every window would be one write in five, and so would one of each of a thousand copies each minute.
MARK_AGAIN_S = 60.0

# A stage's mark does not repeat a mark of a change on the same session that is as new as this.
_CHANGE_COUNTS_S = 30.0

# A mark of a change holds for what is written within both, and a write may take a minute.
_MARKED_BEFORE_MS = 150_000

_KEY = ("pk", "sk")

_RECORDS: tuple[Kind, ...] = ("W#", "F#")

# A stage of a session, and when the session was set up.
Place = tuple[str, str, datetime | None]


class DynamoStore:
    """Implements `audience.store.Store` on one existing table of DynamoDB."""

    def __init__(self, url: str) -> None:
        """Creates the store without requests.

        Args:
            url: `dynamodb://TABLE?region=eu-west-1`, and `&endpoint=http://127.0.0.1:8000` for a local engine.

        Raises:
            InvalidValue: the URL is wrong.
            StoreUnavailable: no region is configured, or AWS's own configuration is wrong.
        """
        self._table = DynamoTable(DynamoAddress.of(url))
        self.url = self._table.address.url
        self._sessions = DynamoSessions(self._table)
        self.rolling = DynamoRollups(self._table, self._sessions)
        self.alerting = DynamoAlerting(self._table, self._sessions)
        self._recorded: dict[Place, float] = {}
        self._lock = threading.Lock()

    @property
    def has_pending_erasure(self) -> bool:
        """Always False: DynamoDB deletes at once. The table's owner decides on its backups."""
        return False

    def put_session(self, session: Session) -> None:
        self._mark_changed(session.session_id)
        self._sessions.put(session)

    def change_session(self, session: Session) -> None:
        self._mark_changed(session.session_id)
        self._sessions.change(session)

    def session(self, session_id: str) -> Session:
        return self._sessions.one(session_id)

    def sessions(self) -> list[Session]:
        return self._sessions.all()

    def session_page(
        self,
        *,
        words: str = "",
        film: str = "",
        among: Collection[str] | None = None,
        after: str | None = None,
        limit: int = 15,
    ) -> SessionPage:
        found, following = self._sessions.index.page(words, film, among, after, limit)
        listed = (ListedSession(session=session, overview=overview) for session, overview in found)
        return SessionPage(sessions=tuple(listed), after=following)

    def changed_sessions(self, since_ms: int) -> list[str]:
        read_ms = now_ms()
        if since_ms < read_ms - DELETIONS_KNOWN_MS:
            # Marks from before are forgotten: what is there may have changed, and what was deleted since is known.
            everything = [session.session_id for session in self.sessions()]
            return sorted({*everything, *self.changed_sessions(read_ms - DELETIONS_KNOWN_MS + DAY_MS)})
        since_ms -= _MARKED_BEFORE_MS
        # Clocks of writers may be ahead.
        days = range(since_ms // DAY_MS, (read_ms + _MARKED_BEFORE_MS) // DAY_MS + 1)
        ranges = [keys for day in days for keys in changed_on(_day(day * DAY_MS))]
        marks = (mark for found in self._table.rows_each(ranges, ("sk", "at_ms")) for mark in found)
        return sorted({mark["sk"]["S"] for mark in marks if int(mark["at_ms"]["N"]) >= since_ms})

    def delete_session(self, session_id: str) -> bool:
        self._mark_changed(session_id)
        try:
            return self._delete_session(session_id)
        finally:
            # Once more: whoever asked meanwhile still saw what is gone now.
            self._mark_changed(session_id)

    def _delete_session(self, session_id: str) -> bool:
        try:
            valid_until_s = self._sessions.begin_deletion(session_id)
        except SessionNotFound:
            return True  # another process deleted it first
        stages: set[str] = set()
        removed = self._sweep(session_id, stages)
        if valid_until_s is not None:
            time.sleep(max(0.0, valid_until_s - time.monotonic()))
            if not self._sessions.is_being_deleted(session_id):
                return True
            removed += self._sweep(session_id, stages)
        # The marks that lead to the records go last, and the session, which stays listed until then, after them, so
        # that an interrupted deletion can be completed.
        for keys in recorded_of(session_id):
            removed += self._table.delete_range(keys)
        if valid_until_s is not None:
            self._sessions.end_deletion(session_id)
        with self._lock:
            self._recorded = {place: at_s for place, at_s in self._recorded.items() if place[0] != session_id}
        return removed > 0 or valid_until_s is not None

    def put_stage(self, session_id: str, stage: Stage) -> None:
        self._put(key(documents_of(session_id), f"STAGE#{stage.stage_id}"), documents.to_json(stage), session_id)

    def stages(self, session_id: str) -> list[Stage]:
        found = self._documents(under(documents_of(session_id), "STAGE"))
        return [documents.from_json(document, Stage) for document in found]

    def put_transcript(self, session_id: str, stage_id: str, transcript: Transcript) -> None:
        packed, item_key = documents.packed_transcript(transcript), _transcript_key(session_id, stage_id)
        self._mark_changed(session_id)
        with self._sessions.writing_under([session_id], [item_key]):
            self._table.put({**item_key, "packed": {"B": packed}})

    def transcript(self, session_id: str, stage_id: str) -> Transcript | None:
        item = self._table.get(_transcript_key(session_id, stage_id))
        return documents.unpacked_transcript(item["packed"]["B"]) if item else None

    def delete_transcript(self, session_id: str, stage_id: str) -> bool:
        self._mark_changed(session_id)
        return self._table.delete(_transcript_key(session_id, stage_id))

    def put_slide_pictures(self, session_id: str, stage_id: str, pictures: Mapping[str, bytes]) -> None:
        items = [
            {**_picture_key(session_id, stage_id, picture_id), "jpeg": {"B": jpeg}}
            for picture_id, jpeg in pictures.items()
        ]
        self._mark_changed(session_id)
        with self._sessions.writing_under([session_id], [_key_of(item) for item in items]):
            self._table.put_all(items)
        found = self._keys(_pictures_of(session_id, stage_id))
        self._table.delete_all(item for item in found if item["sk"]["S"].rpartition("#")[2] not in pictures)

    def slide_pictures(self, session_id: str, stage_id: str) -> dict[str, bytes]:
        items = self._table.rows(_pictures_of(session_id, stage_id), ("sk", "jpeg"))
        return {item["sk"]["S"].rpartition("#")[2]: bytes(item["jpeg"]["B"]) for item in items}

    def put_camera(self, session_id: str, stage_id: str, camera: Camera) -> None:
        self._sessions.index.check_version()
        at, mark = camera_key(session_id, stage_id, camera.camera_id), recorded_key(session_id, stage_id)
        with self._sessions.writing_under([session_id], [at, mark]) as set_up:
            self._mark_recorded({(session_id, stage_id, set_up[session_id])})
            self._table.put(document_item(at, documents.to_json(camera)))

    def cameras(self, session_id: str, stage_id: str) -> list[Camera]:
        found = self._documents(cameras_of(session_id, stage_id))
        if not found:
            self._sessions.index.check_version()
        return [documents.from_json(document, Camera) for document in found]

    def put_windows(
        self,
        windows: Sequence[WindowRecord],
        faces: Sequence[WindowFaces] = (),
        progress: RecordingProgress | None = None,
        *,
        set_up_at: datetime | None = None,
    ) -> None:
        # Pack everything before writing anything, so that an invalid record fails the whole delivery.
        items = [*map(window_item, windows), *map(faces_item, faces)]
        places = {(one.session_id, one.stage_id) for one in windows} | {(one.session_id, one.stage_id) for one in faces}
        keys = [_key_of(item) for item in items] + [recorded_key(*place) for place in places]
        progress_items = []
        if progress is not None:
            progress_key = _progress_key(progress.session_id, progress.stage_id, progress.camera_id)
            progress_items = [document_item(progress_key, documents.to_json(progress))]
            keys.append(progress_key)
        session_ids = {session_id for session_id, _ in places} | ({progress.session_id} if progress else set())
        with self._sessions.writing_under(session_ids, keys, set_up_at) as set_up:
            self._mark_recorded({(*place, set_up[place[0]]) for place in places})
            self._table.put_all(items)
            for item in progress_items:
                self._table.put(item)

    def windows(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> WindowTable:
        keys = between("W#", session_id, stage_id, from_ms, until_ms)
        rows = self._table.parallel_rows(keys, WINDOW_ATTRIBUTES, window_row) if keys else []
        return WindowTable.of_rows(rows)

    def rollups(
        self,
        session_id: str,
        stage_id: str,
        *,
        width_ms: RollupWidth,
        from_ms: int | None = None,
        until_ms: int | None = None,
    ) -> WindowTable:
        return self.rolling.read(session_id, stage_id, width_ms, from_ms, until_ms)

    def window_count(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> int:
        keys = between("W#", session_id, stage_id, from_ms, until_ms)
        return self._table.count(keys) if keys else 0

    def faces(
        self, session_id: str, stage_id: str, *, from_ms: int | None = None, until_ms: int | None = None
    ) -> list[WindowFaces]:
        keys = between("F#", session_id, stage_id, from_ms, until_ms)
        if keys is None:
            return []
        return self._table.parallel_rows(keys, FACES_ATTRIBUTES, lambda item: faces_of(item, session_id, stage_id))

    def delete_camera_records(self, session_id: str, stage_id: str, camera_id: str) -> None:
        # The progress first, because it must not claim deleted windows.
        self._table.delete_all([_progress_key(session_id, stage_id, camera_id)])
        self._mark_changed(session_id)
        for kind in _RECORDS:
            found = self._keys(_all_of(kind, session_id, stage_id))
            self._table.delete_all([key for key in found if start_camera_part(key["sk"]["S"])[1] == camera_id])
        self._mark_changed(session_id)

    def progress(self, session_id: str, stage_id: str, camera_id: str) -> RecordingProgress | None:
        item = self._table.get(_progress_key(session_id, stage_id, camera_id))
        return documents.from_json(_document(item), RecordingProgress) if item else None

    def recordings(self, session_id: str) -> list[RecordingProgress]:
        found = self._documents(under(documents_of(session_id), "PROGRESS"))
        return [documents.from_json(document, RecordingProgress) for document in found]

    def put_scorer(self, scorer: ScorerRecord, session_id: str | None = None) -> None:
        name, document = f"SCORER#{scorer.name}", documents.to_json(scorer)
        if session_id is None:
            self._table.put_all([document_item(copy, document) for copy in shared_scorer_keys(name)])
        else:
            self._put(key(documents_of(session_id), name), document, session_id)

    def scorers(self, session_id: str | None = None) -> dict[str, ScorerRecord]:
        shared = self._scorers(shared_scorers())
        return known_scorers(
            shared, {} if session_id is None else self._scorers(under(documents_of(session_id), "SCORER"))
        )

    def _scorers(self, keys: KeyRange) -> dict[str, ScorerRecord]:
        found = (documents.from_json(document, ScorerRecord) for document in self._documents(keys))
        return {scorer.name: scorer for scorer in found}

    def put_heartbeat(self, heartbeat: Heartbeat, *, set_up_at: datetime | None = None) -> None:
        beat_key = heartbeat_key(heartbeat.session_id, heartbeat.stage_id, heartbeat.camera_id)
        with self._sessions.writing_under([heartbeat.session_id], [beat_key], set_up_at):
            self._table.put(document_item(beat_key, documents.to_json(heartbeat)))

    def heartbeats(self, session_id: str) -> list[Heartbeat]:
        found = self._table.rows_each(heartbeats_of(session_id), ("sk", "document"))
        items = sorted((item for items in found for item in items), key=lambda item: str(item["sk"]["S"]))
        return [documents.from_json(_document(item), Heartbeat) for item in items]

    def prune(self, now_ms: int) -> int:
        """Deletes at once what DynamoDB's TTL would delete within two days; reads every record."""
        removed = 0
        for session in self.sessions():
            for stage_id in self.recorded_stages(session.session_id):
                for kind in _RECORDS:
                    keys = _all_of(kind, session.session_id, stage_id)
                    expired = self._table.rows(keys, _KEY, expired_at_ms=now_ms)
                    removed += self._table.delete_expired(expired, now_ms)
        return removed

    def recorded_stages(self, session_id: str) -> list[str]:
        """Ids of the stages of a session that may have cameras or records, described or not, sorted."""
        found = self._table.rows_each(recorded_of(session_id), ("sk",))
        return sorted(mark["sk"]["S"] for marks in found for mark in marks)

    def close(self) -> None:
        self._table.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _mark_recorded(self, places: set[Place]) -> None:
        """Marks that stages have cameras or records, before these are written, so that a deletion finds them all.

        Another writer's mark counts as one's own. Reading it costs a fifth of writing it.
        """
        now_s = time.monotonic()
        with self._lock:
            due = [place for place in places if now_s - self._recorded.get(place, -MARK_AGAIN_S) >= MARK_AGAIN_S]
        marks = {place: {**recorded_key(*place[:2]), **_marked_at(now_ms())} for place in due}
        ages_s = self._ages_s(marks.values())
        late = [place for place in due if not 0 <= ages_s.get(_id_of(marks[place]), -1) < MARK_AGAIN_S]
        changes = distinct(_change_mark(session_id, stage_id) for session_id, stage_id, _ in late)
        change_ages_s = self._ages_s(changes)
        new = [one for one in changes if not 0 <= change_ages_s.get(_id_of(one), -1) < _CHANGE_COUNTS_S]
        self._table.put_all([*(marks[place] for place in late), *new])
        with self._lock:
            for place in due:
                self._recorded[place] = now_s - (0.0 if place in late else ages_s[_id_of(marks[place])])

    def _ages_s(self, marks: Iterable[Item]) -> dict[tuple[str, str], float]:
        """Seconds since these marks were made, of those that there are, by `_id_of`; by the clocks of their writers."""
        found = self._table.get_each([_key_of(mark) for mark in marks])
        read_ms = now_ms()
        return {_id_of(mark): (read_ms - int(mark["at_ms"]["N"])) / 1000 for mark in found if "at_ms" in mark}

    def _sweep(self, session_id: str, stages: set[str]) -> int:
        """Deletes the items of a session except the session itself and its marks; returns how many.

        Args:
            session_id: the session.
            stages: stage ids known so far; those found are added.
        """
        found = [item for item in self._keys(under(documents_of(session_id))) if item["sk"]["S"] != SESSION]
        for item in found:
            kind, stage_id, *_ = item["sk"]["S"].split("#")  # such as `STAGE#main` and `PROGRESS#main#cam-1`
            stages |= {stage_id} if kind not in ("ALERTING", "SCORER", SESSION) else set()
        stages |= set(self.recorded_stages(session_id))
        for beats in self._table.rows_each(heartbeats_of(session_id), _KEY):
            found += beats
        # The progress before the windows it claims.
        self._table.delete_all(found)
        return len(found) + sum(self._table.delete_range(under(records_of(session_id, one))) for one in sorted(stages))

    def _put(self, key: Item, document: str, session_id: str) -> None:
        self._mark_changed(session_id)
        with self._sessions.writing_under([session_id], [key]):
            self._table.put(document_item(key, document))

    def _mark_changed(self, session_id: str) -> None:
        """Marks that a session changes, before it does."""
        self._table.put(_change_mark(session_id))

    def _documents(self, keys: KeyRange) -> list[str]:
        return [_document(item) for item in self._table.rows(keys, ("document",))]

    def _keys(self, keys: KeyRange) -> list[Item]:
        return self._table.rows(keys, _KEY)


def _progress_key(session_id: str, stage_id: str, camera_id: str) -> Item:
    return key(documents_of(session_id), f"PROGRESS#{stage_id}#{camera_id}")


def _transcript_key(session_id: str, stage_id: str) -> Item:
    return key(documents_of(session_id), f"TRANSCRIPT#{stage_id}")


def _pictures_of(session_id: str, stage_id: str) -> KeyRange:
    return under(documents_of(session_id), "PICTURE", stage_id)


def _picture_key(session_id: str, stage_id: str, picture_id: str) -> Item:
    return key(documents_of(session_id), f"PICTURE#{stage_id}#{picture_id}")


def _change_mark(session_id: str, stage_id: str = "") -> Item:
    at_ms = now_ms()
    ends = expiry(at_ms + DELETIONS_KNOWN_MS + DAY_MS)
    return {**changed_key(_day(at_ms), session_id, stage_id), **_marked_at(at_ms), **ends}


def _marked_at(at_ms: int) -> Item:
    return {"at_ms": {"N": str(at_ms)}}


def _id_of(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _day(at_ms: int) -> str:
    return f"{instant(at_ms):%Y-%m-%d}"


def _all_of(kind: Kind, session_id: str, stage_id: str) -> KeyRange:
    keys = between(kind, session_id, stage_id, None, None)
    assert keys is not None
    return keys


def _key_of(item: Item) -> Item:
    return {name: item[name] for name in _KEY}


def _document(item: Item) -> str:
    return str(item["document"]["S"])
