"""A folder used in place of an S3 bucket: deliveries become files named by their keys."""

from __future__ import annotations

from pathlib import Path

from audience.deliveries.delivery import Delivery
from audience.errors import UploadFailed
from audience.private_files import private_folder
from edge_lambda.atomic_write import write_atomic

PART = ".part"
"""Suffix of a file that is still being written. One left by a killed process is written again."""


class FolderBucket:
    """A `Bucket` in a folder; several cameras may write to it. Readers only see complete files."""

    def __init__(self, folder: Path) -> None:
        """Creates the object without I/O.

        Args:
            folder: created on the first put if it does not exist.
        """
        self._folder = folder

    def put(self, delivery: Delivery) -> None:
        """Writes a delivery to a file; see `Bucket.put`. It holds faces, so only its owner may read it."""
        file = self._folder / delivery.key
        try:
            private_folder(file.parent)
            write_atomic(file, delivery.data, part=file.with_suffix(PART))
        except OSError as error:
            raise UploadFailed(f"folder {self._folder} cannot be written ({error.strerror}): will be retried") from None
