"""Rekognition as the scorer of sheets: one call per sheet, faces matched to their tiles, and its errors."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import botocore.session
import pytest
from botocore.validate import validate_parameters

from audience.deliveries.grid import Grid
from audience.errors import ScorerUnavailable, SheetRejected
from ingest_lambda.rekognition import EXPRESSION_OF, RekognitionScorer, rekognition_client
from ingest_lambda.scoring import scorer_record
from tests.ingest.fake_rekognition import FakeRekognition, a_found_face, running_rekognition
from tests.ingest.sheets import a_sheet

SHEET = a_sheet(3)
GRID = SHEET.manifest.grid


@pytest.fixture(scope="module")
def running() -> Iterator[FakeRekognition]:
    with running_rekognition() as fake:
        yield fake


@pytest.fixture
def fake(running: FakeRekognition) -> FakeRekognition:
    running.requests.clear()
    running.answers.clear()
    return running


@pytest.fixture
def scorer(fake: FakeRekognition, monkeypatch: pytest.MonkeyPatch) -> RekognitionScorer:
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", fake.address)
    session = boto3.Session(region_name="eu-west-1", aws_access_key_id="local", aws_secret_access_key="local")
    return RekognitionScorer(rekognition_client(session))


def test_one_call_scores_a_whole_sheet(fake, scorer):
    fake.will_answer([a_found_face(GRID, place) for place in (2, 0, 1)])
    scores = scorer.score(SHEET)
    assert all(scores)
    (request,) = fake.requests
    assert request == {
        "target": "RekognitionService.DetectFaces",
        "Image": {"Bytes": SHEET.jpeg},
        "Attributes": ["EMOTIONS", "SMILE"],
    }


def test_the_fake_responses_follow_the_service_model():
    shape = botocore.session.get_session().get_service_model("rekognition").shape_for("FaceDetail")
    validate_parameters(a_found_face(GRID, 0), shape)


def test_a_face_is_matched_by_its_position_not_its_rank(fake, scorer):
    fake.will_answer([a_found_face(GRID, place, smile=(True, 50.0 + 10 * place)) for place in (1, 2, 0)])
    assert [score and score["smile"] for score in scorer.score(SHEET)] == pytest.approx([0.5, 0.6, 0.7])


def test_a_tile_without_a_face_or_with_two_is_never_guessed(fake, scorer):
    fake.will_answer([a_found_face(GRID, 1), a_found_face(GRID, 1, dx=0.15), a_found_face(GRID, 2)])
    assert [score is None for score in scorer.score(SHEET)] == [True, True, False]


def test_a_neighbour_in_the_margin_of_a_crop_is_nobodys(fake, scorer):
    fake.will_answer([*(a_found_face(GRID, place) for place in range(3)), a_found_face(GRID, 1, dx=0.4)])
    assert None not in scorer.score(SHEET)


def test_a_face_on_empty_ground_is_nobodys(fake, scorer):
    fake.will_answer([a_found_face(GRID, place) for place in range(4)])
    assert len(scorer.score(SHEET)) == 3


def test_percent_become_fractions_and_every_expression_has_its_confidence(fake, scorer):
    told = {name: 10.0 + index for index, name in enumerate(EXPRESSION_OF)}
    fake.will_answer([a_found_face(GRID, 0, smile=(True, 83.5), emotions={**told, "UNKNOWN": 70.0})])
    (score, _, _) = scorer.score(SHEET)
    assert score == pytest.approx({"smile": 0.835} | {EXPRESSION_OF[name]: told[name] / 100 for name in told})
    assert set(score or ()) == set(scorer.expressions) == set(scorer.thresholds)


def test_a_certain_no_to_a_smile_is_confidence_0(fake, scorer):
    fake.will_answer([a_found_face(GRID, 0, smile=(False, 97.0))])
    score = scorer.score(SHEET)[0]
    assert score is not None
    assert score["smile"] == pytest.approx(0.03)


def test_an_expression_that_is_not_listed_does_not_appear(fake, scorer):
    fake.will_answer([a_found_face(GRID, 0, emotions={"CALM": 99.0})])
    score = scorer.score(SHEET)[0]
    assert score is not None
    assert (score["calm"], score["happy"], score["fear"]) == (0.99, 0.0, 0.0)


def test_a_confidence_slightly_over_100_is_1(fake, scorer):
    fake.will_answer([a_found_face(GRID, 0, smile=(True, 100.00001), emotions={"CALM": 100.00002})])
    score = scorer.score(SHEET)[0]
    assert score is not None
    assert (score["smile"], score["calm"]) == (1.0, 1.0)


@pytest.mark.parametrize("missing", ["Smile", "Emotions"])
def test_a_face_without_the_requested_attributes_is_not_scored(fake, scorer, missing):
    face = a_found_face(GRID, 0)
    del face[missing]
    fake.will_answer([face, a_found_face(GRID, 1)])
    assert [score is None for score in scorer.score(SHEET)] == [True, False, True]


def test_a_single_face_is_scored_by_one_request(fake, scorer):
    fake.will_answer([a_found_face(GRID, 0, smile=(True, 80.0))])
    score = scorer.score_alone(b"a picture")
    assert score is not None
    assert (score["smile"], score["happy"]) == pytest.approx((0.8, 0.91))
    (request,) = fake.requests
    assert (request["Image"], request["Attributes"]) == ({"Bytes": b"a picture"}, ["EMOTIONS", "SMILE"])


def test_the_largest_of_several_faces_is_scored(fake, scorer):
    small = a_found_face(Grid(columns=4, rows=4), 0, smile=(False, 99.0))
    fake.will_answer([small, a_found_face(Grid(columns=1, rows=1), 0, smile=(True, 80.0)), small])
    score = scorer.score_alone(b"a picture")
    assert score is not None
    assert score["smile"] == pytest.approx(0.8)


def test_a_picture_without_a_face_has_no_score(fake, scorer):
    fake.will_answer([])
    assert scorer.score_alone(b"a picture") is None


@pytest.mark.parametrize("code", ["InvalidImageFormatException", "ImageTooLargeException", "InvalidParameterException"])
def test_a_picture_it_can_never_take_is_rejected(fake, scorer, code):
    fake.will_fail(code)
    with pytest.raises(SheetRejected, match=code):
        scorer.score(SHEET)
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("code", "status"),
    [("ThrottlingException", 400), ("ProvisionedThroughputExceededException", 400), ("InternalServerError", 500)],
)
def test_a_temporary_error_is_retried_later(fake, scorer, code, status, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    fake.will_fail(code, status)
    with pytest.raises(ScorerUnavailable, match=f"busy.*{code}"):
        scorer.score(SHEET)
    assert len(fake.requests) == 3


def test_a_single_throttled_request_is_retried_at_once(fake, scorer, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    fake.will_fail("ThrottlingException")
    fake.will_answer([a_found_face(GRID, 0)])
    assert scorer.score(SHEET)[0]


def test_a_missing_permission_is_reported_and_retried(fake, scorer):
    fake.will_fail("AccessDeniedException")
    with pytest.raises(ScorerUnavailable, match="allow rekognition:DetectFaces"):
        scorer.score(SHEET)


def test_a_region_without_it_is_reported_in_one_line(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", "http://127.0.0.1:1")
    session = boto3.Session(region_name="eu-west-1", aws_access_key_id="local", aws_secret_access_key="local")
    with pytest.raises(ScorerUnavailable, match=r"cannot be reached \(EndpointConnectionError\)"):
        RekognitionScorer(rekognition_client(session)).score(SHEET)


def test_all_expressions_are_experimental():
    record = scorer_record(RekognitionScorer(client=None))
    assert record.name == "rekognition-1"
    assert record.experimental == set(record.thresholds) == {"smile", *EXPRESSION_OF.values()}
