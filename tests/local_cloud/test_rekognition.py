"""The stand-in for Rekognition, asked by boto3 over HTTP: it sees what is there, and keeps Rekognition's limits."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import boto3
import cv2
import numpy as np
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from werkzeug.test import Client

from audience.deliveries.grid import CROP_PX, Grid
from edge_lambda.delivery.contact_sheet import draw_sheet
from edge_lambda.detectors.load import load_detector
from houselights.local_cloud.face_details import MOST_FACES, yes_or_no
from houselights.local_cloud.rekognition import LARGEST_IN_S3, LARGEST_INLINE, STATUS_OF, LocalRekognition
from tests.local_cloud.pictures import NOBODY, encoded, frowning, hall, on_a_tile
from tests.local_cloud.service_model import faults_of_answer
from tests.portraits import portrait

ASKED = ["EMOTIONS", "SMILE"]


def faces_in(client: Any, data: bytes, *attributes: str) -> list[dict[str, Any]]:
    """What is seen in a picture."""
    found: list[dict[str, Any]] = client.detect_faces(Image={"Bytes": data}, Attributes=list(attributes))["FaceDetails"]
    return found


def places_of(found: list[dict[str, Any]], grid: Grid) -> list[int | None]:
    """The tiles faces lie on."""
    boxes = [face["BoundingBox"] for face in found]
    return [grid.place_at(box["Left"] + box["Width"] / 2, box["Top"] + box["Height"] / 2) for box in boxes]


def smile(face: dict[str, Any]) -> float:
    """The confidence of a smile, 0..1."""
    sure = face["Smile"]["Confidence"] / 100
    return float(sure if face["Smile"]["Value"] else 1 - sure)


def refused(client: Any, image: dict[str, Any], **others: Any) -> tuple[str, int]:
    """The name of the exception and the status of a request that is refused."""
    with pytest.raises(ClientError) as caught:
        client.detect_faces(Image=image, **others)
    return type(caught.value).__name__, caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


# --- What it sees ---


@pytest.mark.parametrize("place", [0, 3, 8, 23])
def test_a_face_on_a_tile_is_answered_at_that_tile(client, place):
    crops = [NOBODY] * 24
    crops[place] = on_a_tile()
    assert places_of(faces_in(client, draw_sheet(crops), *ASKED), Grid.of(24)) == [place]


def test_a_full_sheet_is_answered_whole_and_each_tile_with_its_own_face(client):
    grid = Grid.of(100)
    frowns = {place for place in range(100) if place % 7 == 3}
    crops = [frowning(on_a_tile()) if place in frowns else on_a_tile() for place in range(100)]
    found = faces_in(client, draw_sheet(crops), *ASKED)
    by_place = dict(zip(places_of(found, grid), map(smile, found), strict=True))
    assert by_place.keys() == set(range(100))
    assert {place for place, confidence in by_place.items() if confidence < 0.95} == frowns


def test_faces_are_found_in_an_ordinary_photo(client):
    (known,) = load_detector().detect(portrait(400))
    (face,) = faces_in(client, encoded(portrait(400), ".jpg"), *ASKED)
    box = [face["BoundingBox"][side] * 400 for side in ("Left", "Top", "Width", "Height")]
    assert box == pytest.approx([known.left, known.top, known.width, known.height], abs=12)
    assert smile(face) > 0.8


def test_nobody_in_view_is_no_face(client):
    assert faces_in(client, encoded(np.full((300, 300, 3), 90, np.uint8)), *ASKED) == []


def test_the_largest_face_comes_first(client):
    picture = np.full((400, 900, 3), 60, np.uint8)
    for left, side in ((0, 200), (200, 400), (600, 300)):
        picture[:side, left : left + side] = portrait(side)
    centres = [
        face["BoundingBox"]["Left"] + face["BoundingBox"]["Width"] / 2 for face in faces_in(client, encoded(picture))
    ]
    assert centres == pytest.approx([400 / 900, 750 / 900, 100 / 900], abs=0.05)


def test_a_picture_that_was_held_sideways_is_turned_first(client):
    jpeg = encoded(cv2.rotate(portrait(400), cv2.ROTATE_90_COUNTERCLOCKWISE), ".jpg")
    # An Exif segment whose one field, orientation (0x0112), says 6: turn it a quarter clockwise.
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    held = jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
    (face,) = faces_in(client, held)
    eyes = [one["Y"] for one in face["Landmarks"] if one["Type"].startswith("eye")]
    mouth = [one["Y"] for one in face["Landmarks"] if one["Type"].startswith("mouth")]
    assert max(eyes) < min(mouth)


# --- What it says of a face ---


def test_boxes_confidence_landmarks_pose_and_quality_are_always_given(client):
    always = {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
    data = encoded(portrait(400))
    (face,) = client.detect_faces(Image={"Bytes": data})["FaceDetails"]
    assert face.keys() == always
    assert [face.keys() - always for face in faces_in(client, data, "SMILE")] == [{"Smile"}]
    assert [face.keys() - always for face in faces_in(client, data, "DEFAULT", "EMOTIONS")] == [{"Emotions"}]
    assert [face.keys() - always for face in faces_in(client, data, "ALL")] == [{"Smile", "Emotions"}]


def test_what_it_cannot_see_it_does_not_make_up(client):
    assert [face.keys() for face in faces_in(client, encoded(portrait(400)), "AGE_RANGE", "GENDER", "BEARD")] == [
        {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
    ]


def test_the_eight_expressions_add_up_to_a_hundred_the_most_certain_first(client):
    (face,) = faces_in(client, encoded(portrait(400)), "EMOTIONS")
    sure = [one["Confidence"] for one in face["Emotions"]]
    assert len({one["Type"] for one in face["Emotions"]}) == 8
    assert sum(sure) == pytest.approx(100)
    assert sure == sorted(sure, reverse=True)


def test_a_smile_that_is_none_is_told_as_a_certain_no():
    assert yes_or_no(0.75, 0.5) == {"Value": True, "Confidence": 75}
    assert yes_or_no(0.25, 0.5) == {"Value": False, "Confidence": 75}


def test_a_smile_is_a_yes_where_the_scorer_says_so():
    assert yes_or_no(0.4, 0.4) == {"Value": True, "Confidence": 50}
    assert yes_or_no(0.7, 0.4) == {"Value": True, "Confidence": pytest.approx(75)}
    assert yes_or_no(0.2, 0.4) == {"Value": False, "Confidence": pytest.approx(75)}
    assert yes_or_no(1.0, 0.4)["Confidence"] == yes_or_no(0.0, 0.4)["Confidence"] == 100


def test_eyes_nose_and_mouth_lie_where_they_are(client):
    (face,) = faces_in(client, encoded(portrait(400)))
    at = {one["Type"]: (one["X"], one["Y"]) for one in face["Landmarks"]}
    assert at["eyeLeft"][0] < at["nose"][0] < at["eyeRight"][0]
    assert at["eyeLeft"][1] < at["nose"][1] < at["mouthLeft"][1]
    assert abs(face["Pose"]["Roll"]) < 15


def test_the_answers_of_a_hall_hold_to_the_service_model_in_every_field(cloud):
    """As do all answers of these tests; this one looks at the body without boto3 in between."""
    body = json.dumps({"Image": {"S3Object": _kept(cloud, encoded(hall(3, 5, side=200)))}, "Attributes": ["ALL"]})
    headers = {"X-Amz-Target": "RekognitionService.DetectFaces", "Content-Type": "application/x-amz-json-1.1"}
    request = urllib.request.Request(cloud.rekognition.endpoint, body.encode(), headers)
    with urllib.request.urlopen(request) as response:
        answer = json.load(response)
    assert len(answer["FaceDetails"]) == 15
    assert faults_of_answer("rekognition", "DetectFaces", answer) == []


def test_a_fault_in_an_answer_would_be_found():
    answer = {
        "FaceDetails": [
            {"Confidence": 100.1, "Mood": 1, "Emotions": [{"Type": "MERRY", "Confidence": True}], "Pose": []},
        ]
    }
    assert len(faults_of_answer("rekognition", "DetectFaces", answer)) == 5


# --- Its limits ---


def test_of_more_than_a_hundred_faces_the_largest_are_answered(client):
    picture = np.tile(on_a_tile(), (11, 10, 1))
    picture[: 2 * CROP_PX, : 2 * CROP_PX] = cv2.resize(on_a_tile(), (2 * CROP_PX, 2 * CROP_PX))
    found = faces_in(client, encoded(picture, ".jpg"))
    assert len(found) == MOST_FACES
    box = found[0]["BoundingBox"]
    assert box["Left"] + box["Width"] < 0.2
    assert box["Top"] + box["Height"] < 2 / 11


@pytest.mark.parametrize(
    ("size", "side", "seen"),
    [
        ((1080, 1920), 160, True),  # the portrait's face is as wide as three tenths of it
        ((1080, 1920), 110, False),
        ((2160, 3840), 160, False),
        ((2160, 3840), 320, True),
        ((1920, 1080), 160, True),
        ((1600, 1600), 160, False),
    ],
)
def test_a_face_must_have_40_pixels_and_in_larger_pictures_more(client, size, side, seen):
    picture = np.full((*size, 3), 60, np.uint8)
    picture[100 : 100 + side, 100 : 100 + side] = portrait(side)
    assert len(faces_in(client, encoded(picture, ".jpg"))) == seen


def test_a_picture_has_80_pixels_a_side_at_least(client):
    assert refused(client, {"Bytes": encoded(np.zeros((79, 500, 3), np.uint8))}) == ("InvalidParameterException", 400)
    assert faces_in(client, encoded(np.zeros((80, 80, 3), np.uint8))) == []


def test_a_picture_has_10000_pixels_a_side_at_most(client):
    too_large = {"Bytes": encoded(np.zeros((80, 10_001), np.uint8))}
    assert refused(client, too_large) == ("ImageTooLargeException", 400)


def test_a_picture_that_no_memory_holds_is_not_decoded(client):
    png = bytearray(encoded(np.zeros((100, 100), np.uint8)))
    png[16:24] = (2**20 - 1).to_bytes(4, "big") * 2
    png[29:33] = _crc(png[12:29])
    assert refused(client, {"Bytes": bytes(png)})[0] in ("ImageTooLargeException", "InvalidImageFormatException")


def test_a_request_holds_five_megabytes(client):
    data = encoded(portrait(200), ".jpg")
    filled = data + bytes(LARGEST_INLINE - len(data))
    assert len(faces_in(client, filled)) == 1
    assert refused(client, {"Bytes": filled + b"\0"}) == ("ImageTooLargeException", 400)


def test_an_object_in_s3_holds_fifteen(client, cloud):
    data = encoded(portrait(200), ".jpg")
    there = _kept(cloud, data + bytes(LARGEST_IN_S3 - len(data)))
    assert len(client.detect_faces(Image={"S3Object": there})["FaceDetails"]) == 1
    there = _kept(cloud, data + bytes(LARGEST_IN_S3 - len(data) + 1))
    assert refused(client, {"S3Object": there}) == ("ImageTooLargeException", 400)


@pytest.mark.parametrize("kind", [".bmp", ".webp", ".tiff"])
def test_only_jpeg_and_png_are_taken(client, kind):
    assert refused(client, {"Bytes": encoded(portrait(200), kind)}) == ("InvalidImageFormatException", 400)


def test_what_only_begins_like_a_picture_is_none(client):
    for begins in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"):
        assert refused(client, {"Bytes": begins + b"and then nothing"}) == ("InvalidImageFormatException", 400)


# --- What else it refuses ---


def test_an_object_that_is_not_there_is_told_of(client, cloud):
    nowhere = {"S3Object": {"Bucket": cloud.stack.bucket, "Name": "not-there"}}
    no_bucket = {"S3Object": {"Bucket": "nobodys", "Name": "not-there"}}
    assert refused(client, nowhere) == ("InvalidS3ObjectException", 400)
    assert refused(client, no_bucket) == ("InvalidS3ObjectException", 400)


def test_an_image_is_given_in_one_way(client, cloud):
    data = encoded(portrait(200))
    both = {"Bytes": data, "S3Object": _kept(cloud, data)}
    assert refused(client, both) == refused(client, {}) == ("InvalidParameterException", 400)


def test_an_attribute_that_there_is_not_is_refused(client):
    data = {"Bytes": encoded(portrait(200))}
    assert refused(client, data, Attributes=["SMILES"]) == ("InvalidParameterException", 400)


def test_other_operations_are_unknown(client):
    with pytest.raises(ClientError, match="UnknownOperationException"):
        client.detect_labels(Image={"Bytes": encoded(portrait(200))})


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_a_request_that_is_no_json_is_refused(rekognition, body):
    request = urllib.request.Request(
        rekognition.endpoint, body, {"X-Amz-Target": "RekognitionService.DetectFaces"}, method="POST"
    )
    with pytest.raises(urllib.error.HTTPError, match="400") as caught:
        urllib.request.urlopen(request)
    with caught.value as answer:
        assert json.load(answer)["__type"] == "SerializationException"


# --- Saying no when told to ---


@pytest.mark.parametrize("code", sorted(STATUS_OF.keys() - {"SerializationException", "UnknownOperationException"}))
def test_boto3_raises_its_own_exception_for_each_error(client, rekognition, code):
    rekognition.fail_next(1, code)
    with pytest.raises(getattr(client.exceptions, code)):
        faces_in(client, encoded(portrait(200)))
    assert len(faces_in(client, encoded(portrait(200)))) == 1


def test_boto3_tries_again_after_throttling(cloud, rekognition):
    rekognition.fail_next(2, "ThrottlingException")
    patient = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-west-1").client(
        "rekognition", endpoint_url=rekognition.endpoint, config=Config(retries={"mode": "standard"})
    )
    answer = patient.detect_faces(Image={"Bytes": encoded(portrait(200))})
    patient.close()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2


def test_more_calls_a_second_than_allowed_are_refused(cloud):
    now = 100.0
    limited = LocalRekognition(cloud.client("s3"), clock=lambda: now)
    limited.allow(2)
    headers = {"X-Amz-Target": "RekognitionService.DetectFaces"}

    def status() -> int:
        image = {"S3Object": _kept(cloud, encoded(np.zeros((80, 80, 3), np.uint8)))}
        return int(Client(limited).post("/", json={"Image": image}, headers=headers).status_code)

    assert [status() for _ in range(3)] == [200, 200, 400]
    now = 100.999
    assert status() == 400
    now = 101.0
    assert [status() for _ in range(3)] == [200, 200, 400]
    counts = limited.counts()
    assert (counts.calls, counts.answered) == (7, 4)


# --- Many at once ---


def test_threads_are_answered_as_one_caller_is(client):
    data = [draw_sheet([on_a_tile()] * number + [NOBODY]) for number in range(1, 9)]
    alone = [faces_in(client, one, *ASKED) for one in data]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda one: faces_in(client, one, *ASKED), data * 3))
    assert together == alone * 3


def test_calls_bytes_and_faces_are_counted(client, rekognition):
    before = rekognition.counts()
    data = draw_sheet([on_a_tile()] * 3)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: faces_in(client, data), range(10)))
    refused(client, {"Bytes": b"no picture"})
    after = rekognition.counts()
    assert (after.calls - before.calls, after.answered - before.answered) == (11, 10)
    assert after.picture_bytes - before.picture_bytes == 10 * len(data)
    assert after.faces - before.faces == 30


def _kept(cloud: Any, data: bytes) -> dict[str, str]:
    """Puts a picture into the bucket, and says where."""
    name = f"pictures/{uuid4().hex}"
    cloud.client("s3").put_object(Bucket=cloud.stack.bucket, Key=name, Body=data)
    return {"Bucket": cloud.stack.bucket, "Name": name}


def _crc(chunk: bytearray) -> bytes:
    """The checksum of a chunk of a PNG."""
    return zlib.crc32(chunk).to_bytes(4, "big")
