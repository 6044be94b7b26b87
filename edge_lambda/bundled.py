"""Recognises the people of this camera's bundle, which the device fetches every few seconds.

Imported by devices that are told to recognise, and by no other. A bundle that must not be used, a stale one, and a
folder without one, are each one line in the heartbeat; meanwhile nobody is matched by it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from audience.errors import BundleRefused, HouselightsError, InvalidValue, StatusNotSent, UploadFailed
from audience.identity.bundle import LARGEST_BUNDLE, Bundle, BundleReader
from audience.identity.matching import Gallery
from audience.identity.records import Sighting
from audience.identity.sightings import sighting_message, sighting_topic
from audience.identity.thresholds import VERSION
from audience.store import Heartbeat
from edge_lambda.atomic_write import write_atomic
from edge_lambda.backoff import Backoff
from edge_lambda.pipeline_types import TrackedFrame
from edge_lambda.recognisers import Recogniser
from edge_lambda.recognition import Recognised, Recognition
from edge_lambda.status.heartbeats import joined_notes

POLL_S: Final = 5.0
"""How often the device asks for a newer bundle."""

MOST_WAITING: Final = 1000
"""How many sightings wait for a connection."""

CLOSING_S: Final = 3.0
"""How long `SightingSender.close` waits for them, seconds."""

NUMBER_FILE: Final = "bundle-number"
"""Name of the file, in the outbox's folder, with the number of the newest bundle used."""


class BundleSource(Protocol):
    """Where the camera's bundle lies. Used by one thread."""

    def fetch(self) -> bytes | None:
        """The bundle; None if it is the one of the last call.

        Raises:
            BundleRefused: there is none, or it is too large.
            UploadFailed: it cannot be fetched now.
        """
        ...

    def forget(self) -> None:
        """Has the next call fetch the bundle, though it is that of the last call."""
        ...


class FolderSource:
    """A bundle in a folder."""

    def __init__(self, file: Path) -> None:
        """Creates the object without I/O."""
        self._file = file
        self._seen: tuple[int, int, int] | None = None

    def fetch(self) -> bytes | None:
        """See `BundleSource.fetch`."""
        try:
            about = self._file.stat()
            if self._seen == (seen := (about.st_mtime_ns, about.st_size, about.st_ino)):
                return None
            _check_length(about.st_size)
            content = self._file.read_bytes()
        except FileNotFoundError:
            self._seen = None
            raise _nothing_there() from None
        except OSError as problem:
            raise UploadFailed(f"the bundle {self._file} cannot be read ({problem.strerror})") from None
        self._seen = seen
        return content

    def forget(self) -> None:
        """See `BundleSource.forget`."""
        self._seen = None


class BucketSource:
    """A bundle in S3, fetched only where it changed."""

    def __init__(self, connect: Callable[[], Any], bucket: str, name: str) -> None:
        """Creates the object without connecting.

        Args:
            connect: makes boto3's client of S3; called again after a failure, for new credentials.
            bucket: the bucket's name.
            name: the bundle's key.
        """
        self._connect, self._bucket, self._name = connect, bucket, name
        self._client: Any = None
        self._etag = ""

    def fetch(self) -> bytes | None:
        """See `BundleSource.fetch`."""
        from botocore.exceptions import BotoCoreError, ClientError

        unless = {"IfNoneMatch": self._etag} if self._etag else {}
        try:
            self._client = self._client or self._connect()
            answer = self._client.get_object(Bucket=self._bucket, Key=self._name, **unless)
            with answer["Body"] as body:
                _check_length(answer["ContentLength"])
                content: bytes = body.read()
        except ClientError as problem:
            code = str(problem.response.get("Error", {}).get("Code", ""))[:60]
            if code in ("304", "NotModified"):
                return None
            self._client = None
            if code in ("NoSuchKey", "404"):
                self._etag = ""
                raise _nothing_there() from None
            raise UploadFailed(f"the bundle cannot be fetched ({code}): check the device's role") from None
        except BotoCoreError as problem:
            self._client = None
            # Their messages may hold signed URLs; their class names do not.
            raise UploadFailed(f"the bundle cannot be fetched ({type(problem).__name__})") from None
        self._etag = str(answer.get("ETag", ""))
        return content

    def forget(self) -> None:
        """See `BundleSource.forget`."""
        self._etag = ""


class _RosterOfBundle:
    """One roster of the newest bundle; see `edge_lambda.recognition.Roster`."""

    def __init__(self, bundles: BundledRosters, roster_id: str) -> None:
        self._bundles, self._roster_id = bundles, roster_id

    def gallery(self) -> Gallery | None:
        return self._bundles.galleries().get(self._roster_id)


class BundledRosters:
    """The rosters of the newest bundle that may be used.

    Attributes:
        number: of the newest bundle taken; 0 for none yet. It is kept over restarts.
        problem: why there is no newer one, in one line; "" for nothing.
    """

    def __init__(
        self,
        source: BundleSource,
        reader: BundleReader,
        recogniser: Recogniser,
        *,
        folder: Path,
        now: Callable[[], datetime],
    ) -> None:
        """Reads the number of the newest bundle that earlier runs used.

        Args:
            source: where the bundle is fetched from.
            reader: checks and decrypts it.
            recogniser: the model that this device matches with.
            folder: the outbox's existing folder, for that number.
            now: the device's clock.
        """
        self._source, self._reader, self._recogniser, self._now = source, reader, recogniser, now
        self._file = folder / NUMBER_FILE
        self._lock = threading.Lock()
        self._bundle: Bundle | None = None
        self._galleries: Mapping[str, Gallery] = {}
        self.problem = "no bundle was fetched yet: nobody is recognised"
        self.number = self._number_before()

    def galleries(self) -> Mapping[str, Gallery]:
        """By roster, whom to recognise now; empty once the bundle is stale."""
        with self._lock:
            if self._bundle is None:
                return {}
            if not self._bundle.holds(self._now()):
                self._drop("the bundle has expired: nobody is recognised until a newer one comes")
            return self._galleries

    def wants_picture(self, roster_id: str) -> bool:
        """Whether those who confirm a sighting of this roster need a picture of it."""
        with self._lock:
            return self._bundle is not None and roster_id in self._bundle.pictures

    def refresh(self) -> None:
        """Fetches the bundle, and takes it where it may be used; else says why not. Never raises for its content."""
        try:
            content = self._source.fetch()
            if content is None:
                return
            bundle = self._reader.read(content, now=self._now(), last_number=self.number)
            galleries = self._galleries_of(bundle)
            self._keep_number(bundle.number)
        except UploadFailed as problem:
            self.problem = str(problem)  # what is there is used until it expires
            return
        except (BundleRefused, InvalidValue) as problem:
            self._source.forget()  # it may be usable later, once the clock is set or the disk has space
            with self._lock:
                self.problem = str(problem)
                if isinstance(problem, _NoBundle):
                    self._drop(self.problem)
            return
        with self._lock:
            self._bundle, self._galleries, self.number, self.problem = bundle, galleries, bundle.number, ""

    def _galleries_of(self, bundle: Bundle) -> Mapping[str, Gallery]:
        if bundle.thresholds != VERSION:
            raise BundleRefused(
                f"the bundle is for thresholds {bundle.thresholds[:20]!r}, and this device has {VERSION!r}: update "
                "whichever of the device and the computer that makes its bundles is behind"
            )
        return {
            roster_id: Gallery(
                [face for face in bundle.faces if face.roster_id == roster_id],
                recogniser=self._recogniser.name,
                strangers=self._recogniser.strangers,
                alike=bundle.alike,
            )
            for roster_id in bundle.rosters
        }

    def _drop(self, why: str) -> None:
        self._bundle, self._galleries, self.problem = None, {}, why

    def _number_before(self) -> int:
        try:
            text = self._file.read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            return 0
        return int(text) if text.isdecimal() and len(text) <= 16 else 0

    def _keep_number(self, number: int) -> None:
        """Writes the number before the bundle is used: else a restart could go back to an older one."""
        try:
            write_atomic(self._file, f"{number}\n".encode(), part=self._file.with_suffix(".part"))
        except OSError as problem:
            raise BundleRefused(
                f"{self._file} cannot be written ({problem.strerror}): without it no bundle is used"
            ) from None


class BundledRecognition:
    """Recognises people at this camera by its bundle, and hands sightings over. Fetches bundles in a thread."""

    def __init__(
        self,
        rosters: BundledRosters,
        recogniser: Recogniser,
        *,
        camera: tuple[str, str, str],
        sightings: SightingSender,
        on_picture: Callable[[Sighting, bytes], None],
        poll_s: float = POLL_S,
    ) -> None:
        """Starts fetching.

        Args:
            rosters: the bundle's.
            recogniser: makes templates.
            camera: session, stage and camera.
            sightings: publishes them; closed with this.
            on_picture: called with the JPEG of a sighting that people have to confirm.
            poll_s: seconds between requests for a newer bundle.
        """
        self._rosters, self._recogniser, self._camera = rosters, recogniser, camera
        self._sightings, self._on_picture, self._poll_s = sightings, on_picture, poll_s
        self._recognitions: dict[str, Recognition] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bundles", daemon=True)
        self._thread.start()

    def see(self, frame: TrackedFrame) -> None:
        """Takes a frame and its tracked faces."""
        galleries = self._rosters.galleries()
        for gone in self._recognitions.keys() - galleries.keys():
            del self._recognitions[gone]
        for roster_id in galleries.keys() - self._recognitions.keys():
            roster = _RosterOfBundle(self._rosters, roster_id)
            self._recognitions[roster_id] = Recognition(
                self._recogniser, roster, on_recognised=self._recorder(roster_id)
            )
        for recognition in self._recognitions.values():
            recognition.see(frame)

    def noted(self, heartbeat: Heartbeat) -> Heartbeat:
        """A heartbeat with the number of the bundle in use, and what is wrong with the newest."""
        number = self._rosters.number or None
        return replace(heartbeat, bundle=number, detail=joined_notes((heartbeat.detail, self._rosters.problem)))

    def close(self) -> None:
        """Stops fetching, and gives sightings a few seconds to arrive."""
        self._stop.set()
        self._sightings.close()
        self._thread.join(2 * POLL_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._rosters.refresh()
            except HouselightsError as problem:
                self._rosters.problem = str(problem)
            self._stop.wait(self._poll_s)

    def _recorder(self, roster_id: str) -> Callable[[Recognised], None]:
        def record(found: Recognised) -> None:
            sighting = found.sighting(roster_id, self._camera, self._recogniser.name)
            self._sightings.send(sighting)
            if self._rosters.wants_picture(roster_id):
                self._on_picture(sighting, found.picture())

        return record


class SightingSender:
    """Publishes sightings in a thread, in order, and retries until they arrive or are too old."""

    def __init__(self, publish: Callable[[str, bytes], None], *, write_line: Callable[[str], None]) -> None:
        """Starts the thread.

        Args:
            publish: as `StatusSender.publish`.
            write_line: called with one line, without ids, when sending fails, and when it works again.
        """
        self._publish, self._write_line = publish, write_line
        self._waiting: deque[Sighting] = deque(maxlen=MOST_WAITING)
        self._condition = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="sightings", daemon=True)
        self._thread.start()

    def send(self, sighting: Sighting) -> None:
        """Queues a sighting; of more than `MOST_WAITING` the oldest are dropped. Returns at once."""
        with self._condition:
            self._waiting.append(sighting)
            self._condition.notify_all()

    def close(self) -> None:
        """Gives what waits a few seconds to arrive."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        self._thread.join(CLOSING_S)

    def _run(self) -> None:
        backoff, trouble = Backoff(), ""
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                sighting = self._waiting[0]
            topic = sighting_topic(sighting.session_id, sighting.stage_id, sighting.camera_id)
            try:
                self._publish(topic, sighting_message(sighting))
            except StatusNotSent as problem:
                if not trouble:
                    self._write_line(f"sightings wait: {problem}")
                trouble = str(problem)
                with self._condition:
                    if self._closing:
                        return
                    self._condition.wait_for(lambda: self._closing, backoff.next_s())
                continue
            if trouble:
                self._write_line("sending sightings works again")
            trouble = ""
            backoff.reset()
            with self._condition:
                if self._waiting and self._waiting[0] is sighting:
                    self._waiting.popleft()


class _NoBundle(BundleRefused):
    """No bundle lies where it should."""


def _nothing_there() -> BundleRefused:
    return _NoBundle("there is no bundle for this camera: nobody is recognised until one is made")


def _check_length(length: int) -> None:
    if length > LARGEST_BUNDLE:
        raise BundleRefused(f"a bundle of {length:,} bytes is too large: at most {LARGEST_BUNDLE:,} are read")
