"""The watch page's script scores a picture as cameras do: the same models, box, crop and confidences. In Node.js."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from dashboard.pages.watch.models import can_measure
from edge_lambda.crops import crop_for_scoring, unscored
from edge_lambda.detectors import Image
from edge_lambda.detectors.load import load_detector
from edge_lambda.scorers.expressionnet import ExpressionNet
from tests.portraits import portrait

ROOT = Path(__file__).parents[2]
HOW_TO = "Node.js and onnxruntime-web are needed: install Node.js 20 or newer with npm, then Houselights again"
ALIKE = 0.02


def pictures() -> dict[str, Image]:
    face = np.asarray(cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR), dtype=np.uint8)
    webcam = np.full((480, 640, 3), 60, np.uint8)
    webcam[:, 60:540] = cv2.resize(face, (480, 480), interpolation=cv2.INTER_AREA)
    larger = np.full((720, 1280, 3), 60, np.uint8)
    larger[100:612, 300:812] = face
    covered = portrait(300)
    covered[170:230, 80:220] = (200, 180, 120)
    return {
        "small": portrait(96),
        "portrait": portrait(200),
        "webcam": webcam,
        "1280 x 720": larger,
        "mirrored": np.ascontiguousarray(face[:, ::-1]),
        "dark": np.asarray(face * 0.4, dtype=np.uint8),
        "at the edge": np.ascontiguousarray(face[60:, 130:300]),
        "covered": covered,
        "nobody": np.full((480, 640, 3), 90, np.uint8),
    }


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """What the script finds on each picture."""
    node = shutil.which("node")
    if node is None or not can_measure():
        if os.environ.get("CI") == "true":
            pytest.fail(HOW_TO)
        pytest.skip(HOW_TO)
    folder = tmp_path_factory.mktemp("scoring")
    with (folder / "models").open("wb") as file:
        subprocess.run([sys.executable, "-m", "edge_lambda.browser_models"], cwd=ROOT, stdout=file, check=True)
    (folder / "pictures.json").write_text(
        json.dumps(
            [
                {"width": one.shape[1], "height": one.shape[0], "bgr": base64.b64encode(one.tobytes()).decode()}
                for one in pictures().values()
            ]
        )
    )
    command = [
        node,
        "tests/node/score_pictures.mjs",
        "dashboard/pages/watch",
        folder / "models",
        folder / "pictures.json",
    ]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    return dict(zip(pictures(), json.loads(printed), strict=True))


def test_a_picture_gets_the_scores_that_a_camera_gives_it(seen: dict[str, dict]) -> None:
    detector, scorer = load_detector(threads=1), ExpressionNet()
    for name, picture in pictures().items():
        faces = [face for face in detector.detect(picture) if not unscored(face)]
        if not faces:
            assert seen[name]["scores"] is None, name
            continue
        face = max(faces, key=lambda one: one.height)
        found = seen[name]["face"]
        assert found is not None, name
        box = [face.left, face.top, face.width, face.height]
        assert [found[side] for side in ("left", "top", "width", "height")] == pytest.approx(box, abs=0.2), name
        (scores,) = scorer.score([crop_for_scoring(picture, face)])
        if np.isnan(scores).any():
            assert seen[name]["why"] == "covered", name
            continue
        by_name = dict(zip(scorer.expressions, scores.tolist(), strict=True))
        for expression, confidence in seen[name]["scores"].items():
            assert confidence == pytest.approx(by_name[expression], abs=ALIKE), (name, expression)


def test_what_cannot_be_read_is_said_and_not_guessed(seen: dict[str, dict]) -> None:
    assert seen["nobody"]["why"] == "none"
    assert seen["webcam"]["scores"]["happy"] > 0.9
    assert seen["dark"]["light"] < seen["mirrored"]["light"] / 2
