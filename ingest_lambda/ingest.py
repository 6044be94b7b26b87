"""Turns a sheet or window file into records, in the cloud and on one machine.

The key of every record is made from its content, so a delivery that comes twice, late or out of order changes nothing.
What a delivery claims is checked first, against its session and against what a camera can see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from audience.admission import admitted_heartbeat, check_recorded, check_sent
from audience.deliveries.delivery import DeliveryKey, read_key
from audience.deliveries.manifest import Manifest, SheetWindow, Tile
from audience.deliveries.plausibility import (
    check_manifest,
    check_room,
    check_scorer,
    check_span,
    check_status,
    check_windows,
)
from audience.deliveries.reading import read_delivery
from audience.deliveries.sheet import Sheet
from audience.deliveries.window_file import WindowFile
from audience.disclosure import SMALL_ROOM
from audience.errors import FacesRefused, InvalidValue, SessionNotFound, SheetRejected
from audience.faces import FACING, FACING_THRESHOLD, FaceRecord, WindowFaces
from audience.privacy import measures_facing
from audience.sessions import DAY_MS, Session
from audience.store import Heartbeat, Store
from audience.windows import DEFAULT_WIDTH_MS, ONLY_PART, WindowRecord, tallies_of
from ingest_lambda.scoring import SheetScorer, scorer_record
from ingest_lambda.setup_cache import SetupCache


def check_claims(store: Store, session: Session, delivered: Sheet | WindowFile, delivered_ms: int) -> None:
    """Checks that a camera can have seen this, in this session.

    Args:
        store: the records so far: all deliveries of a camera together may not exceed what it can see in a window.
        session: the delivery's session.
        delivered: the delivery, read and checked against its key.
        delivered_ms: when it was delivered, by the receiver's clock, milliseconds since the epoch.

    Raises:
        SheetRejected: no camera can have seen it, or it lies in the future.
        DeliveryRefused: it lies outside the session.
        StoreUnavailable: a retry may help.
    """
    if isinstance(delivered, Sheet):
        of: Manifest | WindowRecord = delivered.manifest
        starts = [window.start_ms for window in delivered.manifest.windows]
        check_manifest(delivered.manifest)
    else:
        of = delivered.windows[0]
        starts = [window.start_ms for window in delivered.windows]
        check_windows(delivered)
    if of.width_ms != DEFAULT_WIDTH_MS:
        # Windows of different widths cannot be summed: one would make the whole stage unreadable.
        raise SheetRejected(f"its windows are {of.width_ms} ms wide: a stage's are {DEFAULT_WIDTH_MS} ms")
    # Windows are in order, and every face belongs to one of them.
    for start_ms in (starts[0], starts[-1]):
        check_recorded(session, start_ms, delivered_ms)
    check_span(starts[0], starts[-1])
    if isinstance(delivered, WindowFile) and all(window.part == ONLY_PART for window in delivered.windows):
        return  # each replaces the camera's record of that window, so there never is more than one of them
    there = store.windows(session.session_id, of.stage_id, from_ms=starts[0], until_ms=starts[-1] + 1)
    check_room(there, of.camera_id, starts)


def heads_only_error(session_id: str, but: str) -> FacesRefused:
    """The error for faces delivered to a session that only counts heads."""
    return FacesRefused(
        f"session {session_id!r} only counts heads, and {but}: it was deleted; set the device's "
        "HOUSELIGHTS_HEADS_ONLY to yes"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long records are kept after their delivery.

    Attributes:
        windows_days: days, 1 or more.
        faces_days: days, 0 or more; with 0 single faces are not recorded.
    """

    windows_days: int = 730
    faces_days: int = 30

    def __post_init__(self) -> None:
        if self.windows_days < 1 or self.faces_days < 0:
            raise InvalidValue(
                f"windows cannot be kept for {self.windows_days} days and faces for {self.faces_days}: use 1 or more, "
                "and 0 for no faces"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """Summary of a recorded delivery.

    Attributes:
        session_id, stage_id, camera_id: the camera that delivered it.
        kind: sheet or window file.
        windows: how many windows it covers.
        faces: how many faces its records have.
        unmatched: tiles on which no face was found again, or two were; they are in no record.
        shares: by expression, the share of the faces that showed it, 0..1, over the windows in which more
            than `SMALL_ROOM` were scored: one delivery does not know who else was there.
        captured_ms: the earliest capture time in it, milliseconds since the epoch.
    """

    session_id: str
    stage_id: str
    camera_id: str
    kind: Literal["sheet", "windows"]
    windows: int
    faces: int
    unmatched: int
    shares: Mapping[str, float]
    captured_ms: int


class Ingest:
    """Records the deliveries and statuses of cameras in a store."""

    def __init__(self, store: Store, scorer: SheetScorer, keep: Keep) -> None:
        """Creates the object without I/O.

        Args:
            store: the store to write to.
            scorer: scores sheets.
            keep: how long records are kept.
        """
        self._store, self._scorer, self._keep = store, scorer, keep
        self._setups = SetupCache(store)
        self._newest_status: dict[tuple[str, str, str], int] = {}

    def record(
        self,
        key: str,
        data: bytes,
        *,
        delivered_ms: int,
        now_ms: int,
        sent_ms: int | None = None,
        before_writing: Callable[[int], None] | None = None,
    ) -> IngestResult:
        """Scores a sheet, or reads a window file, and records it.

        Args:
            key: its object key.
            data: its bytes.
            delivered_ms: when it was delivered, by the receiver's clock, milliseconds since the epoch; retention
                starts then.
            now_ms: the current time, milliseconds since the epoch.
            sent_ms: when the device sent it, by its own clock; None if not stated.
            before_writing: called with the number of records before they are written; may wait or raise.

        Raises:
            SheetRejected: it is not a valid delivery and never will be.
            DeliveryRefused: the setup in the store does not allow it.
            FacesRefused: it holds faces, and its session only counts heads or was deleted; delete the delivery.
            ScorerUnavailable, StoreUnavailable: a retry may help.
        """
        delivered_key = read_key(key)
        session = self.permit(delivered_key, now_ms=now_ms)
        delivered = read_delivery(key, data)
        if isinstance(delivered, WindowFile):
            if session.mode != "expressions" and delivered.holds_expressions:
                raise heads_only_error(session.session_id, "this file holds expressions")
            delivered = self._with_recorded_scorer(delivered, now_ms)
        if not measures_facing(session.setting):
            delivered = _without_facing(delivered)  # whatever the device was told
        if sent_ms is not None:
            check_sent(sent_ms, delivered_ms)
        check_claims(self._store, session, delivered, min(delivered_ms, now_ms))
        try:
            self._setups.claim_camera(delivered_key.session_id, delivered_key.stage_id, delivered_key.camera_id)
            if isinstance(delivered, Sheet):
                return self._record_sheet(delivered, delivered_ms, before_writing)
            return self._record_windows(delivered, delivered_ms, before_writing)
        except InvalidValue as problem:  # some values do not fit the store's packed format
            raise SheetRejected(str(problem)) from None
        except SessionNotFound:
            raise self._setups.forget_deleted(session.session_id) from None

    def record_status(self, heartbeat: Heartbeat, *, now_ms: int) -> None:
        """Records a camera's status, unless a newer one was recorded here.

        Raises:
            SheetRejected: no camera can have this status.
            DeliveryRefused: the camera is not set up, or the status is from outside its session.
            StoreUnavailable: a retry may help.
        """
        camera = (heartbeat.session_id, heartbeat.stage_id, heartbeat.camera_id)
        session = self._setups.session(*camera, now_ms)
        check_status(heartbeat)
        heartbeat = admitted_heartbeat(session, heartbeat, now_ms)
        received_ms = heartbeat.received_ms or 0
        # Queues reorder messages. The receiver's clock decides: a camera's own may be set back.
        if received_ms >= self._newest_status.get(camera, 0):
            try:
                self._store.put_heartbeat(heartbeat)
            except SessionNotFound:
                raise self._setups.forget_deleted(heartbeat.session_id) from None
            self._newest_status[camera] = received_ms

    def permit(self, key: DeliveryKey, *, now_ms: int) -> Session:
        """Checks from its key whether a delivery is allowed, before it is read.

        Returns:
            Its session.

        Raises:
            SheetRejected: its first window lies in the future.
            DeliveryRefused: its session, stage or camera is not set up, or its first window is outside the session.
            FacesRefused: it is a sheet, and its session only counts heads; or its session was deleted.
            StoreUnavailable: a retry may help.
        """
        session = self._setups.session(key.session_id, key.stage_id, key.camera_id, now_ms)
        if key.kind == "sheets" and session.mode != "expressions":
            raise heads_only_error(key.session_id, "this is a sheet of faces")
        if key.kind == "sheets":  # a window file is read first: expressions in it may have to be deleted
            check_recorded(session, key.start_ms, now_ms)
        return session

    def is_recorded(self, key: DeliveryKey) -> bool:
        """Whether a delivery that is gone from its bucket was recorded.

        A sheet's records carry its content id, where faces are kept. A window file has none: any record of its camera
        in its first window counts.

        Raises:
            StoreUnavailable: a retry may help.
        """
        bounds = {"from_ms": key.start_ms, "until_ms": key.start_ms + 1}
        if key.kind == "sheets" and self._keep.faces_days:
            faces = self._store.faces(key.session_id, key.stage_id, **bounds)
            return any((one.camera_id, one.part) == (key.camera_id, key.content) for one in faces)
        return key.camera_id in self._store.windows(key.session_id, key.stage_id, **bounds).cameras

    def _record_sheet(
        self, sheet: Sheet, delivered_ms: int, before_writing: Callable[[int], None] | None
    ) -> IngestResult:
        manifest = sheet.manifest
        self._setups.put_own_scorer(scorer_record(self._scorer))
        scores = self._scorer.score(sheet)
        by_tile = dict(zip(manifest.tiles, scores, strict=True))
        windows, faces = [], []
        for window in manifest.windows:
            window_record, window_faces = self._records(sheet, window, by_tile, delivered_ms)
            windows.append(window_record)
            faces.append(window_faces)
        self._put(windows, faces, before_writing)
        return IngestResult(
            session_id=manifest.session_id,
            stage_id=manifest.stage_id,
            camera_id=manifest.camera_id,
            kind="sheet",
            windows=len(windows),
            faces=sum(record.faces for record in windows),
            unmatched=sum(score is None for score in scores),
            shares=_shares(windows),
            captured_ms=min(tile.at_ms for tile in manifest.tiles),
        )

    def _put(
        self,
        windows: Sequence[WindowRecord],
        faces: Sequence[WindowFaces],
        before_writing: Callable[[int], None] | None,
    ) -> None:
        faces = faces if self._keep.faces_days else ()
        if before_writing is not None:
            before_writing(len(windows) + len(faces))
        self._store.put_windows([_rounded(one) for one in windows], faces)

    def _records(
        self,
        sheet: Sheet,
        window: SheetWindow,
        scores: Mapping[Tile, Mapping[str, float] | None],
        delivered_ms: int,
    ) -> tuple[WindowRecord, WindowFaces]:
        """This sheet's part of a window. Faces without a score are missing from it, but still count as expected."""
        faces = tuple(
            FaceRecord(
                track_id=tile.track_id,
                at_ms=tile.at_ms,
                box=tile.box,
                quality=tile.quality,
                confidences=confidences if tile.facing is None else {**confidences, FACING: tile.facing},
            )
            for tile in sheet.manifest.tiles_of(window)
            if (confidences := scores[tile]) is not None
        )
        key = {
            "session_id": sheet.manifest.session_id,
            "stage_id": sheet.manifest.stage_id,
            "camera_id": sheet.manifest.camera_id,
            "part": sheet.sheet_id,
            "scorer": self._scorer.name,
        }
        return (
            WindowRecord(
                **key,
                start_ms=window.start_ms,
                width_ms=sheet.manifest.width_ms,
                faces=len(faces),
                expected=window.expected,
                tallies=tallies_of(faces, {**self._scorer.thresholds, FACING: FACING_THRESHOLD}),
                expires_ms=delivered_ms + self._keep.windows_days * DAY_MS,
            ),
            WindowFaces(
                **key,
                start_ms=window.start_ms,
                faces=faces,
                expires_ms=delivered_ms + self._keep.faces_days * DAY_MS,
            ),
        )

    def _with_recorded_scorer(self, file: WindowFile, now_ms: int) -> WindowFile:
        """The file, with the name under which its scorer is recorded."""
        if file.scorer is None:
            return file
        check_scorer(file.scorer)
        session_id, own = file.windows[0].session_id, scorer_record(self._scorer)
        return file.scored_by(self._setups.scorer(session_id, file.scorer, own=own, now_ms=now_ms))

    def _record_windows(
        self, file: WindowFile, delivered_ms: int, before_writing: Callable[[int], None] | None
    ) -> IngestResult:
        first = file.windows[0]
        if file.scorer is not None:
            self._setups.put_scorer(first.session_id, file.scorer)
        windows = _with_expiry(file.windows, delivered_ms + self._keep.windows_days * DAY_MS)
        faces = _with_expiry(file.faces, delivered_ms + self._keep.faces_days * DAY_MS)
        self._put(windows, faces, before_writing)
        return IngestResult(
            session_id=first.session_id,
            stage_id=first.stage_id,
            camera_id=first.camera_id,
            kind="windows",
            windows=len(windows),
            faces=sum(window.faces for window in windows),
            unmatched=0,
            shares=_shares(windows),
            captured_ms=first.start_ms,
        )


Record = TypeVar("Record", WindowRecord, WindowFaces)
Value = TypeVar("Value")


def _rounded(window: WindowRecord) -> WindowRecord:
    """The record with sums to the millionth: more is noise, and makes DynamoDB charge two units for its item."""
    return replace(
        window,
        tallies={
            name: replace(
                tally,
                total=round(tally.total, 6),
                squares=round(tally.squares, 6),
                estimate=None if tally.estimate is None else round(tally.estimate, 6),
                variance=None if tally.variance is None else round(tally.variance, 6),
            )
            for name, tally in window.tallies.items()
        },
    )


def _with_expiry(records: Iterable[Record], expires_ms: int) -> list[Record]:
    """The records with the receiver's expiry: a camera does not decide how long its records are kept."""
    return [replace(record, expires_ms=expires_ms) for record in records]


def _without_facing(delivered: Sheet | WindowFile) -> Sheet | WindowFile:
    """The delivery without saying which faces were turned to the front."""
    if isinstance(delivered, Sheet):
        tiles = tuple(replace(tile, facing=None) for tile in delivered.manifest.tiles)
        return replace(delivered, manifest=replace(delivered.manifest, tiles=tiles))
    return replace(
        delivered,
        windows=tuple(replace(window, tallies=_but_facing(window.tallies)) for window in delivered.windows),
        faces=tuple(
            replace(one, faces=tuple(replace(face, confidences=_but_facing(face.confidences)) for face in one.faces))
            for one in delivered.faces
        ),
    )


def _but_facing(measures: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in measures.items() if name != FACING}


def _shares(windows: Sequence[WindowRecord]) -> dict[str, float]:
    shown = [window for window in windows if window.faces > SMALL_ROOM]
    over: Counter[str] = Counter()
    scored: Counter[str] = Counter()
    for window in shown:
        for expression, tally in window.tallies.items():
            over[expression] += tally.over
            scored[expression] += tally.faces
    return {expression: over[expression] / count for expression, count in scored.items()}
