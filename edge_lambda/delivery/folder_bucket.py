"""A folder that stands for a bucket: deliveries become files under their keys, for use without a cloud."""

from __future__ import annotations

from pathlib import Path

from audience.deliveries.delivery import Delivery
from audience.errors import UploadFailed
from audience.private_files import private_folder
from edge_lambda.whole_file import write_whole

PART = ".part"
"""What a file that is still being written ends in; no delivery does. One that a kill left is written anew."""


class FolderBucket:
    """One folder; several cameras may write to it. Whoever reads it sees whole files only."""

    def __init__(self, folder: Path) -> None:
        """Makes nothing yet.

        Args:
            folder: made on the first put where it is not there.
        """
        self._folder = folder

    def put(self, delivery: Delivery) -> None:
        """Writes a delivery to a file; see `Bucket.put`. It holds faces, so it is readable by its owner alone."""
        file = self._folder / delivery.key
        try:
            private_folder(file.parent)
            write_whole(file, delivery.data, part=file.with_suffix(PART))
        except OSError as error:
            raise UploadFailed(f"folder {self._folder} cannot be written ({error.strerror}): waiting") from None
