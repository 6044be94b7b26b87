"""Keeps people who enrolled in Amazon Rekognition too: one collection a roster, one user a person.

    AWS documents it at https://docs.aws.amazon.com/rekognition/latest/dg/collections.html

A photo is indexed only where it shows one good face, and only for somebody on a roster: a face from a camera is
searched with and never indexed. Amazon keeps no photo, but a template of each indexed face; it states no accuracy for
its thresholds, and none was measured here.

DeleteUser leaves the user's faces in the collection, so DeleteFaces follows it, and ListFaces proves that none is left.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from audience.errors import InvalidValue, StoreUnavailable
from audience.identity.matching import Match
from audience.identity.people import Removal

PLACE: Final = "the collection in the cloud"
"""How receipts call it."""

PREFIX: Final = "houselights-"
"""Begins the name of each collection; the id of its roster ends it."""

THRESHOLD: Final = 99.0
"""Similarity, percent, from which somebody is named: what AWS advises where a mistake matters
(https://docs.aws.amazon.com/rekognition/latest/dg/considerations-public-safety-use-cases.html)."""

MARGIN: Final = 0.5
"""How much more alike the best has to be than the second best, percent; else it is unsure. A choice, not measured."""

_QUALITY: Final = "HIGH"
_MOST_DELETED: Final = 1000  # faces in one call of DeleteFaces

_BAD_PICTURE = {"InvalidImageFormatException", "ImageTooLargeException"}
_NO_FACE = "no faces"
_WHY_POOR = {
    "EXTREME_POSE": "the face is turned away",
    "LOW_BRIGHTNESS": "it is too dark",
    "LOW_SHARPNESS": "it is blurred",
    "LOW_CONFIDENCE": "it is not surely a face",
    "SMALL_BOUNDING_BOX": "the face is too small",
    "LOW_FACE_QUALITY": "the face is not seen well enough",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionEnrolment:
    """What indexing a person's photos gave.

    Attributes:
        recogniser: name of the collection's model, such as "rekognition-7.0"; templates of another version need
            enrolment anew.
        faces: number of faces that stand for the person now.
    """

    recogniser: str
    faces: int


class RekognitionPeople:
    """The people of rosters in one account's collections.

    Implements `audience.identity.people.Elsewhere` and `audience.identity.matching.PictureSearch`. Methods but `remove`
    raise `StoreUnavailable` if Rekognition cannot be reached, or refuses for a reason that is not the picture.
    """

    def __init__(self, client: Any, *, now: Callable[[], datetime]) -> None:
        """Creates the object without I/O.

        Args:
            client: as `ingest_lambda.rekognition.rekognition_client` makes it.
            now: the clock, aware UTC.
        """
        self._client, self._now = client, now

    def enrol(self, roster_id: str, person_id: str, photos: Sequence[bytes]) -> CollectionEnrolment:
        """Indexes a person's photos in place of earlier ones; all of them, or none.

        Args:
            roster_id, person_id: the person.
            photos: JPEG or PNG, at least one, each of one face.

        Raises:
            InvalidValue: Rekognition refuses a photo; the line says which, and why. Earlier ones stand.
        """
        collection = PREFIX + roster_id
        self._create(collection)
        before = [face["FaceId"] for face in self._faces(collection, person_id)]
        self._try("create_user", CollectionId=collection, UserId=person_id, accept=("ConflictException",))
        indexed: list[str] = []
        try:
            for number, photo in enumerate(photos, start=1):
                answer = self._index(collection, person_id, photo, number)
                indexed += [record["Face"]["FaceId"] for record in answer["FaceRecords"]]
                _check_one_face(answer, number)
            # What stood for the person before must not be compared with: they may have changed their looks.
            self._release(collection, person_id, before)
            self._associate(collection, person_id, indexed)
        except (InvalidValue, StoreUnavailable):
            self._take_back(collection, person_id, indexed, before)
            raise
        self._delete(collection, before)
        return CollectionEnrolment(recogniser=f"rekognition-{answer['FaceModelVersion']}", faces=len(indexed))

    def search(self, roster_id: str, picture: bytes) -> Match:
        """Searches a roster for the face of a track: one call.

        Args:
            roster_id: the roster.
            picture: a JPEG or PNG of the track's best crop; Rekognition keeps nothing of it.

        Returns:
            "nobody" also where the roster has no collection.

        Raises:
            InvalidValue: Rekognition refuses the picture: it shows no face, several, or is none.
        """
        answer = self._try(
            "search_users_by_image",
            CollectionId=PREFIX + roster_id,
            Image={"Bytes": picture},
            UserMatchThreshold=THRESHOLD - MARGIN,
            MaxUsers=2,
            QualityFilter=_QUALITY,
            accept=("ResourceNotFoundException",),
        )
        if not answer:
            return Match(outcome="nobody", crops=1)
        if any({"EXCEEDS_MAX_FACES", "FACE_NOT_LARGEST"} & {*one["Reasons"]} for one in answer["UnsearchedFaces"]):
            raise InvalidValue("the picture shows several faces: search with a crop of one face")
        found = [(match["Similarity"], match["User"]["UserId"]) for match in answer["UserMatches"]]
        found.sort(reverse=True)
        if not found or found[0][0] < THRESHOLD:
            return Match(outcome="nobody", crops=1)
        if len(found) > 1 and found[0][0] - found[1][0] < MARGIN:
            return Match(outcome="unsure", between=tuple(sorted(person for _, person in found)), crops=1)
        return Match(
            outcome="matched",
            subject_id=found[0][1],
            similarity=min(1.0, found[0][0] / 100),
            runner_up=found[1][0] / 100 if len(found) > 1 else None,
            crops=1,
        )

    def remove(self, roster_id: str, subject_id: str) -> list[Removal]:
        """Removes a person's user and faces, and lists the collection's faces to prove it; see `Elsewhere`.

        Where Rekognition cannot be reached the removal is not done, and says so: withdraw again.
        """
        collection = PREFIX + roster_id
        try:
            self._try("delete_user", CollectionId=collection, UserId=subject_id, accept=("ResourceNotFoundException",))
            self._delete(collection, [face["FaceId"] for face in self._faces(collection, subject_id)])
            left = len(list(self._faces(collection, subject_id)))
        except StoreUnavailable as problem:
            return [Removal(place=PLACE, done_at=None, remark=f"not erased yet, so withdraw again: {problem}")]
        if left:
            return [Removal(place=PLACE, done_at=None, remark=f"{left} faces are left, so withdraw again")]
        return [Removal(place=PLACE, done_at=self._now())]

    def remove_all_but(self, roster_id: str, person_ids: Collection[str]) -> list[str]:
        """Removes everybody from a roster's collection who is not on the roster any more; returns their ids.

        For withdrawals that were made where Rekognition could not be reached, such as by a person's own link.
        """
        kept = set(person_ids)
        gone = sorted({_owner(face) for face in self._faces_to_differ_from(PREFIX + roster_id)} - kept)
        return [person_id for person_id in gone if all(one.done_at for one in self.remove(roster_id, person_id))]

    def end_roster(self, roster_id: str) -> None:
        """Deletes a roster's collection with everything in it; a missing one is no error."""
        self._try("delete_collection", CollectionId=PREFIX + roster_id, accept=("ResourceNotFoundException",))

    def _create(self, collection: str) -> None:
        self._try("create_collection", CollectionId=collection, accept=("ResourceAlreadyExistsException",))

    def _index(self, collection: str, person_id: str, photo: bytes, number: int) -> dict[str, Any]:
        try:
            return self._try(
                "index_faces",
                CollectionId=collection,
                Image={"Bytes": photo},
                ExternalImageId=person_id,
                MaxFaces=1,
                QualityFilter=_QUALITY,
                DetectionAttributes=["DEFAULT"],
            )
        except InvalidValue as problem:
            raise InvalidValue(f"photo {number}: {problem}") from None

    def _associate(self, collection: str, person_id: str, faces: Sequence[str]) -> None:
        answer = self._try("associate_faces", CollectionId=collection, UserId=person_id, FaceIds=list(faces))
        refused = answer.get("UnsuccessfulFaceAssociations", [])
        if any("LOW_MATCH_CONFIDENCE" in one["Reasons"] for one in refused):
            raise InvalidValue("the photos may not be of one person: use photos that are more alike")
        if refused or len(answer["AssociatedFaces"]) != len(faces):
            raise StoreUnavailable("Rekognition did not take all photos of this person: enrol again")

    def _release(self, collection: str, person_id: str, faces: Sequence[str]) -> None:
        """Dissociates a person's faces, which can be deleted only then."""
        if faces:
            self._try("disassociate_faces", CollectionId=collection, UserId=person_id, FaceIds=list(faces))

    def _take_back(self, collection: str, person_id: str, indexed: Sequence[str], before: Sequence[str]) -> None:
        """Removes what a refused enrolment left, and has earlier photos stand for the person again."""
        self._release(collection, person_id, indexed)
        self._delete(collection, indexed)
        if before:
            self._associate(collection, person_id, before)
        else:
            self._try("delete_user", CollectionId=collection, UserId=person_id, accept=("ResourceNotFoundException",))

    def _delete(self, collection: str, faces: Sequence[str]) -> None:
        for begin in range(0, len(faces), _MOST_DELETED):
            part = list(faces[begin : begin + _MOST_DELETED])
            self._try("delete_faces", CollectionId=collection, FaceIds=part, accept=("ResourceNotFoundException",))

    def _faces(self, collection: str, person_id: str) -> Iterator[dict[str, Any]]:
        """A person's faces, also those that an interrupted enrolment did not associate with their user."""
        return (face for face in self._faces_to_differ_from(collection) if _owner(face) == person_id)

    def _faces_to_differ_from(self, collection: str) -> Iterator[dict[str, Any]]:
        more: dict[str, str] = {}
        while True:
            answer = self._try("list_faces", CollectionId=collection, **more, accept=("ResourceNotFoundException",))
            yield from answer.get("Faces", [])
            if not answer.get("NextToken"):
                return
            more = {"NextToken": answer["NextToken"]}

    def _try(self, operation: str, *, accept: Sequence[str] = (), **named: Any) -> dict[str, Any]:
        """Calls an operation; returns {} where it is refused with a code of `accept`."""
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**named)
        except ClientError as refusal:
            if str(refusal.response.get("Error", {}).get("Code", "")) in accept:
                return {}
            _raise_for(refusal, operation)
        except NoCredentialsError:
            raise StoreUnavailable(
                "there are no AWS credentials for Rekognition: name a profile in AWS_PROFILE"
            ) from None
        except BotoCoreError as problem:
            # botocore's messages may contain signed URLs; the names of its exceptions do not.
            raise StoreUnavailable(
                f"Rekognition cannot be reached ({type(problem).__name__}): check network, region and credentials"
            ) from None
        return answer


def _owner(face: dict[str, Any]) -> str:
    return str(face.get("ExternalImageId", ""))


def _check_one_face(answer: dict[str, Any], number: int) -> None:
    """Raises InvalidValue unless a photo showed one good face and no other."""
    reasons = [reason for face in answer["UnindexedFaces"] for reason in face["Reasons"]]
    if "EXCEEDS_MAX_FACES" in reasons or (answer["FaceRecords"] and reasons):
        raise InvalidValue(f"photo {number}: it shows several faces: use one of that person alone")
    if not answer["FaceRecords"]:
        why = next((_WHY_POOR[reason] for reason in reasons if reason in _WHY_POOR), "no face was found")
        raise InvalidValue(f"photo {number}: {why}: use another photo")


def _raise_for(refusal: ClientError, operation: str) -> NoReturn:
    error = refusal.response.get("Error", {})
    code, message = str(error.get("Code", ""))[:60], str(error.get("Message", ""))
    if code in _BAD_PICTURE:
        raise InvalidValue(f"Rekognition takes no such picture ({code}): use a JPEG or PNG of at most 5 MB") from None
    if code == "InvalidParameterException" and operation in ("index_faces", "search_users_by_image"):
        raise InvalidValue(
            "no face was found: use another picture" if _NO_FACE in message else f"Rekognition refuses it ({code})"
        ) from None
    if code == "AccessDeniedException":
        raise StoreUnavailable(
            f"Rekognition denied access ({code}): allow rekognition:{_name(operation)} to whoever runs this"
        ) from None
    raise StoreUnavailable(f"Rekognition failed ({code}): try again, and check the role and the region") from None


def _name(operation: str) -> str:
    return "".join(part.capitalize() for part in operation.split("_"))
