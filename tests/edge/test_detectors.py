"""What every detector promises, whatever finds the faces."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import platformdirs
import pooch
import pytest
import skimage.data

from audience.errors import ModelUnavailable, UnknownDetector
from edge_lambda.detectors import DETECTORS, DOUBTFUL, SURE, Detection, Detector, Image
from edge_lambda.detectors.boxes import Boxes, overlap
from edge_lambda.detectors.libfacedetection_network import to_onnx
from edge_lambda.detectors.load import load_detector
from edge_lambda.detectors.second_look import MOST_FACES, Thresholds, tiles
from tests.portraits import portrait
from training.corpus import data_folder

YUNET_MODEL = data_folder() / "models" / "yunet_n_320_320.onnx"


@pytest.fixture(
    scope="module",
    params=["libfacedetection", "centerface", "haar", pytest.param("yunet", marks=pytest.mark.real)],
)
def detector(request: pytest.FixtureRequest) -> Detector:
    if request.param == "yunet" and not YUNET_MODEL.is_file():
        pytest.skip(f"YuNet's model is not at {YUNET_MODEL}")
    return load_detector(request.param, yunet_model=YUNET_MODEL)


@pytest.fixture(scope="module")
def centerface() -> Detector:
    return load_detector("centerface")


@pytest.fixture(scope="module")
def libfacedetection() -> Detector:
    return load_detector("libfacedetection")


@pytest.fixture(scope="module")
def doubting() -> Detector:
    return load_detector("centerface", doubtful=True)


def only(faces: list[Detection]) -> Detection:
    assert len(faces) == 1
    return faces[0]


def box(face: Detection) -> list[float]:
    return [face.left, face.top, face.width, face.height]


def in_a_hall(faces: int, *, side: int) -> Image:
    """Portraits of one size in rows on a plain ground, ten to a row."""
    image = np.full(((faces + 9) // 10 * side, 10 * side, 3), 60, np.uint8)
    for place in range(faces):
        top, left = place // 10 * side, place % 10 * side
        image[top : top + side, left : left + side] = portrait(side)
    return image


def many_people(count: int, *, side: int) -> Image:
    """Faces of as many people in rows on a plain ground, eight to a row."""
    faces = (skimage.data.lfw_subset()[:count] * 255).astype(np.uint8)
    apart = side * 8 // 5
    image = np.full(((count + 7) // 8 * apart, 8 * apart, 3), 60, np.uint8)
    for place, face in enumerate(faces):
        top, left = place // 8 * apart, place % 8 * apart
        enlarged = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
        image[top : top + side, left : left + side] = enlarged[..., None]
    return image


class TestEveryDetector:
    def test_finds_the_face_of_a_portrait_from_forehead_to_chin(self, detector: Detector) -> None:
        face = only(detector.detect(portrait(300)))
        assert box(face) == pytest.approx([108, 61, 90, 118], abs=22)  # as three detectors and the eye see it

    def test_boxes_scale_with_the_image(self, detector: Detector) -> None:
        small = np.array(box(only(detector.detect(portrait(240)))))
        large = np.array(box(only(detector.detect(portrait(480)))))
        assert large / 2 == pytest.approx(small, abs=12)

    def test_boxes_move_with_the_face(self, detector: Detector) -> None:
        image = np.full((500, 640, 3), 60, np.uint8)
        image[150:450, 300:600] = portrait(300)
        moved, still = only(detector.detect(image)), only(detector.detect(portrait(300)))
        assert box(moved) == pytest.approx(np.add(box(still), [300, 150, 0, 0]), abs=15)

    def test_an_image_of_another_size_does_not_disturb_the_next(self, detector: Detector) -> None:
        first = detector.detect(portrait(200))
        detector.detect(portrait(333))
        assert detector.detect(portrait(200)) == first

    def test_the_image_is_left_as_it_was(self, detector: Detector) -> None:
        image = portrait(200)
        before = image.copy()
        detector.detect(image)
        assert np.array_equal(image, before)

    @pytest.mark.parametrize("shape", [(1, 1), (2, 3), (31, 33), (3, 400), (400, 3), (33, 1000), (240, 320)])
    @pytest.mark.parametrize("level", [0, 127, 255])
    def test_sees_nobody_in_a_plain_image_of_any_size(
        self, detector: Detector, shape: tuple[int, int], level: int
    ) -> None:
        assert detector.detect(np.full((*shape, 3), level, np.uint8)) == []

    @pytest.mark.parametrize("shape", [(0, 0, 3), (0, 10, 3), (10, 0, 3)])
    def test_sees_nobody_in_an_empty_image(self, detector: Detector, shape: tuple[int, int, int]) -> None:
        assert detector.detect(np.zeros(shape, np.uint8)) == []

    def test_sees_nobody_in_noise(self, detector: Detector) -> None:
        assert detector.detect(np.random.default_rng(1).integers(0, 256, (215, 313, 3), np.uint8)) == []

    def test_finds_a_face_in_gray(self, detector: Detector) -> None:
        gray = cv2.cvtColor(cv2.cvtColor(portrait(300), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        only(detector.detect(np.asarray(gray, dtype=np.uint8)))

    def test_finds_a_face_in_an_image_that_is_a_view_of_another(self, detector: Detector) -> None:
        frame = np.zeros((400, 500, 3), np.uint8)
        frame[50:350, 100:400] = portrait(300)
        only(detector.detect(frame[40:360, 90:410]))

    def test_finds_faces_to_differ_from_of_a_row_and_gives_the_surest_first(self, detector: Detector) -> None:
        faces = detector.detect(np.hstack([portrait(200), portrait(250)[:200], portrait(200)]))
        assert len(faces) == 3
        assert [face.confidence for face in faces] == sorted((face.confidence for face in faces), reverse=True)
        assert all(SURE <= face.confidence <= 1 for face in faces)

    def test_landmarks_lie_as_the_port_says(self, detector: Detector) -> None:
        face = only(detector.detect(portrait(300)))
        if face.landmarks is None:
            pytest.skip(f"{detector.name} gives no landmarks")
        left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
        assert left_eye[0] < nose[0] < right_eye[0]
        assert left_mouth[0] < nose[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
        assert all(
            face.left <= x <= face.left + face.width and face.top <= y <= face.top + face.height
            for x, y in face.landmarks
        )

    def test_a_very_large_image_is_answered_in_its_own_pixels(self, detector: Detector) -> None:
        image = np.full((2160, 3840, 3), 60, np.uint8)
        image[1000:1600, 2000:2600] = portrait(600)
        face = only(detector.detect(image))
        assert box(face) == pytest.approx([2216, 1122, 180, 236], abs=44)

    def test_the_name_says_the_version(self, detector: Detector) -> None:
        assert detector.name.rpartition("-")[2].isdigit()


class TestCenterFace:
    def test_a_small_face_is_found_at_the_second_look(self, centerface: Detector) -> None:
        image = np.full((360, 640, 3), 60, np.uint8)
        image[100:140, 300:340] = portrait(40)
        face = only(centerface.detect(image))
        assert face.height == pytest.approx(17, abs=4)

    def test_a_hall_of_small_faces_is_seen_to_the_last(self, centerface: Detector) -> None:
        assert len(centerface.detect(in_a_hall(40, side=48))) == 40

    def test_a_hall_full_of_doubtful_faces_costs_no_more_than_a_bounded_second_look(
        self, centerface: Detector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        candidate = []

        def counted(image: Image, boxes: Boxes) -> list[Image]:
            candidate.append(len(boxes))
            return tiles(image, boxes)

        monkeypatch.setattr("edge_lambda.detectors.second_look.tiles", counted)
        assert len(centerface.detect(in_a_hall(100, side=50))) >= MOST_FACES
        assert candidate == [MOST_FACES]

    def test_sure_faces_cost_no_second_look(self, centerface: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("edge_lambda.detectors.second_look.tiles", None)
        only(centerface.detect(portrait(300)))

    def test_a_face_cut_by_the_edge_is_found(self, centerface: Detector) -> None:
        assert only(centerface.detect(portrait(300)[:, :170])).left > 80

    @pytest.mark.parametrize("right", [150, 158, 165])
    @pytest.mark.parametrize("bottom", [110, 120, 300])
    def test_no_face_has_its_centre_outside_the_image(self, doubting: Detector, right: int, bottom: int) -> None:
        for face in doubting.detect(portrait(300)[:bottom, :right]):
            assert 0 <= face.left + face.width / 2 < right
            assert 0 <= face.top + face.height / 2 < bottom

    def test_faces_too_doubtful_to_count_are_for_those_who_ask(self, centerface: Detector, doubting: Detector) -> None:
        blurred = np.asarray(cv2.GaussianBlur(portrait(300), (0, 0), 11.5), dtype=np.uint8)
        assert centerface.detect(blurred) == []
        assert DOUBTFUL <= only(doubting.detect(blurred)).confidence < SURE
        assert doubting.detect(portrait(300)) == centerface.detect(portrait(300))

    @pytest.mark.parametrize("wrong", [{"candidate": 0.0}, {"candidate": 0.55}, {"kept": 0.7}, {"certain": 1.1}])
    def test_thresholds_out_of_order_are_refused(self, wrong: dict[str, float]) -> None:
        with pytest.raises(ValueError, match="thresholds must rise"):
            Thresholds(**wrong)

    def test_one_thread_finds_the_same_faces(self, centerface: Detector) -> None:
        one = only(load_detector("centerface", threads=1).detect(portrait(200)))
        assert box(one) == pytest.approx(box(only(centerface.detect(portrait(200)))), abs=0.1)


class TestLibFaceDetection:
    @pytest.mark.parametrize("side", [48, 104])
    def test_its_boxes_are_those_that_scorers_are_trained_on(
        self, libfacedetection: Detector, centerface: Detector, side: int
    ) -> None:
        """A crop is a multiple of the box's height, so that height is CenterFace's, whose boxes the scorer knows."""
        image = many_people(24, side=side)
        ours, trained_on = (
            np.array([box(face) for face in detector.detect(image)]) for detector in (libfacedetection, centerface)
        )
        rows, columns = np.nonzero(overlap(ours, trained_on) > 0.4)
        assert len(rows) >= 22
        ours, trained_on = ours[rows], trained_on[columns]
        heights = trained_on[:, 3]
        assert np.median(ours[:, 3] / heights) == pytest.approx(1, abs=0.04)
        middles = (ours[:, :2] + ours[:, 2:] / 2) - (trained_on[:, :2] + trained_on[:, 2:] / 2)
        assert np.abs(np.median(middles / heights[:, None], axis=0)).max() < 0.03

    def test_landmarks_lie_where_centerface_sees_them(self, libfacedetection: Detector, centerface: Detector) -> None:
        ours, theirs = only(libfacedetection.detect(portrait(300))), only(centerface.detect(portrait(300)))
        assert ours.landmarks is not None
        assert theirs.landmarks is not None
        assert np.abs(np.subtract(ours.landmarks, theirs.landmarks)).max() < 0.08 * theirs.height

    @pytest.mark.parametrize("side", [24, 30])
    def test_a_face_of_ten_pixels_in_a_small_picture_is_found(self, libfacedetection: Detector, side: int) -> None:
        image = np.full((270, 480, 3), 60, np.uint8)
        image[100 : 100 + side, 300 : 300 + side] = portrait(side)
        assert only(libfacedetection.detect(image)).height == pytest.approx(0.39 * side, abs=3)

    def test_faces_too_doubtful_to_count_are_for_those_who_ask(self, libfacedetection: Detector) -> None:
        doubting, doubtful = load_detector("libfacedetection", doubtful=True), 0
        for blur in np.arange(6.0, 6.6, 0.05):
            image = np.asarray(cv2.GaussianBlur(portrait(160), (0, 0), float(blur)), dtype=np.uint8)
            found = doubting.detect(image)
            assert libfacedetection.detect(image) == [face for face in found if face.confidence >= SURE]
            assert all(face.confidence >= DOUBTFUL for face in found)
            doubtful += sum(face.confidence < SURE for face in found)
        assert doubtful

    def test_no_face_has_its_centre_outside_the_image(self) -> None:
        doubting = load_detector("libfacedetection", doubtful=True)
        for right in (150, 158, 165):
            for face in doubting.detect(portrait(300)[:120, :right]):
                assert 0 <= face.left + face.width / 2 < right
                assert 0 <= face.top + face.height / 2 < 120

    def test_weights_of_another_network_are_refused(self) -> None:
        header = b'{"backbone__model0_pw_bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
        content = len(header).to_bytes(8, "little") + header + bytes(4)
        with pytest.raises(ValueError, match="not libfacedetection's weights"):
            to_onnx(content)


@pytest.mark.parametrize(
    ("name", "file"), [("libfacedetection", "libfacedetection.safetensors"), ("centerface", "centerface.onnx")]
)
class TestWeightsInThePackage:
    def test_says_what_to_do_where_they_are_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, file: str
    ) -> None:
        monkeypatch.setattr(resources, "files", lambda package: tmp_path)
        with pytest.raises(ModelUnavailable, match=f"{file} is missing: install Houselights again"):
            load_detector(name)

    def test_others_than_the_ones_the_name_stands_for_are_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, file: str
    ) -> None:
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / file).write_bytes(b"another model")
        monkeypatch.setattr(resources, "files", lambda package: tmp_path)
        with pytest.raises(ModelUnavailable, match="not the expected one"):
            load_detector(name)


class TestYuNetsModel:
    """The model file: taken where it lies, fetched once, never used unless it is the one known."""

    @pytest.fixture
    def cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(platformdirs, "user_cache_path", lambda name, **_: tmp_path / name)
        return tmp_path / "houselights" / "models" / "yunet_n_320_320.onnx"

    def fetching(self, monkeypatch: pytest.MonkeyPatch, fetch: Callable[..., str]) -> None:
        monkeypatch.setattr(pooch, "retrieve", fetch)

    def test_a_file_that_is_not_there_is_named_with_where_to_get_it(self, tmp_path: Path) -> None:
        with pytest.raises(ModelUnavailable, match=r"no YuNet model at .*missing\.onnx: download https://"):
            load_detector("yunet", yunet_model=tmp_path / "missing.onnx")

    def test_another_file_than_the_one_known_is_refused(self, tmp_path: Path) -> None:
        other = tmp_path / "other.onnx"
        other.write_bytes(b"not a model")
        with pytest.raises(ModelUnavailable, match="not the expected YuNet model"):
            load_detector("yunet", yunet_model=other)

    def test_a_damaged_file_in_the_cache_is_refused(self, cache: Path) -> None:
        cache.parent.mkdir(parents=True)
        cache.write_bytes(b"half a mod")
        with pytest.raises(ModelUnavailable, match="not the expected YuNet model"):
            load_detector("yunet")

    def test_without_file_and_network_one_line_says_what_to_do(
        self, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def offline(*args: object, **kwargs: object) -> str:
            raise ConnectionError("no network")

        self.fetching(monkeypatch, offline)
        with pytest.raises(ModelUnavailable, match="could not be downloaded: put https://") as error:
            load_detector("yunet")
        assert str(cache) in str(error.value)
        assert "\n" not in str(error.value)

    @pytest.mark.real
    def test_is_fetched_into_the_cache_under_its_hash(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        if not YUNET_MODEL.is_file():
            pytest.skip(f"YuNet's model is not at {YUNET_MODEL}")
        asked: dict[str, object] = {}

        def fetch(url: str, known_hash: str, fname: str, path: Path) -> str:
            asked.update(url=url, known_hash=known_hash)
            path.mkdir(parents=True)
            (path / fname).write_bytes(YUNET_MODEL.read_bytes())
            return str(path / fname)

        self.fetching(monkeypatch, fetch)
        load_detector("yunet")
        assert str(asked["url"]).startswith("https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/")
        assert asked["known_hash"] == f"sha256:{hashlib.sha256(cache.read_bytes()).hexdigest()}"
        asked.clear()
        load_detector("yunet")
        assert not asked, "a model that is in the cache is not fetched again"


class TestLoading:
    def test_an_unknown_name_is_answered_with_the_known_ones(self) -> None:
        with pytest.raises(UnknownDetector, match="'dlib': choose one of libfacedetection, centerface, yunet, haar"):
            load_detector("dlib")

    @pytest.mark.parametrize("name", DETECTORS)
    def test_every_name_offered_is_known(self, name: str, tmp_path: Path) -> None:
        try:
            assert load_detector(name, yunet_model=tmp_path / "none.onnx").name.startswith(name)
        except ModelUnavailable:
            assert name == "yunet"

    def test_importing_the_port_loads_no_heavy_library(self) -> None:
        heavy = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys, edge_lambda.detectors; print({'cv2', 'onnxruntime', 'pooch'} & set(sys.modules))",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert heavy.stdout.strip() == "set()"
