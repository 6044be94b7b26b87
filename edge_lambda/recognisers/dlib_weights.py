"""Converts dlib's face recognition network from dlib's own file format to ONNX, without dlib.

The network is a ResNet of 29 convolutions that turns an aligned face of 150x150 pixels into 128 numbers (King, "High
Quality Face Recognition with Deep Metric Learning", 2017, https://blog.dlib.net/2017/02/). Its structure is that of
`anet_type` in dlib's examples/dnn_face_recognition_ex.cpp. Layers lie in the file in the order in which they are
computed, each as its name and then its weights (dlib/dnn/tensor.h, `serialize`).

Three things are folded into the convolutions: the affine layers behind them, the mean and scale of the input, and the
order of the colour channels. Each output channel's weights are then kept as 8-bit integers and one scale, which makes
the file a quarter as large; onnxruntime turns them back into floats once, when it loads the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lambda.onnx_writer import OnnxWriter

SIZE: Final = 128
"""Numbers that the network gives for a face."""

GIVEN: Final = "crops"
"""Name of the model's input: n x 150 x 150 x 3, uint8, BGR."""

_Floats = NDArray[np.float32]

# dlib's input_rgb_image: the mean of red, green and blue is subtracted, the rest divided by 256.
_INPUT_MEAN = np.array([122.782, 117.001, 104.298])
# Residual blocks in the order of computation: filters, and whether the block halves the sides.
_BLOCKS = (
    *((32, False),) * 3,
    *((64, True), (64, False), (64, False), (64, False)),
    *((128, True), (128, False), (128, False)),
    *((256, True), (256, False), (256, False)),
    (256, True),
)


@dataclass(frozen=True, slots=True)
class _Convolution:
    """A convolution with the affine layer behind it folded in.

    Attributes:
        weights: filters x channels x rows x columns.
        bias: filters.
    """

    weights: _Floats
    bias: _Floats


def to_onnx(content: bytes) -> bytes:
    """Converts the network.

    Args:
        content: dlib_face_recognition_resnet_model_v1.dat.

    Returns:
        A serialised ONNX model: input `GIVEN`, output n x SIZE float32, not normalised.

    Raises:
        ValueError: the file holds other layers than this network has.
    """
    convolutions = _convolutions(content)
    graph = OnnxWriter("dlib-resnet")
    first = _with_input_folded(next(convolutions))
    pixels = graph.node("Transpose", GIVEN, perm=[0, 3, 1, 2])
    at = _convolution(graph, graph.node("Cast", pixels, to=1), first, stride=2)
    at = graph.node("MaxPool", graph.node("Relu", at), kernel_shape=[3, 3], strides=[2, 2])
    channels, side = 32, 35
    for filters, halves in _BLOCKS:
        side_before, stride = side, 2 if halves else 1
        branch = graph.node("Relu", _convolution(graph, at, next(convolutions), stride=stride))
        branch = _convolution(graph, branch, next(convolutions), stride=1)
        if halves:
            at = graph.node("AveragePool", at, kernel_shape=[2, 2], strides=[2, 2])
            # A 3x3 convolution in steps of two may end one pixel before 2x2 pooling does; dlib adds what is missing as
            # 0.
            side, of_branch = (side_before - 2) // 2 + 1, (side_before - 3) // 2 + 1
            at = _padded(graph, at, channels=filters - channels, side=0)
            branch = _padded(graph, branch, channels=0, side=side - of_branch)
        channels = filters
        at = graph.node("Relu", graph.node("Add", branch, at))
    flat = graph.node("Flatten", graph.node("GlobalAveragePool", at), axis=1)
    projection = graph.weights(_fully_connected(content))
    if next(convolutions, None) is not None:
        raise ValueError("not dlib's face recognition network: it has more convolutions")
    return graph.model(given=GIVEN, given_type="uint8", result=graph.node("MatMul", flat, projection))


def _convolution(graph: OnnxWriter, at: str, convolution: _Convolution, *, stride: int) -> str:
    """Adds a convolution with 8-bit weights; dlib pads the input where the stride is 1."""
    weights = convolution.weights
    scale = np.abs(weights).max(axis=(1, 2, 3), keepdims=True) / np.float32(127)
    quantised = np.rint(weights / scale).astype(np.int8)
    # Not DequantizeLinear: onnxruntime would compute it in every run, and folds these two.
    floats = graph.node("Mul", graph.node("Cast", graph.weights(quantised), to=1), graph.weights(scale))
    around = weights.shape[2] // 2 if stride == 1 else 0
    bias = graph.weights(convolution.bias)
    return graph.node("Conv", at, floats, bias, strides=[stride] * 2, pads=[around] * 4, kernel_shape=weights.shape[2:])


def _padded(graph: OnnxWriter, at: str, *, channels: int, side: int) -> str:
    """Adds channels of zeros, and rows and columns of zeros at the bottom and right; nothing where both are 0."""
    if not channels and not side:
        return at
    return graph.node("Pad", at, graph.weights(np.array([0, 0, 0, 0, 0, channels, side, side], np.int64)))


def _with_input_folded(convolution: _Convolution) -> _Convolution:
    """The first convolution for pixels of 0..255 in the order blue, green, red; dlib pads nothing here."""
    # In float64, so that the order of summation, which differs between machines, does not show.
    mean = (convolution.weights.astype(np.float64) * (_INPUT_MEAN / 256)[:, None, None]).sum(axis=(1, 2, 3))
    bias = (convolution.bias - mean).astype(np.float32)
    return _Convolution(convolution.weights[:, ::-1] * np.float32(1 / 256), bias)


def _convolutions(content: bytes) -> Iterator[_Convolution]:
    """Every convolution in the order of computation, the affine layer behind it folded in."""
    filters = _layers(content, b"\x01\x05con_4")
    affine = _layers(content, b"\x01\x07affine_")
    shapes = [(32, 3, 7)]
    channels = 32
    for size, _ in _BLOCKS:
        shapes += [(size, channels, 3), (size, size, 3)]
        channels = size
    for (count, depth, side), weights, factors in zip(shapes, filters, affine, strict=True):
        if weights.size != count * (depth * side**2 + 1) or factors.size != 2 * count:
            raise ValueError("not dlib's face recognition network: a layer has another size")
        kernel, bias = weights[:-count].reshape(count, depth, side, side), weights[-count:]
        gamma, beta = factors.reshape(2, count)
        yield _Convolution(kernel * gamma[:, None, None, None], bias * gamma + beta)


def _fully_connected(content: bytes) -> _Floats:
    """The last layer's weights, channels x SIZE."""
    (weights,) = _layers(content, b"\x01\x04fc_2", skipped=2)
    return weights.reshape(-1, SIZE)


def _layers(content: bytes, name: bytes, *, skipped: int = 0) -> Iterator[_Floats]:
    """The weights of every layer of one kind, flat.

    Args:
        content: the whole file.
        name: how each such layer begins.
        skipped: integers between the name and the weights.
    """
    at = content.find(name)
    while at >= 0:
        at += len(name)
        # The integers before, the version of the tensor, its four sizes.
        numbers = []
        for _ in range(skipped + 5):
            value, at = _integer(content, at)
            numbers.append(value)
        count = int(np.prod(numbers[-4:]))
        weights = np.frombuffer(content, "<f4", count, at)
        at += 4 * count
        yield weights.astype(np.float32)
        at = content.find(name, at)


def _integer(content: bytes, at: int) -> tuple[int, int]:
    """An integer as dlib writes it: how many bytes follow (and its sign, in the highest bit), then those bytes."""
    length = content[at] & 0x0F
    return int.from_bytes(content[at + 1 : at + 1 + length], "little"), at + 1 + length
