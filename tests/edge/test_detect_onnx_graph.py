"""A rewritten ONNX graph takes any image size, has constant weights, and gives the same output."""

from __future__ import annotations

import numpy as np
import pytest

from edge_lambda.detectors.centerface import WEIGHTS
from edge_lambda.detectors.onnx_graph import with_free_shapes
from edge_lambda.onnx_runtime import load_session

SHAPES = [(1, 3, 32, 32), (1, 3, 64, 160), (2, 3, 96, 32)]


@pytest.fixture(scope="module")
def exported() -> bytes:
    return WEIGHTS.read()


def test_the_net_takes_images_of_any_size_and_number(exported: bytes) -> None:
    net = load_session(with_free_shapes(exported))
    for shape in SHAPES:
        heat = net.run(["537"], {"input.1": np.zeros(shape, np.float32)})[0]
        assert heat.shape == (shape[0], 1, shape[2] // 4, shape[3] // 4)


def test_the_net_answers_as_before(exported: bytes) -> None:
    image = np.random.default_rng(3).uniform(0, 255, (10, 3, 32, 32)).astype(np.float32)  # the size of the export
    before, after = (
        net.run(None, {"input.1": image}) for net in (load_session(exported), load_session(with_free_shapes(exported)))
    )
    for old, new in zip(before, after, strict=True):
        assert new == pytest.approx(old, abs=1e-4)


def test_only_the_image_is_left_as_an_input(exported: bytes) -> None:
    net = load_session(with_free_shapes(exported))
    assert [given.name for given in net.get_inputs()] == ["input.1"]
    assert [answer.name for answer in net.get_outputs()] == ["537", "538", "539", "540"]
    assert not net.get_overridable_initializers(), "a weight that may change cannot be folded"


def test_rewriting_twice_changes_nothing_more(exported: bytes) -> None:
    once = with_free_shapes(exported)
    assert with_free_shapes(once) == once


@pytest.mark.parametrize("damaged", [b"\xff", b"\x3a\x05ab", b"\x07", b"\x3a\xff\xff"])
def test_bytes_that_are_no_model_are_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="not a protobuf message"):
        with_free_shapes(damaged)
