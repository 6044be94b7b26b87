"""A stand-in for Amazon Rekognition that speaks its protocol and really looks at the picture.

It answers `DetectFaces` on bytes and on objects in S3, over HTTP, in the JSON 1.1 protocol that boto3 speaks, with the
service's own limits and errors; other operations are unknown to it. It says no when told to, too.
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

from botocore.exceptions import BotoCoreError, ClientError
from werkzeug.wrappers import Request, Response

from audience.errors import InvalidValue
from houselights.local_cloud.face_details import ATTRIBUTES, FaceDescriber
from houselights.local_cloud.pictures import LARGEST_IN_S3, LARGEST_INLINE, check_size, decoded
from houselights.local_cloud.rekognition_errors import STATUS_OF, Refusal
from houselights.local_cloud.serving import StartResponse, serving

TARGET: Final = "RekognitionService.DetectFaces"
_CONTENT_TYPE = "application/x-amz-json-1.1"
_NOT_IN_S3 = "Unable to get object metadata from S3. Check object key, region and/or access permissions."


@dataclass(frozen=True, slots=True, kw_only=True)
class RekognitionCounts:
    """What was asked so far.

    Attributes:
        calls: of DetectFaces, refused ones included.
        answered: with faces or with none.
        picture_bytes: in the pictures of those answered.
        faces: in the answers.
    """

    calls: int = 0
    answered: int = 0
    picture_bytes: int = 0
    faces: int = 0


class LocalRekognition:
    """The stand-in, as a WSGI application. May be asked by several threads at once.

    Attributes:
        endpoint: its address, where it is served.
    """

    def __init__(self, s3: Any, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Loads the models.

        Args:
            s3: boto3's client of the S3 that pictures are fetched from.
            clock: seconds, for what calls are allowed in one.
        """
        self.endpoint = ""
        self._s3, self._clock = s3, clock
        self._faces = FaceDescriber()
        self._guard = threading.Lock()
        self._counts = RekognitionCounts()
        self._failing: deque[str] = deque()
        self._calls_per_s: int | None = None
        self._recent: deque[float] = deque()

    def fail_next(self, calls: int, code: str = "ThrottlingException") -> None:
        """Answers the next calls with an error, after those that were told to fail before.

        Args:
            calls: how many.
            code: of `STATUS_OF`.
        """
        if code not in STATUS_OF:
            raise InvalidValue(f"Rekognition has no error {code!r}: use one of {', '.join(STATUS_OF)}")
        with self._guard:
            self._failing.extend([code] * calls)

    def allow(self, calls_per_s: int | None) -> None:
        """Refuses more calls than this within any second, as an account's quota does; None allows all."""
        with self._guard:
            self._calls_per_s = calls_per_s

    def counts(self) -> RekognitionCounts:
        """What was asked so far."""
        with self._guard:
            return self._counts

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, answer = 200, self._answer(Request(environ))
        except Refusal as no:
            status, answer = no.status, {"__type": no.code, "Code": no.code, "Message": no.message}
        headers = {"x-amzn-RequestId": str(uuid4())}
        response = Response(json.dumps(answer), status=status, headers=headers, content_type=_CONTENT_TYPE)
        return response(environ, start_response)

    def _answer(self, request: Request) -> dict[str, Any]:
        document = request.get_data()
        if request.headers.get("X-Amz-Target") != TARGET:
            raise Refusal("UnknownOperationException", "this stand-in knows DetectFaces only")
        self._let_in()
        asked = _object(document)
        attributes = _attributes(asked.get("Attributes"))
        data = self._picture(asked.get("Image"))
        faces = self._faces.describe(decoded(data), attributes)
        with self._guard:
            self._counts = replace(
                self._counts,
                answered=self._counts.answered + 1,
                picture_bytes=self._counts.picture_bytes + len(data),
                faces=self._counts.faces + len(faces),
            )
        return {"FaceDetails": faces}

    def _let_in(self) -> None:
        """Counts a call, and refuses it where it was told to or where there are too many."""
        with self._guard:
            self._counts = replace(self._counts, calls=self._counts.calls + 1)
            if self._failing:
                raise Refusal(self._failing.popleft(), "this call was told to fail")
            now = self._clock()
            while self._recent and self._recent[0] <= now - 1:
                self._recent.popleft()
            if self._calls_per_s is not None and len(self._recent) >= self._calls_per_s:
                raise Refusal("ProvisionedThroughputExceededException", "Provisioned rate exceeded")
            self._recent.append(now)

    def _picture(self, image: Any) -> bytes:
        if not isinstance(image, dict) or len(image.keys() & {"Bytes", "S3Object"}) != 1:
            raise Refusal("InvalidParameterException", "an image is given by its bytes or by an object in S3")
        if "S3Object" in image:
            return self._fetched(image["S3Object"])
        try:
            data = base64.b64decode(image["Bytes"], validate=True)
        except (TypeError, ValueError, binascii.Error):
            raise Refusal("SerializationException", "the bytes of the image are not base64") from None
        check_size(len(data), LARGEST_INLINE)
        return data

    def _fetched(self, there: Any) -> bytes:
        try:
            where = {"Bucket": str(there["Bucket"]), "Key": str(there["Name"])}
            if "Version" in there:
                where["VersionId"] = str(there["Version"])
        except (TypeError, KeyError):
            raise Refusal("InvalidParameterException", "an object in S3 has a bucket and a name") from None
        try:
            found = self._s3.get_object(**where)
            with found["Body"] as body:
                check_size(found["ContentLength"], LARGEST_IN_S3)
                data: bytes = body.read()
        except (ClientError, BotoCoreError):
            raise Refusal("InvalidS3ObjectException", _NOT_IN_S3) from None
        return data


@contextmanager
def running_rekognition(s3: Any, *, port: int = 0) -> Iterator[LocalRekognition]:
    """A stand-in at an address; it ends with the context.

    Args:
        s3: boto3's client of the S3 that pictures are fetched from.
        port: on 127.0.0.1; 0 for a free one.

    Raises:
        InvalidValue: another program has the port.
    """
    stand_in = LocalRekognition(s3)
    with serving(stand_in, port=port) as stand_in.endpoint:
        yield stand_in


def _object(document: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(document)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise Refusal("SerializationException", "the request is no JSON object")
    return asked


def _attributes(named: Any) -> frozenset[str]:
    attributes = frozenset(map(str, named)) if isinstance(named, list) else frozenset()
    if unknown := sorted(attributes - ATTRIBUTES):
        raise Refusal("InvalidParameterException", f"attribute {unknown[0]!r} is unknown")
    return attributes
