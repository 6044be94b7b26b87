"""How Amazon Rekognition says no.

Codes and statuses: https://docs.aws.amazon.com/rekognition/latest/dg/error-handling.html
"""

from __future__ import annotations

from typing import Final

STATUS_OF: Final = {
    "AccessDeniedException": 400,
    "ImageTooLargeException": 400,
    "InvalidImageFormatException": 400,
    "InvalidParameterException": 400,
    "InvalidS3ObjectException": 400,
    "ProvisionedThroughputExceededException": 400,
    "SerializationException": 400,
    "UnknownOperationException": 400,
    "InternalServerError": 500,
    "ThrottlingException": 500,
}
"""HTTP status by code."""


class Refusal(Exception):
    """A request that is answered with an error.

    Attributes:
        code: one of `STATUS_OF`, by which boto3 chooses the exception it raises.
        message: one line.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUS_OF[self.code]
