"""Emulates Amazon Rekognition's collections: users and their faces, which are found by pictures. Kept in memory.

Faces are really found, by the detector that answers DetectFaces. They are compared by a small grey picture of the
aligned face, not by a model: the same photo, also cropped or compressed, is found again, and another photo of the same
person may not be. So this shows that the calls fit, and says nothing of how well Rekognition knows people.
Operations: https://docs.aws.amazon.com/rekognition/latest/dg/collections.html
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.detectors import Detection, Image
from edge_lambda.recognisers import AlignedGeometry
from edge_lambda.recognisers.alignment import aligned

MODEL_VERSION: Final = "7.0"

MOST_LISTED: Final = 4096
"""Most faces of one answer to ListFaces, and of one call of DeleteFaces."""

MOST_ASSOCIATED: Final = 100
"""Most faces of a user."""

USUAL_THRESHOLD: Final = {"AssociateFaces": 75.0, "SearchUsersByImage": 80.0}
"""`UserMatchThreshold` where a request names none, percent."""

_GEOMETRY = AlignedGeometry(size=112, landmarks=((38, 52), (74, 52), (56, 72), (42, 92), (71, 92)))
_SIDE = 16
_LEAST_SHARPNESS, _LEAST_BRIGHTNESS = 40.0, 15.0  # percent, of QualityFilter HIGH
_EVEN, _STEEP = 0.6, 20.0  # the cosine that is a similarity of 50 percent, and how steeply it grows there

Vector = NDArray[np.float32]
Described = Callable[[Image], list[dict[str, Any]]]
Refuse = Callable[[str, str], Exception]


@dataclass(slots=True)
class _Face:
    face_id: str
    image_id: str
    external_id: str
    box: Mapping[str, float]
    confidence: float
    vector: Vector
    user_id: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "FaceId": self.face_id,
            "ImageId": self.image_id,
            "BoundingBox": dict(self.box),
            "Confidence": self.confidence,
            "IndexFacesModelVersion": MODEL_VERSION,
            **({"ExternalImageId": self.external_id} if self.external_id else {}),
            **({"UserId": self.user_id} if self.user_id else {}),
        }


@dataclass(slots=True)
class _Collection:
    faces: dict[str, _Face] = field(default_factory=dict)
    users: set[str] = field(default_factory=set)

    def faces_of(self, user_id: str) -> list[_Face]:
        return [face for face in self.faces.values() if face.user_id == user_id]


class Collections:
    """The collections of an emulated Rekognition. Thread-safe.

    Each operation takes the request's parameters as Amazon's documentation names them, and returns the answer's.
    """

    def __init__(self, picture: Callable[[Any], Image], describe: Described, refuse: Refuse) -> None:
        """Starts without a collection.

        Args:
            picture: the picture that the parameter `Image` names; refuses it where it must.
            describe: returns the faces of a picture as `FaceDetail`, the largest first.
            refuse: makes the error of a code and a line.
        """
        self._picture, self._describe, self._refuse = picture, describe, refuse
        self._lock = threading.Lock()
        self._kept: dict[str, _Collection] = {}
        self.operations: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "CreateCollection": self._create_collection,
            "DeleteCollection": self._delete_collection,
            "CreateUser": self._create_user,
            "IndexFaces": self._index_faces,
            "AssociateFaces": self._associate_faces,
            "DisassociateFaces": self._disassociate_faces,
            "SearchUsersByImage": self._search_users_by_image,
            "DeleteUser": self._delete_user,
            "DeleteFaces": self._delete_faces,
            "ListFaces": self._list_faces,
        }

    def kept_bytes(self) -> bytes:
        """Everything that is kept of anybody, to search for what should be gone."""
        with self._lock:
            return b"\n".join(
                b" ".join([name.encode(), *map(str.encode, sorted(one.users)), *map(_bytes_of, one.faces.values())])
                for name, one in self._kept.items()
            )

    def _create_collection(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = self._text(asked, "CollectionId")
        with self._lock:
            if name in self._kept:
                raise self._refuse("ResourceAlreadyExistsException", f"The collection id: {name} already exists")
            self._kept[name] = _Collection()
        arn = f"aws:rekognition:eu-west-1:123456789012:collection/{name}"
        return {"StatusCode": 200, "CollectionArn": arn, "FaceModelVersion": MODEL_VERSION}

    def _delete_collection(self, asked: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._collection(asked)
            del self._kept[asked["CollectionId"]]
        return {"StatusCode": 200}

    def _create_user(self, asked: dict[str, Any]) -> dict[str, Any]:
        user_id = self._text(asked, "UserId")
        with self._lock:
            users = self._collection(asked).users
            if user_id in users:
                raise self._refuse("ConflictException", f"The user id: {user_id} already exists")
            users.add(user_id)
        return {}

    def _index_faces(self, asked: dict[str, Any]) -> dict[str, Any]:
        picture = self._picture(asked.get("Image"))
        good, poor = self._sorted_out(self._describe(picture), asked.get("QualityFilter", "AUTO"))
        most = int(asked.get("MaxFaces", 100))
        poor += [(detail, "EXCEEDS_MAX_FACES") for detail in good[most:]]
        image_id, records = str(uuid4()), []
        with self._lock:
            kept = self._collection(asked).faces
            for detail in good[:most]:
                face = _Face(
                    face_id=str(uuid4()),
                    image_id=image_id,
                    external_id=str(asked.get("ExternalImageId", "")),
                    box=detail["BoundingBox"],
                    confidence=detail["Confidence"],
                    vector=template(picture, detail),
                )
                kept[face.face_id] = face
                records.append({"Face": face.as_json(), "FaceDetail": detail})
        return {
            "FaceRecords": records,
            "FaceModelVersion": MODEL_VERSION,
            "UnindexedFaces": [{"Reasons": [why], "FaceDetail": detail} for detail, why in poor],
        }

    def _associate_faces(self, asked: dict[str, Any]) -> dict[str, Any]:
        done: list[dict[str, Any]] = []
        refused: list[dict[str, Any]] = []
        least = float(asked.get("UserMatchThreshold", USUAL_THRESHOLD["AssociateFaces"]))
        with self._lock:
            collection, user_id = self._collection(asked), self._user(asked)
            for face_id in self._face_ids(asked, MOST_ASSOCIATED):
                face, own = collection.faces.get(face_id), collection.faces_of(user_id)
                if face is None:
                    refused.append({"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]})
                elif face.user_id not in ("", user_id):
                    refused.append({"FaceId": face_id, "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]})
                elif own and similarity(face.vector, _mean(own)) < least:
                    confidence = similarity(face.vector, _mean(own))
                    reasons = ["LOW_MATCH_CONFIDENCE"]
                    refused.append({"FaceId": face_id, "Confidence": confidence, "Reasons": reasons})
                else:
                    face.user_id = user_id
                    done.append({"FaceId": face_id})
        return {"AssociatedFaces": done, "UnsuccessfulFaceAssociations": refused, "UserStatus": "ACTIVE"}

    def _disassociate_faces(self, asked: dict[str, Any]) -> dict[str, Any]:
        done, refused = [], []
        with self._lock:
            collection, user_id = self._collection(asked), self._user(asked)
            for face_id in self._face_ids(asked, MOST_ASSOCIATED):
                face = collection.faces.get(face_id)
                if face is None or face.user_id != user_id:
                    refused.append({"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]})
                else:
                    face.user_id = ""
                    done.append({"FaceId": face_id})
        return {"DisassociatedFaces": done, "UnsuccessfulFaceDisassociations": refused, "UserStatus": "ACTIVE"}

    def _search_users_by_image(self, asked: dict[str, Any]) -> dict[str, Any]:
        picture = self._picture(asked.get("Image"))
        good, poor = self._sorted_out(self._describe(picture), asked.get("QualityFilter", "NONE"))
        if not good:
            raise self._refuse("InvalidParameterException", "There are no faces in the image. Should be at least 1.")
        least = float(asked.get("UserMatchThreshold", USUAL_THRESHOLD["SearchUsersByImage"]))
        seen = template(picture, good[0])
        with self._lock:
            collection = self._collection(asked)
            faces = {user_id: collection.faces_of(user_id) for user_id in collection.users}
            found = [(similarity(seen, _mean(own)), user_id) for user_id, own in faces.items() if own]
        matches = sorted(((each, user_id) for each, user_id in found if each >= least), reverse=True)
        return {
            "UserMatches": [
                {"Similarity": each, "User": {"UserId": user_id, "UserStatus": "ACTIVE"}}
                for each, user_id in matches[: int(asked.get("MaxUsers", 100))]
            ],
            "FaceModelVersion": MODEL_VERSION,
            "SearchedFace": {"FaceDetail": good[0]},
            "UnsearchedFaces": [
                {"FaceDetails": detail, "Reasons": [why]}
                for detail, why in [*((detail, "FACE_NOT_LARGEST") for detail in good[1:]), *poor]
            ],
        }

    def _delete_user(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Removes a user; as in the service, their faces stay."""
        with self._lock:
            collection, user_id = self._collection(asked), self._user(asked)
            for face in collection.faces_of(user_id):
                face.user_id = ""
            collection.users.discard(user_id)
        return {}

    def _delete_faces(self, asked: dict[str, Any]) -> dict[str, Any]:
        done, refused = [], []
        with self._lock:
            faces = self._collection(asked).faces
            for face_id in self._face_ids(asked, MOST_LISTED):
                if face_id not in faces:
                    refused.append({"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]})
                elif faces[face_id].user_id:
                    reasons = ["ASSOCIATED_TO_AN_EXISTING_USER"]
                    refused.append({"FaceId": face_id, "UserId": faces[face_id].user_id, "Reasons": reasons})
                else:
                    del faces[face_id]
                    done.append(face_id)
        return {"DeletedFaces": done, "UnsuccessfulFaceDeletions": refused}

    def _list_faces(self, asked: dict[str, Any]) -> dict[str, Any]:
        most = min(MOST_LISTED, int(asked.get("MaxResults", MOST_LISTED)))
        token = str(asked.get("NextToken", "0"))
        if not token.isdecimal():
            raise self._refuse("InvalidPaginationTokenException", "Invalid pagination token")
        with self._lock:
            collection = self._collection(asked)
            faces = list(collection.faces.values())
            if "UserId" in asked:
                faces = collection.faces_of(self._user(asked))
            begin, end = int(token), int(token) + most
            answer: dict[str, Any] = {"Faces": [face.as_json() for face in faces[begin:end]]}
        more = {"NextToken": str(end)} if end < len(faces) else {}
        return answer | more | {"FaceModelVersion": MODEL_VERSION}

    def _collection(self, asked: Mapping[str, Any]) -> _Collection:
        name = self._text(asked, "CollectionId")
        if name not in self._kept:
            raise self._refuse("ResourceNotFoundException", f"The collection id: {name} does not exist")
        return self._kept[name]

    def _user(self, asked: Mapping[str, Any]) -> str:
        user_id = self._text(asked, "UserId")
        if user_id not in self._collection(asked).users:
            raise self._refuse("ResourceNotFoundException", f"The user id: {user_id} does not exist")
        return user_id

    def _face_ids(self, asked: Mapping[str, Any], most: int) -> list[str]:
        face_ids = asked.get("FaceIds")
        if not isinstance(face_ids, list) or not 1 <= len(face_ids) <= most:
            raise self._refuse("InvalidParameterException", f"1 to {most} face ids are needed")
        return [str(face_id) for face_id in face_ids]

    def _text(self, asked: Mapping[str, Any], name: str) -> str:
        value = asked.get(name)
        if not isinstance(value, str) or not value:
            raise self._refuse("InvalidParameterException", f"{name} is missing")
        return value

    def _sorted_out(
        self, details: list[dict[str, Any]], quality: Any
    ) -> tuple[list[dict[str, Any]], list[tuple[dict[str, Any], str]]]:
        """The faces that a quality filter lets through, and the others, each with the reason."""
        good, poor = [], []
        for detail in details:
            if quality == "HIGH" and detail["Quality"]["Sharpness"] < _LEAST_SHARPNESS:
                poor.append((detail, "LOW_SHARPNESS"))
            elif quality == "HIGH" and detail["Quality"]["Brightness"] < _LEAST_BRIGHTNESS:
                poor.append((detail, "LOW_BRIGHTNESS"))
            else:
                good.append(detail)
        return good, poor


def template(picture: Image, detail: Mapping[str, Any]) -> Vector:
    """A vector of length 1 of a face: its small grey picture, aligned, less its mean."""
    height, width = picture.shape[:2]
    box = detail["BoundingBox"]
    face = Detection(
        left=box["Left"] * width,
        top=box["Top"] * height,
        width=box["Width"] * width,
        height=box["Height"] * height,
        confidence=detail["Confidence"] / 100,
        landmarks=tuple((one["X"] * width, one["Y"] * height) for one in detail["Landmarks"]),
    )
    grey = cv2.cvtColor(aligned(picture, face, _GEOMETRY), cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32).reshape(-1)
    return _unit(small - small.mean())


def similarity(one: Vector, other: Vector) -> float:
    """How alike two faces are, percent; grows with the cosine of their vectors."""
    return 100 / (1 + math.exp(-_STEEP * (float(one @ other) - _EVEN)))


def _mean(faces: Sequence[_Face]) -> Vector:
    return _unit(np.asarray(np.sum([face.vector for face in faces], axis=0), dtype=np.float32))


def _unit(vector: Vector) -> Vector:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), dtype=np.float32)


def _bytes_of(face: _Face) -> bytes:
    return repr(face.as_json()).encode() + face.vector.tobytes()
