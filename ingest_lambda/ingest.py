"""From a sheet or window file to its records: the work, wherever it runs.

Every record is put under a key made from the content, so taking a delivery twice, late or out of order changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from audience.admission import DAY_MS, check_recorded, check_sent, heard
from audience.disclosure import SMALL_ROOM
from audience.errors import InvalidValue, SessionNotFound, SheetRejected
from audience.faces import FaceRecord, WindowFaces
from audience.plausibility import check_scorer, check_status
from audience.privacy import Mode
from audience.sessions import Session
from audience.sheets.delivery import DeliveryKey, read_key
from audience.sheets.manifest import SheetWindow, Tile
from audience.sheets.read_delivery import read_delivery
from audience.sheets.sheet import Sheet
from audience.sheets.window_file import WindowFile
from audience.store import Heartbeat, Store
from audience.windows import WindowRecord, tallies_of
from ingest_lambda.claims import check_claims, faces_refused
from ingest_lambda.scoring import SheetScorer, scorer_record
from ingest_lambda.setups import Setups


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """For how long records are kept, from their delivery on.

    Attributes:
        windows_days, faces_days: days, 1 or more.
    """

    windows_days: int = 730
    faces_days: int = 30

    def __post_init__(self) -> None:
        if self.windows_days < 1 or self.faces_days < 1:
            raise InvalidValue(
                f"windows cannot be kept for {self.windows_days} days and faces for {self.faces_days}: use 1 or more"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a delivery.

    Attributes:
        session_id, stage_id, camera_id: whose it was.
        kind: sheet, or window file.
        windows: how many windows it told of.
        faces: how many faces its records have.
        unmatched: tiles on which no face was found again, or two were; they are in no record.
        shares: by expression, the share of the faces that showed it, 0..1, over the windows in which more
            than `SMALL_ROOM` were scored: one delivery does not know who else was there.
        captured_ms: the earliest instant it tells of, milliseconds since the epoch.
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
    """Takes deliveries and statuses of cameras into a store."""

    def __init__(self, store: Store, scorer: SheetScorer, keep: Keep) -> None:
        """Asks nothing yet.

        Args:
            store: where records go.
            scorer: scores sheets.
            keep: for how long records are kept.
        """
        self._store, self._scorer, self._keep = store, scorer, keep
        self._setups = Setups(store)
        self._scorer_told = False
        self._newest_beat: dict[tuple[str, str, str], int] = {}

    def take(self, key: str, data: bytes, *, delivered_ms: int, now_ms: int, sent_ms: int | None = None) -> Taken:
        """Scores a sheet, or reads a window file, and records it.

        Args:
            key: what it was found under.
            data: its bytes.
            delivered_ms: when it was put there, milliseconds since the epoch; records are kept from then on, however
                the camera's clock goes.
            now_ms: when, milliseconds since the epoch.
            sent_ms: when the device sent it, by its own clock; None where it does not say.

        Raises:
            SheetRejected: it is no delivery, or cannot be recorded, ever.
            DeliveryRefused: it is not taken as the store is set up.
            FacesRefused: it holds faces, and its session only counts heads, or was deleted; it must not be kept.
            ScorerUnavailable, StoreUnavailable: trying again may help.
        """
        delivered_key = read_key(key)
        session = self._permitted(delivered_key, now_ms)
        delivered = read_delivery(key, data)
        if isinstance(delivered, WindowFile):
            if session.mode != "expressions" and delivered.holds_expressions:
                raise faces_refused(session.session_id, "this file holds expressions")
            delivered = self._scored_by_whom(delivered, now_ms)
        if sent_ms is not None:
            check_sent(sent_ms, delivered_ms)
        check_claims(self._store, session, delivered, min(delivered_ms, now_ms))
        try:
            self._setups.delivers(delivered_key.session_id, delivered_key.stage_id, delivered_key.camera_id)
            if isinstance(delivered, Sheet):
                return self._take_sheet(delivered, delivered_ms)
            return self._take_windows(delivered, delivered_ms)
        except InvalidValue as problem:  # a store packs records, and some cannot be packed
            raise SheetRejected(str(problem)) from None
        except SessionNotFound:
            raise self._setups.deleted(session.session_id) from None

    def beat(self, heartbeat: Heartbeat, *, now_ms: int) -> None:
        """Records how a camera is, unless it was recorded here how it was later.

        Raises:
            SheetRejected: no camera can be so.
            DeliveryRefused: the camera is not set up, or what it says is of another time than its session.
            StoreUnavailable: trying again may help.
        """
        place = (heartbeat.session_id, heartbeat.stage_id, heartbeat.camera_id)
        session = self._setups.session(*place, now_ms)
        check_status(heartbeat)
        heartbeat = heard(session, heartbeat, now_ms)
        received_ms = heartbeat.received_ms or 0
        # A queue may turn two around. By the clock that received them: a camera's own may be set back.
        if received_ms >= self._newest_beat.get(place, 0):
            try:
                self._store.put_heartbeat(heartbeat)
            except SessionNotFound:
                raise self._setups.deleted(heartbeat.session_id) from None
            self._newest_beat[place] = received_ms

    def permit(self, key: DeliveryKey, *, now_ms: int) -> Mode:
        """Says whether a delivery may be taken, before it is looked at.

        Returns:
            What its session measures.

        Raises:
            SheetRejected: its first window is still to come.
            DeliveryRefused: its session, stage or camera is not set up, or its first window is not of the session.
            FacesRefused: it is a sheet, and its session only counts heads; or its session was deleted.
            StoreUnavailable: trying again may help.
        """
        return self._permitted(key, now_ms).mode

    def was_taken(self, key: DeliveryKey) -> bool:
        """Whether a delivery is recorded that is not in its bucket any more.

        A sheet's records are known by its content id. A window file names the parts of its windows itself, so of one
        any record of its camera's first window counts.

        Raises:
            StoreUnavailable: trying again may help.
        """
        bounds = {"from_ms": key.start_ms, "until_ms": key.start_ms + 1}
        if key.kind == "sheets":
            faces = self._store.faces(key.session_id, key.stage_id, **bounds)
            return any((one.camera_id, one.part) == (key.camera_id, key.content) for one in faces)
        return key.camera_id in self._store.windows(key.session_id, key.stage_id, **bounds).cameras

    def _permitted(self, key: DeliveryKey, now_ms: int) -> Session:
        session = self._setups.session(key.session_id, key.stage_id, key.camera_id, now_ms)
        if key.kind == "sheets" and session.mode != "expressions":
            raise faces_refused(key.session_id, "this is a sheet of faces")
        if key.kind == "sheets":  # a window file may hold expressions that must not be kept: it is read first
            check_recorded(session, key.start_ms, now_ms)
        return session

    def _take_sheet(self, sheet: Sheet, delivered_ms: int) -> Taken:
        manifest = sheet.manifest
        if not self._scorer_told:
            self._store.put_scorer(scorer_record(self._scorer))
            self._scorer_told = True
        scores = self._scorer.score(sheet)
        by_tile = dict(zip(manifest.tiles, scores, strict=True))
        windows, faces = [], []
        for window in manifest.windows:
            record, seen = self._records(sheet, window, by_tile, delivered_ms)
            windows.append(record)
            faces.append(seen)
        self._store.put_windows(windows, faces)
        return Taken(
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

    def _records(
        self,
        sheet: Sheet,
        window: SheetWindow,
        scores: Mapping[Tile, Mapping[str, float] | None],
        delivered_ms: int,
    ) -> tuple[WindowRecord, WindowFaces]:
        """This sheet's part of a window. Who could not be scored is missing from its faces, and still expected."""
        faces = tuple(
            FaceRecord(
                track_id=tile.track_id,
                at_ms=tile.at_ms,
                box=tile.box,
                quality=tile.quality,
                confidences=confidences,
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
                tallies=tallies_of(faces, self._scorer.thresholds),
                expires_ms=delivered_ms + self._keep.windows_days * DAY_MS,
            ),
            WindowFaces(
                **key,
                start_ms=window.start_ms,
                faces=faces,
                expires_ms=delivered_ms + self._keep.faces_days * DAY_MS,
            ),
        )

    def _scored_by_whom(self, file: WindowFile, now_ms: int) -> WindowFile:
        """The file under the name that its scorer is recorded by."""
        if file.scorer is None:
            return file
        check_scorer(file.scorer)
        session_id, own = file.windows[0].session_id, scorer_record(self._scorer)
        return file.scored_by(self._setups.scorer(session_id, file.scorer, own=own, now_ms=now_ms))

    def _take_windows(self, file: WindowFile, delivered_ms: int) -> Taken:
        first = file.windows[0]
        if file.scorer is not None:
            self._setups.make_known(first.session_id, file.scorer)
        windows = _kept(file.windows, delivered_ms + self._keep.windows_days * DAY_MS)
        faces = _kept(file.faces, delivered_ms + self._keep.faces_days * DAY_MS)
        self._store.put_windows(windows, faces)
        return Taken(
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


def _kept(records: Iterable[Record], expires_ms: int) -> list[Record]:
    """The records with an expiry of ours: a camera does not say for how long its records are kept."""
    return [replace(record, expires_ms=expires_ms) for record in records]


def _shares(windows: Sequence[WindowRecord]) -> dict[str, float]:
    shown = [window for window in windows if window.faces > SMALL_ROOM]
    over: Counter[str] = Counter()
    scored: Counter[str] = Counter()
    for window in shown:
        for expression, tally in window.tallies.items():
            over[expression] += tally.over
            scored[expression] += window.faces
    return {expression: over[expression] / count for expression, count in scored.items()}
