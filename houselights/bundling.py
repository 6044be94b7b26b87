"""Makes and hands out the bundles of people that cameras may recognise, whenever a roster changed.

A withdrawal waits for the cameras here: each acknowledges in its heartbeat the number of the bundle it uses.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from audience.errors import HouselightsError, StoreUnavailable
from audience.identity.bundle import USUAL_LIFE, bundle_name
from audience.identity.bundle_keys import camera_key, cameras_with_keys, installation_key
from audience.identity.bundle_making import BundleMaker, MadeBundle
from audience.identity.people import People, Removal
from audience.identity.records import Person, Roster
from audience.identity.store import IdentityStore
from audience.private_files import private_folder, write_private
from audience.store import Store
from audience.time import from_ms
from houselights.wording import counted

EVERY_S: Final = 2.0
"""How often rosters are looked at for changes."""

RENEWED_AFTER: Final = timedelta(hours=6)
"""When a bundle is made again though nothing changed, so that it does not expire."""

WAIT_S: Final = 60.0
"""How long a withdrawal waits for the cameras."""

Camera = tuple[str, str, str]
"""Session, stage and camera."""


class BundleFolder(Protocol):
    """Where cameras fetch their bundles from."""

    def put(self, name: str, data: bytes) -> None:
        """Writes a bundle in place of an earlier one.

        Raises:
            StoreUnavailable: it cannot be written.
        """
        ...


class LocalBundles:
    """Bundles in a folder, which stands for a bucket."""

    def __init__(self, folder: Path) -> None:
        """Creates the object without I/O."""
        self._folder = folder

    def put(self, name: str, data: bytes) -> None:
        """See `BundleFolder.put`."""
        file = self._folder / name
        try:
            private_folder(file.parent)
            write_private(file, data)
        except OSError as problem:
            raise StoreUnavailable(f"{file} cannot be written ({problem.strerror}): check its permissions") from None


class BucketBundles:
    """Bundles in an S3 bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        """Creates the object without I/O.

        Args:
            client: boto3's, of S3.
            bucket: the bucket's name.
        """
        self._client, self._bucket = client, bucket

    def put(self, name: str, data: bytes) -> None:
        """See `BundleFolder.put`."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            # Never by a key of AWS KMS: a camera's role may not decrypt. A bundle is encrypted for its camera already.
            self._client.put_object(Bucket=self._bucket, Key=name, Body=data, ServerSideEncryption="AES256")
        except ClientError as problem:
            code = str(problem.response.get("Error", {}).get("Code", ""))[:60]
            raise StoreUnavailable(
                f"bucket {self._bucket} takes no bundle ({code}): allow s3:PutObject on {name}"
            ) from None
        except BotoCoreError as problem:
            raise StoreUnavailable(
                f"S3 cannot be reached ({type(problem).__name__}): check network and credentials"
            ) from None


class CollectionCleaner(Protocol):
    """A cloud's collections, from which those are removed who withdrew elsewhere."""

    def remove_all_but(self, roster_id: str, person_ids: Sequence[str]) -> list[str]:
        """Removes everybody from a roster's collection but these people; returns whom."""
        ...


class CameraBundles:
    """The bundles of all cameras that have a key. Implements `audience.identity.people.Elsewhere`."""

    def __init__(
        self,
        people: IdentityStore,
        folder: BundleFolder,
        *,
        recogniser: str,
        now: Callable[[], datetime],
        sessions: Store | None = None,
        wait_s: float = WAIT_S,
        sleep: Callable[[float], object] = time.sleep,
        life: timedelta = USUAL_LIFE,
    ) -> None:
        """Creates the object without I/O.

        Args:
            people: the store of people.
            folder: where cameras fetch bundles from.
            recogniser: name of the model that cameras match with.
            now: the clock, aware UTC.
            sessions: the store with the cameras' heartbeats; needed by `remove` only.
            wait_s: how long `remove` waits for acknowledgements.
            sleep: waits so many seconds.
            life: how long a bundle may be used.
        """
        self._people, self._folder, self._now, self._life = people, folder, now, life
        self._sessions, self._wait_s, self._sleep = sessions, wait_s, sleep
        self._maker = BundleMaker(people, recogniser=recogniser, now=now, life=life)
        self._sent: dict[Camera, tuple[bytes, datetime]] = {}

    def send_changed(self) -> list[tuple[Camera, MadeBundle]]:
        """Makes and writes the bundle of each camera for which somebody came or went, or whose bundle grows old.

        Raises:
            StoreUnavailable: a store or the folder cannot be used.
        """
        sent = []
        for camera in cameras_with_keys(self._people):
            made = self._maker.make(*camera)
            before = self._sent.get(camera)
            renew = before is None or self._now() - before[1] >= min(RENEWED_AFTER, self._life / 2)
            if renew or before is None or before[0] != made.content:
                self._put(camera, made)
                sent.append((camera, made))
        return sent

    def remove(self, roster_id: str, subject_id: str) -> list[Removal]:
        """Sends bundles without the person, and waits for each camera to acknowledge; see `Elsewhere`.

        A camera that does not stops using its earlier bundle when that expires: the removal says when.
        """
        wanted: dict[Camera, int] = {}
        removals = []
        roster = self._people.get(Roster, roster_id)
        cameras = cameras_with_keys(self._people)
        if roster is not None:
            on_it = People(self._people, actor="camera", now=self._now)
            cameras = [one for one in cameras if roster in on_it.rosters_for(one[0], one[1])]
        for camera in cameras:
            try:
                made = self._maker.make(*camera)
                self._put(camera, made)
            except HouselightsError as problem:
                removals.append(Removal(place=_place(camera), done_at=None, remark=f"not asked yet: {problem}"))
            else:
                wanted[camera] = made.number
        done = self._wait_for(wanted)
        until = self._now() + self._life
        for camera in wanted:
            remark = (
                "" if camera in done else f"not acknowledged yet; it stops by {until:%Y-%m-%d %H:%M} UTC at the latest"
            )
            removals.append(Removal(place=_place(camera), done_at=done.get(camera), remark=remark))
        return removals

    def run(
        self, stop: threading.Event, log: Callable[[str], None], collections: Sequence[CollectionCleaner] = ()
    ) -> None:
        """Sends changed bundles, and cleans collections, until stopped; problems are logged and retried."""
        problem, cleaned = "", 0.0
        while not stop.is_set():
            try:
                for camera, made in self.send_changed():
                    left_out = f", {made.left_out} of another model left out" if made.left_out else ""
                    log(f"bundle {made.number} for {'/'.join(camera)}: {counted(made.people, 'person')}{left_out}")
                if collections and time.monotonic() - cleaned >= WAIT_S / 2:
                    cleaned = time.monotonic()
                    self._clean(collections, log)
                problem = ""
            except HouselightsError as trouble:
                if str(trouble) != problem:
                    problem = str(trouble)
                    log(f"bundles wait: {problem}")
            stop.wait(EVERY_S)

    def _clean(self, collections: Sequence[CollectionCleaner], log: Callable[[str], None]) -> None:
        for roster in self._people.all(Roster):
            kept = [person.person_id for person in self._people.all(Person, roster.roster_id)]
            for collection in collections:
                for person_id in collection.remove_all_but(roster.roster_id, kept):
                    log(f"{person_id} was removed from the collection of {roster.roster_id}")

    def _put(self, camera: Camera, made: MadeBundle) -> None:
        self._folder.put(bundle_name(*camera), made.data)
        self._sent[camera] = (made.content, self._now())

    def _wait_for(self, wanted: dict[Camera, int]) -> dict[Camera, datetime]:
        """When each camera acknowledged its number; without those that did not in time."""
        done: dict[Camera, datetime] = {}
        deadline = self._now() + timedelta(seconds=self._wait_s)
        while self._sessions is not None and len(done) < len(wanted):
            for session_id in {camera[0] for camera in wanted.keys() - done.keys()}:
                for beat in self._sessions.heartbeats(session_id):
                    camera = (beat.session_id, beat.stage_id, beat.camera_id)
                    if camera in wanted and beat.bundle is not None and beat.bundle >= wanted[camera]:
                        done.setdefault(camera, from_ms(beat.received_ms or beat.at_ms))
            if len(done) == len(wanted) or self._now() >= deadline:
                break
            self._sleep(min(1.0, self._wait_s))
        return done


def device_settings(people: IdentityStore, camera: Camera, *, at: datetime) -> dict[str, str]:
    """What a device needs in its environment to recognise people: its key, made at the first call, and ours.

    Args:
        people: the store of people.
        camera: which.
        at: now, aware UTC.

    Raises:
        InvalidValue: an id is not valid.
        StoreUnavailable: the store cannot be used.
    """
    return {
        "HOUSELIGHTS_CAMERA_KEY": camera_key(people, *camera, now=at).hex(),
        "HOUSELIGHTS_SIGNER": installation_key(people, now=at).public.hex(),
    }


def _place(camera: Camera) -> str:
    return f"camera {'/'.join(camera)}"
