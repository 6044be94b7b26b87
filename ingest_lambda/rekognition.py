"""Scores sheets with Amazon Rekognition: one DetectFaces request for all faces of a sheet."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from audience.deliveries.sheet import Sheet
from audience.errors import ScorerUnavailable, SheetRejected
from ingest_lambda.scoring import match_tiles

ATTRIBUTES: Final = ("EMOTIONS", "SMILE")

# Rekognition's emotion types, except UNKNOWN.
# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_Emotion.html
EXPRESSION_OF: Final = MappingProxyType(
    {
        "HAPPY": "happy",
        "SURPRISED": "surprised",
        "CALM": "calm",
        "SAD": "sad",
        "ANGRY": "angry",
        "CONFUSED": "confused",
        "DISGUSTED": "disgusted",
        "FEAR": "fear",
    }
)

THRESHOLD: Final = 0.5
"""For a smile, Rekognition's own yes or no; for the others a convention: more likely than not. Neither was tuned, as
Rekognition itself was not available for tests."""

CONNECT_TIMEOUT_S: Final = 2
READ_TIMEOUT_S: Final = 8
ATTEMPTS: Final = 3

_PERMANENT = {"InvalidImageFormatException", "ImageTooLargeException", "InvalidParameterException"}
_BUSY = {
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "InternalServerError",
    "LimitExceededException",
}


def rekognition_client(session: Any, *, endpoint_url: str | None = None, attempts: int = ATTEMPTS) -> Any:
    """Creates a Rekognition client for a `RekognitionScorer`; boto3's environment variables can direct it elsewhere.

    Args:
        session: a boto3 session, with region and credentials.
        endpoint_url: address of Rekognition, if it is not AWS's own.
        attempts: how often a request is made before it fails, waiting longer each time; few by default, because the
            queue retries the sheet.
    """
    retries = {"total_max_attempts": attempts, "mode": "standard"}
    config = Config(retries=retries, connect_timeout=CONNECT_TIMEOUT_S, read_timeout=READ_TIMEOUT_S)
    return session.client("rekognition", endpoint_url=endpoint_url, config=config)


class RekognitionScorer:
    """Implements `SheetScorer`.

    DetectFaces does not state its model version, so the version in the name is that of this module's mapping and
    thresholds. All expressions are experimental: AWS states no accuracy for them, and none was measured here.
    """

    name = "rekognition-1"
    expressions: tuple[str, ...] = ("smile", *EXPRESSION_OF.values())
    thresholds: Mapping[str, float] = MappingProxyType(dict.fromkeys(expressions, THRESHOLD))
    experimental = frozenset(expressions)
    model_sha256 = ""

    def __init__(self, client: Any) -> None:
        """Creates the object without I/O.

        Args:
            client: as `rekognition_client` makes it.
        """
        self._client = client

    def score(self, sheet: Sheet) -> list[Mapping[str, float] | None]:
        """Scores a sheet; see `SheetScorer.score`. Rekognition returns the 100 largest faces of an image."""
        found = []
        for face in self.faces(sheet.jpeg):
            box = face["BoundingBox"]
            x, y = box["Left"] + box["Width"] / 2, box["Top"] + box["Height"] / 2
            found.append((x, y, confidences(face)))
        return list(match_tiles(sheet.manifest, found))

    def score_alone(self, picture: bytes) -> Mapping[str, float] | None:
        """Scores a picture of a single face, for comparison with sheets.

        Args:
            picture: a JPEG or PNG of one face. If it shows several, the largest counts.

        Returns:
            The confidences, 0..1, of all `expressions`; None where no face was found.

        Raises:
            SheetRejected: the picture can never be scored.
            ScorerUnavailable: it could not be scored now; a retry may help.
        """
        faces = self.faces(picture)
        if not faces:
            return None
        # By size: the order of the response is not documented.
        return confidences(max(faces, key=lambda face: face["BoundingBox"]["Width"] * face["BoundingBox"]["Height"]))

    def faces(self, picture: bytes) -> list[Mapping[str, Any]]:
        """Sends one DetectFaces request; see `score_alone` for the errors.

        Returns:
            The `FaceDetails` of the response as they are, with the attributes `ATTRIBUTES` beside the default ones.
        """
        try:
            response = self._client.detect_faces(Image={"Bytes": picture}, Attributes=list(ATTRIBUTES))
        except ClientError as refusal:
            raise _error_for(refusal) from None
        except NoCredentialsError:
            raise ScorerUnavailable(
                "there are no AWS credentials for Rekognition: give the function its role, or name a profile in "
                "AWS_PROFILE"
            ) from None
        except BotoCoreError as problem:
            # botocore's messages may contain signed URLs; the names of its exceptions do not.
            raise ScorerUnavailable(
                f"Rekognition cannot be reached ({type(problem).__name__}): check network, region and credentials"
            ) from None
        faces: list[Mapping[str, Any]] = response["FaceDetails"]
        return faces


def confidences(face: Mapping[str, Any]) -> dict[str, float] | None:
    """The confidences of one face; None where the requested attributes are missing.

    DetectFaces lists the expressions "that appear to be expressed", not necessarily all. A missing one counts as
    confidence 0.
    """
    smile, listed = face.get("Smile"), face.get("Emotions")
    if not smile or listed is None:
        return None
    sure = _fraction(smile["Confidence"])
    scores = dict.fromkeys(RekognitionScorer.expressions, 0.0)
    scores["smile"] = sure if smile["Value"] else 1.0 - sure
    for one in listed:
        expression = EXPRESSION_OF.get(one["Type"])
        if expression is not None:
            scores[expression] = _fraction(one["Confidence"])
    return scores


def _fraction(percent: float) -> float:
    """A percentage as 0..1; single precision sometimes gives 100.00001."""
    return min(1.0, max(0.0, percent / 100))


def _error_for(refusal: ClientError) -> SheetRejected | ScorerUnavailable:
    code = str(refusal.response.get("Error", {}).get("Code", ""))[:60]
    if code in _PERMANENT:
        return SheetRejected(f"Rekognition refused the picture ({code})")
    if code == "AccessDeniedException":
        return ScorerUnavailable(
            f"Rekognition denied access ({code}): allow rekognition:DetectFaces to the role or user that runs this"
        )
    if code in _BUSY:
        return ScorerUnavailable(f"Rekognition is busy ({code}): the sheet will be retried")
    return ScorerUnavailable(f"Rekognition failed ({code}): check the function's role and the region")
