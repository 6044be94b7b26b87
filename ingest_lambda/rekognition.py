"""Amazon Rekognition as the scorer of sheets: one DetectFaces for all faces of a sheet."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from audience.errors import ScorerUnavailable, SheetRejected
from audience.sheets.sheet import Sheet
from ingest_lambda.scoring import on_tiles

ATTRIBUTES: Final = ("EMOTIONS", "SMILE")

# The types of Rekognition's emotions; UNKNOWN is none of them.
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
"""For a smile this is Rekognition's own yes or no, for the others a convention: likelier than not. Neither was tuned,
since nobody here could ask Rekognition anything."""

CONNECT_TIMEOUT_S: Final = 2
READ_TIMEOUT_S: Final = 8
ATTEMPTS: Final = 3

_NEVER = {"InvalidImageFormatException", "ImageTooLargeException", "InvalidParameterException"}
_BUSY = {
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "InternalServerError",
    "LimitExceededException",
}


def rekognition_client(session: Any) -> Any:
    """A client of Rekognition for a `RekognitionScorer`; boto3's own variables may lead it to a stand-in.

    It asks few times and waits briefly, because the queue brings the sheet again.

    Args:
        session: a boto3 session, which has the region and the credentials.
    """
    retries = {"total_max_attempts": ATTEMPTS, "mode": "standard"}
    config = Config(retries=retries, connect_timeout=CONNECT_TIMEOUT_S, read_timeout=READ_TIMEOUT_S)
    return session.client("rekognition", config=config)


class RekognitionScorer:
    """Implements `SheetScorer`.

    DetectFaces says nothing of its model's version, so the version in the name is that of this module: of its mapping
    and its thresholds. All expressions are experimental: AWS states no accuracy for them, and none was measured here.
    """

    name = "rekognition-1"
    expressions: tuple[str, ...] = ("smile", *EXPRESSION_OF.values())
    thresholds: Mapping[str, float] = MappingProxyType(dict.fromkeys(expressions, THRESHOLD))
    experimental = frozenset(expressions)
    model_sha256 = ""

    def __init__(self, client: Any) -> None:
        """Asks nothing yet.

        Args:
            client: as `rekognition_client` makes it.
        """
        self._client = client

    def score(self, sheet: Sheet) -> list[Mapping[str, float] | None]:
        """Scores a sheet; see `SheetScorer.score`. Rekognition answers for the hundred largest faces of an image."""
        found = []
        for face in self._faces(sheet.jpeg):
            box = face["BoundingBox"]
            x, y = box["Left"] + box["Width"] / 2, box["Top"] + box["Height"] / 2
            found.append((x, y, _confidences(face)))
        return list(on_tiles(sheet.manifest, found))

    def score_alone(self, picture: bytes) -> Mapping[str, float] | None:
        """Scores the face of a picture of its own, as systems do that know no sheets.

        Args:
            picture: a JPEG or PNG of one face. Where it shows a neighbour too, the largest face counts.

        Returns:
            The confidences, 0..1, of all `expressions`; None where no face was found.

        Raises:
            SheetRejected: the picture can never be scored.
            ScorerUnavailable: it could not be scored now; trying again may help.
        """
        faces = self._faces(picture)
        if not faces:
            return None
        # By size and not by place: nothing promises an order.
        return _confidences(max(faces, key=lambda face: face["BoundingBox"]["Width"] * face["BoundingBox"]["Height"]))

    def _faces(self, picture: bytes) -> list[Mapping[str, Any]]:
        """One call of DetectFaces."""
        try:
            answer = self._client.detect_faces(Image={"Bytes": picture}, Attributes=list(ATTRIBUTES))
        except ClientError as refusal:
            raise _meaning_of(refusal) from None
        except NoCredentialsError:
            raise ScorerUnavailable(
                "there are no AWS credentials for Rekognition: give the function its role, or name a profile in "
                "AWS_PROFILE"
            ) from None
        except BotoCoreError as problem:
            # Their texts may hold addresses with signatures in them; their names do not.
            raise ScorerUnavailable(
                f"Rekognition cannot be reached ({type(problem).__name__}): check the network and the region"
            ) from None
        faces: list[Mapping[str, Any]] = answer["FaceDetails"]
        return faces


def _confidences(face: Mapping[str, Any]) -> dict[str, float] | None:
    """The confidences of one face; None where it came without what was asked for.

    DetectFaces lists the expressions "that appear to be expressed"; nothing says that it lists all of them. One that is
    left out does not appear: its confidence is 0.
    """
    smile, listed = face.get("Smile"), face.get("Emotions")
    if not smile or listed is None:
        return None
    sure = _fraction(smile["Confidence"])
    confidences = dict.fromkeys(RekognitionScorer.expressions, 0.0)
    confidences["smile"] = sure if smile["Value"] else 1.0 - sure
    for one in listed:
        expression = EXPRESSION_OF.get(one["Type"])
        if expression is not None:
            confidences[expression] = _fraction(one["Confidence"])
    return confidences


def _fraction(percent: float) -> float:
    """Single precision gives 100.00001 now and then."""
    return min(1.0, max(0.0, percent / 100))


def _meaning_of(refusal: ClientError) -> SheetRejected | ScorerUnavailable:
    code = str(refusal.response.get("Error", {}).get("Code", ""))[:60]
    if code in _NEVER:
        return SheetRejected(f"Rekognition does not take the picture ({code})")
    if code == "AccessDeniedException":
        return ScorerUnavailable(
            f"Rekognition may not be asked ({code}): allow rekognition:DetectFaces to who asks, as to the "
            "function's role"
        )
    if code in _BUSY:
        return ScorerUnavailable(f"Rekognition is busy ({code}): the sheet will come again")
    return ScorerUnavailable(f"Rekognition does not answer ({code}): see the function's role and the region")
