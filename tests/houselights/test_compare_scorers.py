"""`houselights compare-scorers`: the same faces scored on the device, and over HTTP by a Rekognition that looks."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_lambda.detectors.load import load_detector
from edge_lambda.scorers import load_scorer
from houselights.cli import run
from houselights.comparing_scorers.figures import ScorerComparison, compare
from houselights.comparing_scorers.runs import CloudScoring, ScorerRun, SeenFaces, _stretches, see_faces
from houselights.local_cloud.cloud import LocalCloud, running_cloud
from houselights.local_cloud.stack import Stack
from tests.own_model import own_model
from tests.portraits import people_video

PEOPLE, SECONDS = 6, 4


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with running_cloud(Stack(name="comparison-tests")) as running:
        yield running


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return people_video(tmp_path_factory.mktemp("video") / "people.mp4", [PEOPLE] * SECONDS, side=96)


@pytest.fixture
def account(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LocalCloud:
    """Directs boto3 to the local cloud, in a folder of its own."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return cloud


def faces(people: int, seconds: int) -> SeenFaces:
    """As many people in each second, each a track."""
    number = {(1000 * second, f"t{person}"): 0 for second in range(seconds) for person in range(people)}
    places = list(number)
    return SeenFaces(
        seconds=seconds,
        track=np.array([int(track[1:]) for _, track in places]),
        start_ms=np.array([start_ms for start_ms, _ in places]),
        number={place: face for face, place in enumerate(places)},
        runs=(),
        deliveries=(),
    )


def scored(name: str, smiles: Sequence[float | None], **more: Any) -> ScorerRun:
    """A scorer that gave these confidences to faces 0, 1, …; a face after the last was not asked for."""
    scores = {face: None if smile is None else {"smile": smile} for face, smile in enumerate(smiles)}
    return ScorerRun(name=name, place="device", thresholds={"smile": 0.5}, scores=scores, **more)


def compared(seen: SeenFaces, *runs: ScorerRun) -> ScorerComparison:
    return compare(seen, runs, interval_s=2.0)


# The figures


def test_each_pair_is_compared_on_the_faces_that_all_scored():
    seen = faces(10, 1)
    first = scored("a", [0.9] * 5 + [0.1] * 5)
    second = scored("b", [None, *[0.9] * 5, *[0.1] * 4])
    told = compared(seen, first, second, scored("c", [0.1] * 10))
    assert (told.faces, told.compared) == (10, 9)
    assert [(one.asked, one.scored) for one in told.scorers] == [(10, 10), (10, 9), (10, 10)]
    assert [(pair.first, pair.second) for pair in told.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    smile = told.pairs[0].by_expression["smile"]
    assert (smile.faces, smile.same, smile.first, smile.second) == pytest.approx((9, 8 / 9, 4 / 9, 5 / 9))


def test_what_was_not_asked_for_yet_is_not_compared():
    told = compared(faces(10, 2), scored("a", [0.9] * 20), scored("b", [0.9] * 8))
    assert (told.compared, told.scorers[1].asked) == (8, 8)


def test_figures_over_few_faces_are_not_shown():
    told = compared(faces(4, 1), scored("a", [0.9] * 4), scored("b", [0.1] * 4))
    assert (told.pairs, told.shares) == ((), {})
    assert [one.share for one in told.scorers] == [None, None]


def test_a_second_with_few_faces_has_no_share():
    seen = faces(30, 3)
    known = np.r_[np.full(30, 0.9), np.full(30, 0.1), np.full(30, 0.9)].tolist()
    lost = [*known[:60], *[None] * 27, *known[87:]]
    told = compared(seen, scored("a", known), scored("b", lost))
    assert told.at_s.tolist() == [0.5, 1.5, 2.5]
    np.testing.assert_equal(told.shares["a"], [1.0, 0.0, np.nan])


def test_in_a_small_room_no_second_says_that_nobody_or_everybody_smiles():
    told = compared(faces(6, 4), scored("a", [0.9] * 24), scored("b", [0.1] * 24))
    assert set(told.shares["a"]) == {0.8}
    assert set(told.shares["b"]) == {0.2}


def test_the_hour_of_a_camera_in_the_cloud_costs_a_call_every_two_seconds():
    told = compared(faces(10, 2), scored("a", [0.9] * 20), scored("b", [0.9] * 20))
    cloud = ScorerRun(name="c", place="cloud", thresholds={"smile": 0.5}, scores=scored("c", [0.9] * 20).scores)
    dollars = compared(faces(10, 2), scored("a", [0.9] * 20), cloud).scorers[1].hour_dollars
    assert dollars > 1800 * 0.001 > 10 * told.scorers[1].hour_dollars


# What is seen and sent


def test_the_faces_are_those_of_all_seconds_and_what_leaves_is_counted(video):
    scorer = load_scorer("expressionnet")
    seen = see_faces(video, detector=load_detector(doubtful=True), scorers=[scorer], minutes=1, interval_s=2)
    assert (seen.seconds, len(seen.track), len(np.unique(seen.track))) == (SECONDS, PEOPLE * SECONDS, PEOPLE)
    assert [len(sheet.manifest.tiles) for sheet in seen.sheets] == [2 * PEOPLE] * 2
    (device,) = seen.runs
    assert (device.pictures, device.deliveries, device.calls) == (0, 2, 0)
    assert len(device.scores) == PEOPLE * SECONDS
    assert len(device.delays_s) == SECONDS

    class Never:
        name, thresholds = "never-1", scorer.thresholds

        def score(self, sheet: Any) -> list[None]:
            return [None] * len(sheet.manifest.tiles)

    scoring = CloudScoring(seen, Never())
    scoring.score()
    assert scoring.run.pictures == PEOPLE * SECONDS
    assert scoring.run.bytes == sum(len(sheet.jpeg) for sheet in seen.sheets) > device.bytes
    # The first second of a sheet waits for the second.
    assert [round(delay_s) for delay_s in scoring.run.delays_s] == [1, 0, 1, 0]
    told = compare(seen, [device, scoring.run], interval_s=2)
    assert (told.compared, told.scorers[1].scored) == (0, 0)


def test_of_a_long_recording_a_part_is_looked_at(tmp_path):
    video = people_video(tmp_path / "long.mp4", [0, 0, 0, 0, 5, 5, 5, 5, 0, 0, 0, 0], side=64)
    looked = see_faces(
        video,
        detector=load_detector(doubtful=True),
        scorers=[load_scorer("expressionnet")],
        minutes=4 / 60,
        interval_s=2,
    )
    assert looked.seconds == 4
    assert set(looked.start_ms) == {4000, 5000, 6000, 7000}


@pytest.mark.parametrize(("duration_s", "most_s"), [(75.2, 75.0), (61.01, 61.0), (3601.5, 601.0), (200.0, 3.0)])
def test_stretches_of_a_recording_never_overlap(duration_s, most_s):
    stretches = _stretches(duration_s, most_s)
    assert all(until_s <= start_s for (_, until_s), (start_s, _) in pairwise(stretches))
    assert sum(until_s - start_s for start_s, until_s in stretches) <= most_s


def test_seconds_without_anybody_come_before_and_between_those_with_faces(tmp_path):
    video = people_video(tmp_path / "late.mp4", [0, 5, 0, 5], side=96)
    looked = see_faces(
        video,
        detector=load_detector(doubtful=True),
        scorers=[load_scorer("expressionnet")],
        minutes=1,
        interval_s=2,
    )
    (device,) = looked.runs
    assert looked.seconds == 4
    assert sum(scores is not None for scores in device.scores.values()) == len(looked.track) == 10


# The command


def test_device_and_cloud_are_compared_on_one_page(account, video, capsys):
    before = account.rekognition.counts()
    assert run(["compare-scorers", str(video), "--yes", "--json"]) == 0
    after = account.rekognition.counts()
    out, err = capsys.readouterr()
    told = json.loads(out)
    device, rekognition = told["scorers"]
    assert (device["place"], rekognition["place"], rekognition["name"]) == ("device", "cloud", "rekognition-1")
    assert rekognition["calls"] == after.calls - before.calls == 2
    assert rekognition["bytes"] == after.picture_bytes - before.picture_bytes
    assert (device["pictures"], rekognition["pictures"], told["compared"]) == (0, PEOPLE * SECONDS, PEOPLE * SECONDS)
    assert told["pairs"][0]["by_expression"]["smile"]["same"] == 1
    # Said before anything was sent.
    assert f"{PEOPLE * SECONDS} faces" in err
    assert "account 123456789012" in err
    assert "$0.002" in err
    page = Path("people-scorers.html").read_text()
    assert device["name"] in page
    assert "rekognition-1" in page
    assert not re.search(r"(src|href)=|<script|url\((?!data:font/)", page)
    assert [file.name for file in Path().iterdir()] == ["people-scorers.html"]


def test_a_model_of_ones_own_is_a_third(account, video, capsys):
    model = own_model(Path("own.onnx"))
    assert run(["compare-scorers", str(video), "--model", str(model), "--yes", "--to", "all.html"]) == 0
    out = capsys.readouterr().out
    own = load_scorer("expressionnet", model=model).name
    assert out.count(own) >= 3, "beside both others and in the table of costs"
    assert own in Path("all.html").read_text()


def test_without_the_cloud_nothing_is_sent_and_nobody_is_asked(account, video):
    before = account.rekognition.counts().calls
    model = own_model(Path("own.onnx"))
    words = ["--scorer", "expressionnet", "--scorer", "own", "--model", str(model)]
    assert run(["compare-scorers", str(video), *words]) == 0
    assert account.rekognition.counts().calls == before


def test_another_address_of_rekognition_is_asked_alone(cloud, video, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    for name in cloud.environment:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    before = cloud.rekognition.counts().calls
    words = ["--endpoint-url", cloud.rekognition.endpoint, "--region", "eu-west-1", "--yes"]
    assert run(["compare-scorers", str(video), *words]) == 0
    assert cloud.rekognition.counts().calls == before + 2
    assert cloud.rekognition.endpoint in capsys.readouterr().err
    assert cloud.rekognition.endpoint in Path("people-scorers.html").read_text()


def test_nothing_is_sent_without_a_yes(account, video, monkeypatch, capsys):
    before = account.rekognition.counts().calls
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert run(["compare-scorers", str(video)]) == 1
    assert "Nothing was sent." in capsys.readouterr().err
    assert account.rekognition.counts().calls == before
    assert list(Path().iterdir()) == []


def test_what_was_compared_before_the_service_failed_is_reported(account, video, capsys):
    score_all = CloudScoring.score

    def running_out(self: CloudScoring, on_progress: Any) -> None:
        def answered(calls: int) -> None:
            account.rekognition.fail_next(3, "AccessDeniedException")

        score_all(self, answered)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(CloudScoring, "score", running_out)
        assert run(["compare-scorers", str(video), "--yes", "--json"]) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["compared"] == 2 * PEOPLE
    assert "allow rekognition:DetectFaces" in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--setting", "workplace", "--country", "FR"], "must not be scored"),
        (["--scorer", "rekognition"], "--scorer"),
        (["--scorer", "expressionnet", "--scorer", "own"], "--model"),
        (["--to", "page.pdf"], "page.pdf"),
        (["--to", "nowhere/page.html"], "nowhere"),
        (["--minutes", "nan"], "nan"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(account, video, capsys, words, says):
    before = account.rekognition.counts().calls
    assert run(["compare-scorers", str(video), "--yes", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
    assert account.rekognition.counts().calls == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere.mp4"], "nowhere.mp4"),
        (["{video}", "--model", "nowhere.onnx"], "nowhere.onnx"),
        (["{video}", "--model", "{included}"], "itself"),
        (["{video}"], "region"),
    ],
)
def test_bad_input_is_named_before_an_account_is_asked_for(video, monkeypatch, tmp_path, capsys, words, says):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    given = [word.format(video=video, included=_included()) for word in words]
    assert run(["compare-scorers", *given]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


def test_the_included_model_is_not_compared_with_itself(account, video, capsys):
    words = ["--scorer", "expressionnet", "--scorer", "own", "--model", _included()]
    assert run(["compare-scorers", str(video), *words]) == 2
    assert "itself" in capsys.readouterr().err


def _included() -> str:
    from importlib import resources

    return str(resources.files("edge_lambda") / "models" / "expressionnet.onnx")
