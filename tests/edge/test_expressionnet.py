"""ExpressionNet as it ships: the promises of the `Scorer` port, and a real smile."""

from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from audience.errors import ScorerUnavailable
from edge_lambda.crops import SCORING, crop_for_scoring
from edge_lambda.detectors import Detection, Image
from edge_lambda.scorers import Scorer, load_scorer
from edge_lambda.scorers.expressionnet import BATCH, ExpressionNet
from tests.own_model import own_model

EXPRESSIONS = ("happy", "surprised", "calm", "sad", "angry", "disgusted", "fear", "contempt", "smile")


@pytest.fixture(scope="module")
def scorer() -> ExpressionNet:
    return ExpressionNet()


@pytest.fixture(scope="module")
def astronaut() -> Image:
    """Eileen Collins, smiling at the camera."""
    return np.asarray(cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR), dtype=np.uint8)


@pytest.fixture(scope="module")
def smiling(astronaut: Image) -> Image:
    box = Detection(left=175, top=62, width=98, height=124, confidence=0.9)
    return crop_for_scoring(astronaut, box)


def noise(count: int, side: int = SCORING.size) -> list[Image]:
    return list(np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8))


def column(scorer: Scorer, expression: str) -> int:
    return scorer.expressions.index(expression)


def test_it_scores_the_eight_expressions_of_its_labels_and_smile(scorer: ExpressionNet) -> None:
    assert scorer.expressions == EXPRESSIONS
    assert set(scorer.thresholds) == set(EXPRESSIONS)
    assert all(0 < threshold < 1 for threshold in scorer.thresholds.values())


def test_its_name_holds_the_version_and_the_start_of_the_models_hash(scorer: ExpressionNet) -> None:
    name, digest = scorer.name.split("+")
    assert name.startswith("expressionnet-")
    assert len(digest) == 8
    assert int(digest, 16) >= 0


def test_what_was_measured_on_too_few_faces_is_marked_experimental(scorer: ExpressionNet) -> None:
    assert {"disgusted", "contempt"} <= scorer.experimental
    assert scorer.experimental.isdisjoint({"happy", "smile", "calm", "surprised", "sad", "angry"})


def test_a_smile_is_a_happy_face(scorer: ExpressionNet) -> None:
    scores = scorer.score(noise(5))
    assert np.array_equal(scores[:, column(scorer, "smile")], scores[:, column(scorer, "happy")], equal_nan=True)
    assert scorer.thresholds["smile"] == scorer.thresholds["happy"]


def test_the_astronaut_smiles(scorer: ExpressionNet, smiling: Image) -> None:
    confidence = scorer.score([smiling])[0, column(scorer, "smile")]
    assert confidence > 0.9
    assert confidence >= scorer.thresholds["smile"]


@pytest.mark.parametrize("box_height", [24, 32, 48])
def test_the_astronaut_smiles_from_afar(scorer: ExpressionNet, smiling: Image, box_height: int) -> None:
    pixels = round(box_height * SCORING.scale)
    afar = cv2.resize(smiling, (pixels, pixels), interpolation=cv2.INTER_AREA)
    assert scorer.score([afar])[0, column(scorer, "smile")] >= scorer.thresholds["smile"]


@pytest.mark.parametrize("light", [0.4, 0.7, 1.2])
def test_the_astronaut_smiles_in_any_light(scorer: ExpressionNet, smiling: Image, light: float) -> None:
    lit = np.clip(smiling * light, 0, 255).astype(np.uint8)
    assert scorer.score([lit])[0, column(scorer, "smile")] >= scorer.thresholds["smile"]


def test_a_mirror_changes_little(scorer: ExpressionNet, smiling: Image) -> None:
    straight, mirrored = scorer.score([smiling, np.ascontiguousarray(smiling[:, ::-1])])
    assert straight == pytest.approx(mirrored, abs=0.1)


def test_it_abstains_where_the_mouth_is_covered(scorer: ExpressionNet, smiling: Image) -> None:
    masked = smiling.copy()
    masked[SCORING.size * 55 // 100 :, 6:-6] = (200, 190, 180)
    assert np.isnan(scorer.score([masked])).all()
    dark_glasses = smiling.copy()
    dark_glasses[SCORING.size // 4 : SCORING.size * 45 // 100, 4:-4] = 15
    assert np.isfinite(scorer.score([smiling, dark_glasses])).all()


def test_whom_it_abstains_from_can_still_be_read(scorer: ExpressionNet, smiling: Image) -> None:
    masked = smiling.copy()
    masked[SCORING.size * 55 // 100 :] = 128
    confidences, covered = scorer.read([smiling, masked])
    assert confidences.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert covered[0] < 0.2 < 0.8 < covered[1]


def test_confidences_are_between_0_and_1_and_those_of_the_labels_sum_to_1(scorer: ExpressionNet) -> None:
    black, white = (np.full((SCORING.size, SCORING.size, 3), level, dtype=np.uint8) for level in (0, 255))
    confidences, covered = scorer.read([*noise(20), black, white])
    for values in (confidences, covered):
        assert np.isfinite(values).all()
        assert values.min() >= 0
        assert values.max() <= 1
    assert confidences.sum(axis=1) == pytest.approx(1, abs=1e-4)


def test_no_faces_give_no_scores(scorer: ExpressionNet) -> None:
    scores = scorer.score([])
    assert scores.shape == (0, len(EXPRESSIONS))
    assert scores.dtype == np.float32


def test_a_face_is_scored_the_same_alone_and_in_a_crowd(scorer: ExpressionNet) -> None:
    crowd = noise(BATCH + 3)
    together = scorer.score(crowd)
    for at in (0, BATCH - 1, BATCH, BATCH + 2):
        assert scorer.score([crowd[at]])[0] == pytest.approx(together[at], abs=1e-4, nan_ok=True)


def test_two_threads_say_the_same_as_one(scorer: ExpressionNet) -> None:
    assert ExpressionNet(threads=2).score(noise(8)) == pytest.approx(scorer.score(noise(8)), abs=1e-4, nan_ok=True)


def test_a_missing_model_is_reported_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ScorerUnavailable, match=r"absent\.onnx is missing"):
        ExpressionNet(model=tmp_path / "absent.onnx")


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x09" * 400])
def test_a_damaged_model_is_reported_in_one_line(tmp_path: Path, content: bytes) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(content)
    assert "damaged.onnx" in complaint(damaged)


def complaint(model: Path) -> str:
    """The one line with which a model file is refused."""
    with pytest.raises(ScorerUnavailable) as caught:
        ExpressionNet(model=model)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_model_of_ones_own_scores_under_a_name_with_its_own_hash(
    tmp_path: Path, scorer: ExpressionNet, smiling: Image
) -> None:
    own = load_scorer("expressionnet", model=own_model(tmp_path / "own.onnx"))
    assert own.name.partition("+")[0] == scorer.name.partition("+")[0]
    assert own.name.endswith(own.model_sha256[:8])
    assert own.model_sha256 != scorer.model_sha256
    assert own.score([smiling]) == pytest.approx(scorer.score([smiling]))


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    assert str(tmp_path) in complaint(tmp_path)


def test_a_network_that_is_no_scorer_is_refused() -> None:
    detector = resources.files("edge_lambda") / "models" / "centerface.onnx"
    assert "classes" in complaint(Path(str(detector)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('"happy"', '"hoppy"'), "happy"),
        (('"calm"', '"numb"'), "'numb'"),
        (("thresholds", "thresholdz"), "thresholds"),
    ],
)
def test_metadata_that_do_not_fit_are_reported_by_what_is_wrong(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    assert says in complaint(own_model(tmp_path / "other.onnx", change))


def test_a_model_trained_on_other_crops_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = type(SCORING)(scale=SCORING.scale + 0.1, down=SCORING.down, size=SCORING.size)
    monkeypatch.setattr("edge_lambda.scorers.expressionnet.SCORING", other)
    with pytest.raises(ScorerUnavailable, match="other crops"):
        ExpressionNet()
