"""A folder of deliveries with a bucket's keys as paths, and its subfolder of refused deliveries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from audience.deliveries.delivery import SUFFIXES
from audience.errors import DeliveriesUnavailable, DeliveryGone, InvalidValue
from audience.private_files import private_folder, tighten, write_private
from ingest_lambda.worker import KEPT, ReceivedDelivery, check_size

REFUSED: Final = "refused"
"""Subfolder for refused deliveries, each under its key."""

REASON_SUFFIX: Final = ".reason"
"""Added to the name of a refused delivery for the file with the reason."""


class DeliveryFolder:
    """Implements `ingest_lambda.worker.Deliveries` and `DeadLetters` on a folder.

    Its messages have the format of those that S3 sends to the queue in the cloud.
    """

    def __init__(self, folder: Path) -> None:
        """Checks that the folder exists.

        Raises:
            InvalidValue: it does not exist.
        """
        if not folder.is_dir():
            raise InvalidValue(
                f"folder {folder} does not exist: give the one after dir: in the device's HOUSELIGHTS_BUCKET"
            )
        self._folder = folder

    def waiting(self) -> list[str]:
        """The messages of all waiting deliveries, in chronological order."""
        keys = [
            file.relative_to(self._folder).as_posix()
            for kind, suffix in SUFFIXES.items()
            for file in self._folder.glob(f"{kind}/**/*{suffix}")
        ]
        return [self._message_of(key) for key in sorted(keys, key=lambda key: (key.rpartition("/")[2], key))]

    def read(self, bucket: str, key: str) -> ReceivedDelivery:
        file = self._folder / key
        try:
            about = file.stat()
            check_size(about.st_size)
            return ReceivedDelivery(data=file.read_bytes(), delivered_ms=about.st_mtime_ns // 1_000_000, sent_ms=None)
        except FileNotFoundError:
            raise DeliveryGone(f"{file} no longer exists, and is not recorded") from None
        except OSError as problem:
            raise DeliveriesUnavailable(f"{file} cannot be read ({problem.strerror}): check its permissions") from None

    def remove(self, bucket: str, key: str) -> None:
        try:
            (self._folder / key).unlink(missing_ok=True)
        except OSError as problem:
            raise DeliveriesUnavailable(
                f"{self._folder / key} cannot be deleted ({problem.strerror}): check its permissions"
            ) from None

    def keep(self, bucket: str, key: str) -> None:
        file, kept = self._folder / key, self._folder / KEPT / key
        try:
            kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.replace(kept)
        except FileNotFoundError:
            return
        except OSError as problem:
            raise DeliveriesUnavailable(f"{file} cannot be moved to {kept} ({problem.strerror})") from None

    def put(self, body: str, reason: str) -> None:
        key = json.loads(body)["detail"]["object"]["key"]
        file, refused = self._folder / key, self._folder / REFUSED / key
        try:
            private_folder(refused.parent)
            write_private(refused.with_name(refused.name + REASON_SUFFIX), f"{reason}\n".encode(errors="replace"))
            if file.exists():  # faces that must not be kept were already deleted
                file.replace(refused)
                tighten(refused)
        except OSError as problem:
            raise DeliveriesUnavailable(f"{file} cannot be moved to {refused} ({problem.strerror})") from None

    def _message_of(self, key: str) -> str:
        detail = {"bucket": {"name": str(self._folder)}, "object": {"key": key}}
        return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})
