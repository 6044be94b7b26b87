"""Makes an ONNX model of libfacedetection's weights.

The structure is that of `objectdetect_cnn` in libfacedetection's src/facedetectcnn-model.cpp: pairs of a 1x1
convolution and a 3x3 convolution of each channel by itself, a feature pyramid of three levels, and four heads on each.

The weights lie in a safetensors file (https://huggingface.co/docs/safetensors), in the library's own order: filters x
channels where a convolution is 1x1, and 3x3 x channels where it is of each channel. The first convolution is 3x3 over
blue, green and red in steps of two, its 27 weights a filter filled up to 32.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lambda.onnx_writer import OnnxWriter

GIVEN: Final = "images"
"""Name of the model's input: n x height x width x 3, uint8, BGR; both sides multiples of 32."""

STRIDES: Final = (8, 16, 32)
"""Side of a cell of each level, pixels, in the order of the output."""

VALUES: Final = 16
"""Values of a cell: logits of class and object, 4 of the box, 10 of the landmarks."""

_HEADS = ("cls", "obj", "bbox", "kps")
_Floats = NDArray[np.float32]


def to_onnx(content: bytes) -> bytes:
    """Makes the model.

    Args:
        content: the safetensors file.

    Returns:
        A serialised ONNX model: input `GIVEN`, output n x VALUES x cells, float32, cells in rows, level by level.

    Raises:
        ValueError: the file holds other arrays than this network has.
    """
    try:
        return _Network(_tensors(content)).model()
    except KeyError as error:
        raise ValueError(f"not libfacedetection's weights: it has no {error.args[0]}") from error


def _tensors(content: bytes) -> dict[str, _Floats]:
    """The arrays of a safetensors file by name, flat."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    places = {name: about["data_offsets"] for name, about in header.items()}
    return {
        name: np.frombuffer(content, "<f4", (end - begin) // 4, 8 + length + begin).astype(np.float32)
        for name, (begin, end) in places.items()
    }


class _Network:
    """Builds the graph."""

    def __init__(self, tensors: Mapping[str, _Floats]) -> None:
        self._tensors = tensors
        self._graph = OnnxWriter("libfacedetection")

    def model(self) -> bytes:
        graph = self._graph
        at = graph.node("Cast", graph.node("Transpose", GIVEN, perm=[0, 3, 1, 2]), to=1)
        at = graph.node("Relu", self._first_convolution(at))
        at = self._halved(self._pair(at, "backbone__model0_dp"))
        at = self._stage(self._stage(at, 1), 2)
        fine = self._stage(self._halved(at), 3)
        middle = self._stage(self._halved(fine), 4)
        coarse = self._pair(self._stage(self._halved(middle), 5), "neck__lateral_convs__2")
        middle = self._pair(graph.node("Add", self._doubled(coarse), middle), "neck__lateral_convs__1")
        fine = self._pair(graph.node("Add", self._doubled(middle), fine), "neck__lateral_convs__0")
        levels = [self._heads(level, features) for level, features in enumerate((fine, middle, coarse))]
        return graph.model(given=GIVEN, given_type="uint8", result=graph.node("Concat", *levels, axis=2))

    def _stage(self, at: str, number: int) -> str:
        for half in (1, 2):
            at = self._pair(at, f"backbone__model{number}_dp{half}")
        return at

    def _heads(self, level: int, features: str) -> str:
        names = [f"bbox_head__multi_level_{head}__{level}" for head in _HEADS]
        outputs = [self._pair(features, name, activated=False) for name in names]
        joined = self._graph.node("Concat", *outputs, axis=1)
        return self._graph.node("Reshape", joined, self._graph.weights(np.array([0, VALUES, -1], np.int64)))

    def _pair(self, at: str, name: str, *, activated: bool = True) -> str:
        """A 1x1 convolution and a 3x3 convolution of each channel."""
        bias = self._tensors[f"{name}_pw_bias"]
        kernel = self._tensors[f"{name}_pw_weight"].reshape(bias.size, -1, 1, 1)
        at = self._convolution(at, kernel, bias)
        kernel = self._tensors[f"{name}_dw_weight"].reshape(9, bias.size).T.reshape(-1, 1, 3, 3)
        at = self._convolution(at, kernel, self._tensors[f"{name}_dw_bias"], group=bias.size)
        return self._graph.node("Relu", at) if activated else at

    def _first_convolution(self, at: str) -> str:
        bias = self._tensors["backbone__model0_pw_bias"]
        filled = self._tensors["backbone__model0_pw_weight"].reshape(bias.size, -1)
        kernel = filled[:, :27].reshape(-1, 3, 3, 3).transpose(0, 3, 1, 2)
        return self._convolution(at, kernel, bias, stride=2)

    def _convolution(self, at: str, kernel: _Floats, bias: _Floats, *, group: int = 1, stride: int = 1) -> str:
        side = kernel.shape[2]
        return self._graph.node(
            "Conv",
            at,
            self._graph.weights(kernel),
            self._graph.weights(bias),
            kernel_shape=[side, side],
            pads=[side // 2] * 4,
            strides=[stride, stride],
            group=group,
        )

    def _halved(self, at: str) -> str:
        return self._graph.node("MaxPool", at, kernel_shape=[2, 2], strides=[2, 2])

    def _doubled(self, at: str) -> str:
        return self._graph.node("Resize", at, "", self._graph.weights(np.array([1, 1, 2, 2], np.float32)))
