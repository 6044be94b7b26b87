"""Emulates Amazon Rekognition over HTTP: `DetectFaces`, with real face detection, and collections of users.

Accepts pictures as bytes and as objects in S3, in boto3's JSON 1.1 protocol, with the limits and errors of the service;
tests can make it fail. What is done with users and faces stands in `houselights.local_cloud.collections`; other
operations are unknown to it.
Limits: https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
Errors: https://docs.aws.amazon.com/rekognition/latest/dg/error-handling.html. Their texts are the service's own where
known: a picture that is too small is an invalid parameter (https://github.com/boto/botocore/issues/1366).
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

import cv2
import numpy as np
from botocore.exceptions import BotoCoreError, ClientError
from werkzeug.wrappers import Request, Response

from audience.errors import InvalidValue
from edge_lambda.detectors import Image
from houselights.local_cloud.collections import Collections
from houselights.local_cloud.face_details import ATTRIBUTES, FaceDescriber
from houselights.local_cloud.serving import StartResponse, serving

_SERVICE: Final = "RekognitionService."
_DETECT_FACES: Final = "DetectFaces"
_CONTENT_TYPE = "application/x-amz-json-1.1"
_NOT_IN_S3 = "Unable to get object metadata from S3. Check object key, region and/or access permissions."


LARGEST_INLINE: Final = 5 * 1024 * 1024
"""Largest picture in a request, bytes."""

LARGEST_IN_S3: Final = 15 * 1024 * 1024
"""Largest picture in S3, bytes."""

LEAST_SIDE: Final = 80
MOST_SIDE: Final = 10_000
"""Smallest and largest side of a picture, pixels. The upper limit is documented for other operations only."""

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"

STATUS_OF: Final = {
    "AccessDeniedException": 400,
    "ConflictException": 400,
    "ImageTooLargeException": 400,
    "InvalidImageFormatException": 400,
    "InvalidPaginationTokenException": 400,
    "InvalidParameterException": 400,
    "InvalidS3ObjectException": 400,
    "ProvisionedThroughputExceededException": 400,
    "ResourceAlreadyExistsException": 400,
    "ResourceNotFoundException": 400,
    "SerializationException": 400,
    "UnknownOperationException": 400,
    "InternalServerError": 500,
    "ThrottlingException": 500,
}
"""HTTP status by code."""


class Refusal(Exception):
    """An error response.

    Attributes:
        code: a key of `STATUS_OF`; boto3 picks its exception by it.
        message: one line.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUS_OF[self.code]


@dataclass(frozen=True, slots=True, kw_only=True)
class RekognitionCounts:
    """Counts of requests so far.

    Attributes:
        calls: DetectFaces requests, including refused ones.
        answered: successful ones, with or without faces.
        picture_bytes: bytes of the pictures in successful requests.
        faces: faces in the responses.
    """

    calls: int = 0
    answered: int = 0
    picture_bytes: int = 0
    faces: int = 0


class LocalRekognition:
    """The emulated service, as a WSGI application. Thread-safe.

    Attributes:
        endpoint: its URL while it is served.
        collections: its users and their faces.
    """

    def __init__(self, s3: Any, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Loads the models.

        Args:
            s3: boto3 S3 client to read pictures with.
            clock: seconds, for the rate limit.
        """
        self.endpoint = ""
        self._s3, self._clock = s3, clock
        self._faces = FaceDescriber()
        self.collections = Collections(
            lambda image: decode(self._picture(image)),
            lambda picture: self._faces.describe(picture, frozenset()),
            Refusal,
        )
        self._lock = threading.Lock()
        self._counts = RekognitionCounts()
        self._failing: deque[str] = deque()
        self._calls_per_s: int | None = None
        self._recent: deque[float] = deque()

    def fail_next(self, calls: int, code: str = "ThrottlingException") -> None:
        """Makes the next requests fail, after those of earlier calls of this method.

        Args:
            calls: how many requests.
            code: a key of `STATUS_OF`.
        """
        if code not in STATUS_OF:
            raise InvalidValue(f"Rekognition has no error {code!r}: use one of {', '.join(STATUS_OF)}")
        with self._lock:
            self._failing.extend([code] * calls)

    def allow(self, calls_per_s: int | None) -> None:
        """Sets a rate limit, as an account's quota does: requests within any second; None for no limit."""
        with self._lock:
            self._calls_per_s = calls_per_s

    def counts(self) -> RekognitionCounts:
        """The counts so far."""
        with self._lock:
            return self._counts

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, body = 200, self._answer(Request(environ))
        except Refusal as error:
            status, body = error.status, {"__type": error.code, "Code": error.code, "Message": error.message}
        headers = {"x-amzn-RequestId": str(uuid4())}
        response = Response(json.dumps(body), status=status, headers=headers, content_type=_CONTENT_TYPE)
        return response(environ, start_response)

    def _answer(self, request: Request) -> dict[str, Any]:
        document = request.get_data()
        operation = request.headers.get("X-Amz-Target", "").removeprefix(_SERVICE)
        if operation != _DETECT_FACES and operation not in self.collections.operations:
            raise Refusal("UnknownOperationException", "this operation is not emulated")
        self._admit(detects=operation == _DETECT_FACES)
        parameters = _object(document)
        if operation == _DETECT_FACES:
            return self._detect_faces(parameters)
        return self.collections.operations[operation](parameters)

    def _detect_faces(self, parameters: dict[str, Any]) -> dict[str, Any]:
        attributes = _attributes(parameters.get("Attributes"))
        data = self._picture(parameters.get("Image"))
        faces = self._faces.describe(decode(data), attributes)
        with self._lock:
            self._counts = replace(
                self._counts,
                answered=self._counts.answered + 1,
                picture_bytes=self._counts.picture_bytes + len(data),
                faces=self._counts.faces + len(faces),
            )
        return {"FaceDetails": faces}

    def _admit(self, *, detects: bool) -> None:
        """Counts a request of DetectFaces, and refuses any as set by `fail_next` and `allow`."""
        with self._lock:
            if detects:
                self._counts = replace(self._counts, calls=self._counts.calls + 1)
            if self._failing:
                raise Refusal(self._failing.popleft(), "this request was set to fail")
            now = self._clock()
            while self._recent and self._recent[0] <= now - 1:
                self._recent.popleft()
            if self._calls_per_s is not None and len(self._recent) >= self._calls_per_s:
                raise Refusal("ProvisionedThroughputExceededException", "Provisioned rate exceeded")
            self._recent.append(now)

    def _picture(self, image: Any) -> bytes:
        if not isinstance(image, dict) or len(image.keys() & {"Bytes", "S3Object"}) != 1:
            raise Refusal("InvalidParameterException", "an image is either bytes or an object in S3")
        if "S3Object" in image:
            return self._fetch(image["S3Object"])
        try:
            data = base64.b64decode(image["Bytes"], validate=True)
        except (TypeError, ValueError, binascii.Error):
            raise Refusal("SerializationException", "the bytes of the image are not base64") from None
        check_size(len(data), LARGEST_INLINE)
        return data

    def _fetch(self, s3_object: Any) -> bytes:
        try:
            location = {"Bucket": str(s3_object["Bucket"]), "Key": str(s3_object["Name"])}
            if "Version" in s3_object:
                location["VersionId"] = str(s3_object["Version"])
        except (TypeError, KeyError):
            raise Refusal("InvalidParameterException", "an object in S3 has a bucket and a name") from None
        try:
            found = self._s3.get_object(**location)
            with found["Body"] as body:
                check_size(found["ContentLength"], LARGEST_IN_S3)
                data: bytes = body.read()
        except (ClientError, BotoCoreError):
            raise Refusal("InvalidS3ObjectException", _NOT_IN_S3) from None
        return data


@contextmanager
def running_rekognition(s3: Any, *, port: int = 0) -> Iterator[LocalRekognition]:
    """Runs an emulated Rekognition until the context ends.

    Args:
        s3: boto3 S3 client to read pictures with.
        port: port on 127.0.0.1; 0 picks a free one.

    Raises:
        InvalidValue: the port is in use.
    """
    rekognition = LocalRekognition(s3)
    with serving(rekognition, port=port) as rekognition.endpoint:
        yield rekognition


def _object(document: bytes) -> dict[str, Any]:
    try:
        value = json.loads(document)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Refusal("SerializationException", "the request is not a JSON object")
    return value


def _attributes(named: Any) -> frozenset[str]:
    attributes = frozenset(map(str, named)) if isinstance(named, list) else frozenset()
    if unknown := sorted(attributes - ATTRIBUTES):
        raise Refusal("InvalidParameterException", f"attribute {unknown[0]!r} is unknown")
    return attributes


def check_size(size: int, most: int) -> None:
    """Refuses a picture with too many bytes."""
    if size > most:
        raise Refusal("ImageTooLargeException", f"the image has {size} bytes, and at most {most} are allowed")


def decode(data: bytes) -> Image:
    """Decodes a JPEG or PNG, and rotates a JPEG by its EXIF orientation.

    Raises:
        Refusal: it is neither format, or too small or too large.
    """
    if not data.startswith((_JPEG, _PNG)):
        raise Refusal("InvalidImageFormatException", "Request has invalid image format")
    try:
        picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # more pixels than OpenCV accepts
        raise Refusal("ImageTooLargeException", f"a side of the image is over {MOST_SIDE} pixels") from None
    if picture is None:
        raise Refusal("InvalidImageFormatException", "Request has invalid image format")
    height, width = picture.shape[:2]
    if min(height, width) < LEAST_SIDE:
        raise Refusal("InvalidParameterException", "Request has invalid parameters")
    if max(height, width) > MOST_SIDE:
        raise Refusal("ImageTooLargeException", f"a side of the image is over {MOST_SIDE} pixels")
    return np.asarray(picture, dtype=np.uint8)
