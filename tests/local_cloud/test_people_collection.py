"""People in Rekognition's collections: the adapter, asked of the stand-in by boto3 over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import cv2
import numpy as np
import pytest

from audience.errors import InvalidValue, StoreUnavailable
from houselights.local_cloud.rekognition import LocalRekognition
from ingest_lambda.rekognition_people import PLACE, RekognitionPeople
from sample_data import pretend_people
from tests.local_cloud.pictures import NOBODY, encoded, hall
from tests.portraits import portrait

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
EILEEN = encoded(portrait(400), ".jpg")
CLOSER = encoded(np.ascontiguousarray(portrait(600)[20:560, 30:580]), ".jpg")
ROBIN, KIM = (pretend_people.portrait(member.face) for member in pretend_people.MEMBERS[1:4:2])
BLURRED = encoded(cv2.GaussianBlur(portrait(400), (0, 0), 9), ".jpg")


@pytest.fixture
def people(client: Any) -> RekognitionPeople:
    return RekognitionPeople(client, now=lambda: NOW)


@pytest.fixture
def roster_id(people: RekognitionPeople) -> Iterator[str]:
    made = f"members-{uuid4().hex[:8]}"
    yield made
    people.end_roster(made)


def faces_of(client: Any, roster_id: str) -> list[str]:
    """To whom the faces of a collection belong."""
    listed = client.list_faces(CollectionId=f"houselights-{roster_id}", MaxResults=2)
    faces = list(listed["Faces"])
    while "NextToken" in listed:
        listed = client.list_faces(CollectionId=f"houselights-{roster_id}", MaxResults=2, NextToken=listed["NextToken"])
        faces += listed["Faces"]
    return sorted(face["ExternalImageId"] for face in faces)


def test_who_enrolled_is_found_and_a_stranger_is_not(people, roster_id, client):
    enrolled = people.enrol(roster_id, "p-1", [EILEEN, CLOSER])
    assert (enrolled.recogniser, enrolled.faces) == ("rekognition-7.0", 2)
    match = people.search(roster_id, CLOSER)
    assert (match.outcome, match.subject_id) == ("matched", "p-1")
    assert 0.99 <= (match.similarity or 0) <= 1
    before = faces_of(client, roster_id)
    assert people.search(roster_id, ROBIN).outcome == "nobody"
    assert faces_of(client, roster_id) == before == ["p-1", "p-1"]  # the stranger was not indexed


def test_two_people_who_look_alike_are_unsure(people, roster_id):
    people.enrol(roster_id, "p-1", [EILEEN])
    people.enrol(roster_id, "p-2", [EILEEN])
    match = people.search(roster_id, CLOSER)
    assert (match.outcome, match.between) == ("unsure", ("p-1", "p-2"))


def test_a_roster_without_a_collection_knows_nobody(people):
    assert people.search("nobody-enrolled", EILEEN).outcome == "nobody"


@pytest.mark.parametrize(
    ("photo", "why"),
    [
        (encoded(NOBODY), "no face"),
        (encoded(hall(1, 2, side=300), ".jpg"), "several faces"),
        (BLURRED, "blurred"),
        (b"GIF89a", "InvalidImageFormat"),
    ],
)
def test_a_photo_that_is_refused_is_one_line_and_leaves_nothing_half_done(people, roster_id, client, photo, why):
    people.enrol(roster_id, "p-1", [EILEEN])
    with pytest.raises(InvalidValue, match=rf"photo 2: .*{why}") as caught:
        people.enrol(roster_id, "p-2", [ROBIN, photo] if why == "no face" else [EILEEN, photo])
    assert "\n" not in str(caught.value)
    assert faces_of(client, roster_id) == ["p-1"]
    with pytest.raises(InvalidValue, match="photo 1"):
        people.enrol(roster_id, "p-1", [photo])
    assert people.search(roster_id, CLOSER).subject_id == "p-1"  # as they were enrolled before


def test_photos_of_two_people_are_not_one_person(people, roster_id, client):
    with pytest.raises(InvalidValue, match="one person"):
        people.enrol(roster_id, "p-1", [EILEEN, ROBIN])
    assert faces_of(client, roster_id) == []


@pytest.mark.parametrize(("picture", "why"), [(encoded(NOBODY), "no face"), (encoded(hall(1, 2, side=300)), "several")])
def test_a_picture_that_cannot_be_searched_with_is_one_line(people, roster_id, picture, why):
    people.enrol(roster_id, "p-1", [EILEEN])
    with pytest.raises(InvalidValue, match=why):
        people.search(roster_id, picture)


def test_enrolling_anew_replaces_the_earlier_photos(people, roster_id, client):
    people.enrol(roster_id, "p-1", [ROBIN])
    people.enrol(roster_id, "p-1", [EILEEN, CLOSER])
    assert faces_of(client, roster_id) == ["p-1", "p-1"]
    assert people.search(roster_id, ROBIN).outcome == "nobody"


def test_who_withdraws_is_gone_with_user_and_faces(people, roster_id, client, rekognition: LocalRekognition):
    people.enrol(roster_id, "p-1", [EILEEN, CLOSER])
    people.enrol(roster_id, "p-2", [ROBIN])
    (removal,) = people.remove(roster_id, "p-1")
    assert (removal.place, removal.done_at) == (PLACE, NOW)
    assert faces_of(client, roster_id) == ["p-2"]
    assert b"p-1" not in rekognition.collections.kept_bytes()
    assert people.search(roster_id, EILEEN).outcome == "nobody"
    assert people.remove(roster_id, "p-1")[0].done_at == NOW  # again is no error


def test_deleting_a_user_alone_would_leave_their_faces(people, roster_id, client):
    """As in the service: why `remove` deletes the faces too."""
    people.enrol(roster_id, "p-1", [EILEEN])
    client.delete_user(CollectionId=f"houselights-{roster_id}", UserId="p-1")
    assert faces_of(client, roster_id) == ["p-1"]
    assert people.remove(roster_id, "p-1")[0].done_at == NOW
    assert faces_of(client, roster_id) == []


def test_a_withdrawal_that_does_not_reach_the_cloud_says_so_and_is_made_up_for(people, roster_id, client, rekognition):
    people.enrol(roster_id, "p-1", [EILEEN])
    people.enrol(roster_id, "p-2", [ROBIN])
    rekognition.fail_next(1)
    (removal,) = people.remove(roster_id, "p-1")
    assert removal.done_at is None
    assert "withdraw again" in removal.line
    assert people.remove_all_but(roster_id, ["p-2"]) == ["p-1"]
    assert faces_of(client, roster_id) == ["p-2"]


def test_a_missing_permission_names_the_operation(people, roster_id, rekognition):
    rekognition.fail_next(1, "AccessDeniedException")
    with pytest.raises(StoreUnavailable, match="rekognition:SearchUsersByImage"):
        people.search(roster_id, EILEEN)
