"""What people who enrolled may rely on, and strangers: how soon a desk and a search follow, and what is left of nobody.

The store in SQLite on disk, the server's routes over HTTP and the recogniser are real; cameras' frames are photographs.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from audience.errors import HouselightsError
from audience.identity.matching import CropFacts, mean_template
from audience.identity.people import People
from audience.identity.records import Confirmation, PhotoQuality, Roster, Sighting, WatchEntry
from audience.identity.sealed import Profile, Vector, template_bytes
from audience.identity.searches import Searches
from audience.identity.store import IdentityStore
from audience.monitoring.alert_messages import Message
from audience.stores import open_identity
from bench.figures import Figure
from bench.people.photos import PersonPhoto, sized_face, untouched_photos
from dashboard.pages.desk.routes import DESK, desk_routes
from edge_lambda.crops import frontality, sharpness
from edge_lambda.detectors import Detection, Image
from edge_lambda.detectors.load import load_detector
from edge_lambda.pipeline_types import TrackedFrame
from edge_lambda.recognisers import AlignedGeometry, Recogniser
from edge_lambda.recognisers.alignment import aligned
from edge_lambda.recognisers.load import load_recogniser
from edge_lambda.tracking import TrackedFace
from houselights.notify.sightings import SightingWatch
from houselights.recognising import CameraRecognition, StoredRoster
from tests.audience.identity.conftest import QUALITY, Desk
from tests.portraits import portrait
from tests.routes_server import serving

STRANGERS: Final = 500
CARDS: Final = 60
APPROVALS: Final = 20
WALKS: Final = 500
SEEN_PX: Final = 60
"""Height of a stranger's face in the camera's picture."""
SECRET_NAME: Final = "Grace Hopper-Unmistakable"
PLACE: Final = ("fair-1", "gate", "left")


def run() -> Iterator[Figure]:
    """Measures."""
    yield from _desk()
    yield from _approvals()
    yield from _messages()
    yield from _strangers()


@contextlib.contextmanager
def _store() -> Iterator[tuple[Path, Desk]]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/a.db"
        with mock.patch.dict(os.environ, HOUSELIGHTS_STORE=url), open_identity(url) as store:
            yield Path(folder), Desk(store, now=datetime.now(UTC))


def _now_ms() -> int:
    return round(time.time() * 1000)


def _desk() -> Iterator[Figure]:
    """Seconds from a sighting in the store to its card at each of three desks, over the server's stream."""
    with _store() as (_, desk), serving(desk_routes([])) as address:
        roster = desk.roster("welcome desk", "members")
        seen_at: dict[str, float] = {}
        delays: list[float] = []
        streams = [_Stream(address, seen_at, delays) for _ in range(3)]
        generator = np.random.default_rng(1)
        for number in range(CARDS):
            person = desk.member(roster, f"Member {number}", number)
            desk.people().check_in(roster.roster_id, person.person_id)
            time.sleep(float(generator.uniform(0.05, 0.6)))
            sighting = replace(desk.sighting(roster, person.person_id), at_ms=_now_ms())
            seen_at[sighting.sighting_id] = time.monotonic()
            desk.store.put(sighting)
        time.sleep(2)
        for stream in streams:
            stream.close()
        yield Figure(
            name="seen to the desk's page, p95",
            value=float(np.quantile(delays, 0.95)),
            unit="s",
            reach=2,
            direction="at most",
        )
        yield Figure(name="cards that came to three desks", value=len(delays), unit=f"of {3 * CARDS}", reach=3 * CARDS)


class _Stream:
    """One desk's stream; notes when each card came."""

    def __init__(self, address: tuple[str, int], seen_at: dict[str, float], delays: list[float]) -> None:
        self._connection = http.client.HTTPConnection(*address, timeout=30)
        self._connection.request("GET", f"{DESK}/members/events")
        self._answer = self._connection.getresponse()
        self._seen_at, self._delays = seen_at, delays
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        known: set[str] = set()
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            for line in self._answer:
                if line.startswith(b"data: "):
                    for card in json.loads(line[6:]):
                        if card["id"] not in known and card["id"] in self._seen_at:
                            known.add(card["id"])
                            self._delays.append(time.monotonic() - self._seen_at[card["id"]])

    def close(self) -> None:
        """Ends the stream."""
        if self._connection.sock is not None:
            self._connection.sock.shutdown(2)
        self._thread.join()
        self._connection.close()


class _NoModel:
    """A recogniser whose templates nobody asks for."""

    name = "none-1+00000000"
    size = 128
    geometry = AlignedGeometry(size=48, landmarks=((16, 16), (32, 16), (24, 25), (17, 34), (31, 34)))
    strangers = np.eye(1, 128, dtype=np.float32)

    def templates(self, crops: Sequence[Image], *, carefully: bool = False) -> NDArray[np.float32]:
        raise AssertionError("nobody is in view")


def _approvals() -> Iterator[Figure]:
    """Seconds from an approval to the camera's gallery, on one machine."""
    table = {_NoModel.name: {(1, 1, 40): (0.9,) * 5}}
    with _store() as (_, desk), mock.patch("audience.identity.thresholds.TABLE", table):
        roster = desk.roster("search", "missing", stages=("fair-1/*",))
        stored = StoredRoster(desk.store, roster.roster_id, session_id="fair-1", stage_id="gate", recogniser=_NoModel())
        delays = []
        generator = np.random.default_rng(2)
        for number in range(APPROVALS):
            entry = _requested(desk.store, number)
            began = time.monotonic()
            Searches(desk.store, actor="bob@example.org", now=_now).approve(*entry.key)
            time.sleep(float(generator.uniform(0, 0.2)))
            while (gallery := stored.gallery()) is None or len(gallery) <= number:
                time.sleep(0.05)
            delays.append(time.monotonic() - began)
    yield Figure(
        name="search approved to looked for, one machine, p95",
        value=float(np.quantile(delays, 0.95)),
        unit="s",
        reach=10,
        direction="at most",
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _requested(store: IdentityStore, seed: int) -> WatchEntry:
    vector: Vector = np.random.default_rng(seed).normal(size=128).astype(np.float32)
    return Searches(store, actor="ada@example.org", now=_now).request(
        "missing",
        Profile(name=SECRET_NAME),
        vector,
        recogniser=_NoModel.name,
        photos=[PhotoQuality(face_px=120, sharpness=0.8, brightness=0.6, turn=0.1)],
        photo=b"a face",
        basis="missing person",
        reference="12/26",
        stages=("fair-1/*",),
        adult=True,
    )


class _Sent:
    """A notifier that keeps what it is sent."""

    name = "kept"

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def send(self, message: Message) -> None:
        self.messages.append(message)


def _messages() -> Iterator[Figure]:
    """Random people do random things to searches; what is sent is held against who confirmed."""
    accounts = [f"{name}@example.org" for name in ("ada", "bob", "cyd", "dan", "eve")]
    generator = np.random.default_rng(3)
    unconfirmed = sent = named = 0
    with _store() as (_, desk):
        roster = desk.roster("search", "missing", stages=("fair-1/*",))
        for walk in range(WALKS):
            entry = _requested(desk.store, walk)
            sighting = desk.sighting(roster, entry.entry_id)
            kept = _Sent()
            watch = SightingWatch(desk.store, [kept], stop=threading.Event(), log=lambda line: None, now=_now)
            for _ in range(8):
                searches = Searches(desk.store, actor=str(generator.choice(accounts)), now=_now)
                with contextlib.suppress(HouselightsError):
                    _act(searches, roster, entry, sighting, int(generator.integers(5)))
                watch.check_once()
            now = desk.store.get(WatchEntry, *entry.key)
            agreed = {one.by for one in desk.store.all(Confirmation, *sighting.key) if one.verdict == "same person"} - (
                {now.requested_by, now.approved_by} if now else set()
            )
            sent += len(kept.messages)
            unconfirmed += len(kept.messages) * (len(agreed) < 2)
            named += sum(SECRET_NAME in repr((one.subject, one.text, one.document)) for one in kept.messages)
            if now is not None:
                Searches(desk.store, actor="ada@example.org", now=_now).end(
                    entry.roster_id, entry.entry_id, "withdrawn"
                )
    yield Figure(name="alerts sent in random histories of searches", value=sent, unit=f"of {WALKS}")
    yield Figure(name="alerts without two confirmers", value=unconfirmed, reach=0, direction="at most")
    yield Figure(name="alerts with a name in them", value=named, reach=0, direction="at most")


def _act(searches: Searches, roster: Roster, entry: WatchEntry, sighting: Sighting, action: int) -> None:
    if action == 0:
        searches.approve(*entry.key)
    elif action == 1:
        searches.record(sighting)
    elif action == 4:
        searches.renew(*entry.key)
    else:
        searches.confirm(sighting, "same person")


class _Remembering:
    """A recogniser that remembers every template it makes, to look for them afterwards."""

    def __init__(self, inner: Recogniser) -> None:
        self.name, self.size, self.geometry, self.strangers = inner.name, inner.size, inner.geometry, inner.strangers
        self._inner = inner
        self.made: list[Vector] = []

    def templates(self, crops: Sequence[Image], *, carefully: bool = False) -> NDArray[np.float32]:
        """See `Recogniser`; the mean of one call's templates is remembered too."""
        found = self._inner.templates(crops, carefully=carefully)
        self.made += [*found, mean_template(found)]
        return found


def _strangers() -> Iterator[Figure]:
    """Strangers pass a camera with a roster; then every file is searched for what was made of them."""
    recogniser = _Remembering(load_recogniser())
    lines: list[str] = []
    detector = load_detector("centerface", threads=1)
    member = portrait(480)
    with _store() as (folder, desk):
        roster = desk.roster("register", "list")
        people = People(desk.store, actor="ada@example.org", now=_now)
        person = desk.member(roster, SECRET_NAME)
        face = detector.detect(member)[0]
        vector = recogniser.templates([aligned(member, face, recogniser.geometry)], carefully=True)[0]
        people.enrol(roster.roster_id, person.person_id, vector, recogniser=recogniser.name, photos=[QUALITY])
        recogniser.made.clear()
        camera = CameraRecognition(
            desk.store,
            [roster.roster_id],
            session_id=PLACE[0],
            stage_id=PLACE[1],
            camera_id=PLACE[2],
            setting="event",
            country="CH",
            recogniser=recogniser,
            log=lines.append,
        )
        passed = 0
        for track, faces in enumerate(_passers(detector)):
            for number, (image, seen) in enumerate(faces):
                tracked = (TrackedFace(track=f"run-{track}", detection=seen),)
                camera.see(TrackedFrame(at_ms=_now_ms() + number * 600, image=image, tracked=tracked))
            passed += 1
        matched = {one.subject_id for one in desk.store.all(Sighting)}
        content = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
        content += "\n".join(lines).encode()
        left = sum(
            template_bytes(one) in content
            or one.astype("<f8").tobytes() in content
            or repr(one.tolist())[1:40].encode() in content
            for one in recogniser.made
        )
    yield Figure(name="strangers who passed a camera with a roster", value=passed, unit="people")
    yield Figure(name="templates made of them", value=len(recogniser.made), unit="templates")
    yield Figure(name="strangers' templates in any file, table or log", value=left, reach=0, direction="at most")
    yield Figure(
        name="strangers who were given an id of their own",
        value=len(matched - {person.person_id}),
        reach=0,
        direction="at most",
    )


def _passers(detector: Any) -> Iterator[list[tuple[Image, Detection]]]:
    """Strangers, each seen three times; of whom there are fewer photographs, some of them again."""
    by_person: dict[str, list[PersonPhoto]] = {}
    for photo in untouched_photos():
        by_person.setdefault(photo.person, []).append(photo)
    found = 0
    for photos in by_person.values():
        faces = []
        for photo in photos:
            seen = sized_face(photo, SEEN_PX, detector)
            if seen is None:
                continue
            image, face, height = seen
            facts = CropFacts(at_s=0, height_px=height, sharpness=sharpness(image, face), frontality=frontality(face))
            if facts.problem is None:
                faces.append((image, face))
        if faces:
            yield [faces[number % len(faces)] for number in range(3)]
            found += 1
            if found >= STRANGERS:
                return
