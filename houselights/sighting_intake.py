"""Takes in what cameras saw, into the store of people: sightings from a queue or a broker, pictures from a bucket.

It runs where the store of people may be used: no role of the stack in AWS reaches that store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from audience.errors import DeliveriesUnavailable, HouselightsError, InvalidValue, SheetRejected
from audience.identity.bundle_keys import camera_key, cameras_with_keys
from audience.identity.records import Sighting
from audience.identity.sealed_picture import FOLDER, LARGEST_PICTURE, SUFFIX, camera_of, open_picture
from audience.identity.sightings import read_sighting, record_sighting
from audience.identity.store import IdentityStore

POLL_S: Final = 2
"""Seconds that a request to the queue waits for messages, and between two looks for pictures."""

AT_ONCE: Final = 10
"""Messages per request: the maximum of SQS."""

EVERY_TOPIC: Final = "houselights/sightings/+/+/+"


class Pictures(Protocol):
    """Where cameras deliver sealed pictures."""

    def waiting(self) -> Iterator[tuple[str, bytes]]:
        """Keys and bytes of those that wait.

        Raises:
            DeliveriesUnavailable: they cannot be read now.
        """
        ...

    def remove(self, key: str) -> None:
        """Removes one.

        Raises:
            DeliveriesUnavailable: it cannot be removed now.
        """
        ...


class SightingIntake:
    """Records sightings of cameras that have a key; what is refused is one line, without ids of people."""

    def __init__(self, store: IdentityStore, *, now: Callable[[], datetime], log: Callable[[str], None]) -> None:
        """Creates the object without I/O.

        Args:
            store: of people.
            now: the clock, aware UTC.
            log: called with one line for each sighting.
        """
        self._store, self._now, self._log = store, now, log

    def take(self, message: bytes, *, topic: str = "") -> bool:
        """Records a sighting's message; returns whether it did. A message that is refused never counts again.

        Args:
            message: from an untrusted sender.
            topic: the topic it came on, where the message does not say it.

        Raises:
            StoreUnavailable: try again later.
        """
        try:
            return self._record(read_sighting(message, topic=topic))
        except SheetRejected as problem:
            self._log(f"a sighting was refused: {problem}")
            return False

    def take_picture(self, key: str, data: bytes) -> bool:
        """Records a sealed picture and its sighting; returns whether it did; see `take`."""
        try:
            camera = camera_of(key)
            self._check_known(camera)
            secret = camera_key(self._store, *camera, now=self._now())
            sighting, jpeg = open_picture(data, camera, camera_key=secret)
            return self._record(sighting, jpeg)
        except SheetRejected as problem:
            self._log(f"a picture was refused: {problem}")
            return False

    def _record(self, sighting: Sighting, picture: bytes | None = None) -> bool:
        camera = (sighting.session_id, sighting.stage_id, sighting.camera_id)
        self._check_known(camera)
        recorded = record_sighting(self._store, sighting, picture, now=self._now)
        what = "picture" if picture else "sighting"
        self._log(f"{what} from {'/'.join(camera)}: {'recorded' if recorded else 'not wanted any more'}")
        return recorded

    def _check_known(self, camera: tuple[str, str, str]) -> None:
        if camera not in cameras_with_keys(self._store):
            raise SheetRejected("its camera has no key here: `houselights people device` gives it one")


class PictureFolder:
    """Implements `Pictures` on a folder that stands for a bucket."""

    def __init__(self, folder: Path) -> None:
        """Creates the object without I/O."""
        self._folder = folder

    def waiting(self) -> Iterator[tuple[str, bytes]]:
        """See `Pictures.waiting`."""
        for file in sorted(self._folder.glob(f"{FOLDER}**/*{SUFFIX}")):
            with _reading(str(file)), file.open("rb") as opened:
                content = opened.read(LARGEST_PICTURE + 1)
            yield file.relative_to(self._folder).as_posix(), content

    def remove(self, key: str) -> None:
        """See `Pictures.remove`."""
        with _reading(key):
            (self._folder / key).unlink(missing_ok=True)


class PictureBucket:
    """Implements `Pictures` on an S3 bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        """Creates the object without I/O.

        Args:
            client: boto3's, of S3.
            bucket: the bucket's name.
        """
        self._client, self._bucket = client, bucket

    def waiting(self) -> Iterator[tuple[str, bytes]]:
        """See `Pictures.waiting`."""
        with _reading(self._bucket):
            listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=FOLDER).get("Contents", [])
        for one in listed:
            with _reading(self._bucket):
                answer = self._client.get_object(Bucket=self._bucket, Key=one["Key"])
                with answer["Body"] as body:
                    content = body.read(LARGEST_PICTURE + 1)
            yield one["Key"], content

    def remove(self, key: str) -> None:
        """See `Pictures.remove`."""
        with _reading(self._bucket):
            self._client.delete_object(Bucket=self._bucket, Key=key)


class _reading:
    """Turns the errors of a folder and of S3 into `DeliveriesUnavailable`."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError) or (error is not None and type(error).__module__.startswith("botocore")):
            why = type(error).__name__
            raise DeliveriesUnavailable(f"pictures of {self._what} cannot be read now ({why})") from None


def take_pictures(pictures: Pictures, intake: SightingIntake) -> int:
    """Takes in all pictures that wait, and removes them; returns how many.

    Raises:
        DeliveriesUnavailable, StoreUnavailable: try again later.
    """
    taken = 0
    for key, data in pictures.waiting():
        intake.take_picture(key, data)
        pictures.remove(key)
        taken += 1
    return taken


def take_from_queue(client: Any, queue_url: str, intake: SightingIntake) -> int:
    """Waits `POLL_S` for messages of a queue, takes them in, and deletes them; returns how many.

    Raises:
        DeliveriesUnavailable: the queue cannot be used.
        StoreUnavailable: what was not taken in comes again.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = client.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=AT_ONCE, WaitTimeSeconds=POLL_S)
        messages = answer.get("Messages", [])
        for message in messages:
            intake.take(message["Body"].encode(errors="replace"))
            client.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    except ClientError as problem:
        code = problem.response["Error"]["Code"]
        raise DeliveriesUnavailable(
            f"queue {queue_url} cannot be used ({code}): check the URL and the rights"
        ) from None
    except BotoCoreError as problem:
        raise DeliveriesUnavailable(f"queue {queue_url} cannot be reached ({type(problem).__name__})") from None
    return len(messages)


def listen(host: str, port: int, intake: SightingIntake, log: Callable[[str], None]) -> Callable[[], None]:
    """Takes in sightings from an MQTT broker on a network of one's own, in a thread.

    A broker of one's own has to let each camera publish on its own topic only.

    Returns:
        What ends it.

    Raises:
        InvalidValue: there is no broker.
    """
    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.enums import CallbackAPIVersion

    client = Client(CallbackAPIVersion.VERSION2)

    def on_message(_client: Client, _userdata: object, message: MQTTMessage) -> None:
        try:
            intake.take(bytes(message.payload), topic=message.topic)
        except HouselightsError as problem:
            log(f"a sighting was lost: {problem}")

    def on_connect(*_: Any) -> None:
        client.subscribe(EVERY_TOPIC, qos=1)

    client.on_message = on_message
    client.on_connect = on_connect
    try:
        client.connect(host, port)
    except OSError as problem:
        raise InvalidValue(f"there is no MQTT broker at {host}:{port} ({problem})") from None
    client.loop_start()

    def end() -> None:
        client.disconnect()
        client.loop_stop()

    return end


def run(
    rounds: list[Callable[[], object]], stop: threading.Event, log: Callable[[str], None], *, every_s: float = POLL_S
) -> None:
    """Repeats rounds until stopped; problems are logged once and retried."""
    problem = ""
    while not stop.is_set():
        try:
            for one in rounds:
                one()
            problem = ""
        except HouselightsError as trouble:
            if str(trouble) != problem:
                problem = str(trouble)
                log(f"sightings wait: {problem}")
        stop.wait(every_s)
