"""Export of a trained network as an ONNX file, from BGR crops to calibrated confidences.

The graph is written node by node, not traced: batch normalisation is folded into the convolutions, gray conversion,
light normalisation and the calibration are part of it, and weights are stored as 16-bit floats (half the file;
onnxruntime widens them once, when it loads the file).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from training.network import DIM, Block, Network

OPSET: Final = 17
BGR_TO_GRAY: Final = (0.114, 0.587, 0.299)  # ITU-R BT.601, as OpenCV's COLOR_BGR2GRAY


class _Graph:
    """An ONNX graph under construction; every method adds nodes and returns the name of their result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, **attributes: object) -> str:
        result = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [result], **attributes))
        return result

    def constant(self, values: object, kind: type = np.float32) -> str:
        name = f"constant_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype=kind), name))
        return name

    def weight(self, values: NDArray[np.float32]) -> str:
        """A constant stored in 16 bits and used in 32."""
        return self.add("Cast", self.constant(values, np.float16), to=TensorProto.FLOAT)

    def convolution(self, maps: str, layer: nn.Conv2d, norm: nn.BatchNorm2d | None = None) -> str:
        weight, bias = _folded(layer, norm)
        return self.add(
            "Conv",
            maps,
            self.weight(weight),
            self.constant(bias),
            strides=list(layer.stride),
            pads=[int(layer.padding[0])] * 4,
        )

    def block(self, maps: str, block: Block) -> str:
        inner = self.add("Relu", self.convolution(maps, block.first, block.first_norm))
        inner = self.convolution(inner, block.second, block.second_norm)
        pooled = self.add("Relu", self.convolution(self.add("GlobalAveragePool", inner), block.excite.squeeze))
        inner = self.add("Mul", inner, self.add("Sigmoid", self.convolution(pooled, block.excite.excite)))
        if block.shortcut is not None:
            side = block.stride
            maps = self.add("AveragePool", maps, kernel_shape=[side, side], strides=[side, side])
            maps = self.convolution(maps, block.shortcut, block.shortcut_norm)
        return self.add("Relu", self.add("Add", maps, inner))

    def inputs(self, crops: str) -> str:
        """Converts BGR bytes (n x side x side x 3) to normalised gray crops (n x 1 x side x side)."""
        gray = self.add(
            "MatMul", self.add("Cast", crops, to=TensorProto.FLOAT), self.constant([[c] for c in BGR_TO_GRAY])
        )
        gray = self.add("Transpose", gray, perm=[0, 3, 1, 2])
        centred = self.add("Sub", gray, self.add("ReduceMean", gray, axes=[2, 3]))
        deviation = self.add("Sqrt", self.add("ReduceMean", self.add("Mul", centred, centred), axes=[2, 3]))
        return self.add("Div", centred, self.add("Add", deviation, self.constant(DIM)))

    def logits(self, inputs: str, network: Network) -> str:
        """The logits of normalised crops: n x (classes + 1)."""
        maps = self.add("Relu", self.convolution(inputs, network.stem, network.stem_norm))
        for block in network.blocks:
            assert isinstance(block, Block)
            maps = self.block(maps, block)
        pooled = self.add("Flatten", self.add("GlobalAveragePool", maps))
        head = np.ascontiguousarray(network.head.weight.detach().float().numpy().T)
        return self.add(
            "Add",
            self.add("MatMul", pooled, self.weight(head)),
            self.constant(network.head.bias.detach().float().numpy()),
        )

    def columns(self, values: str, first: int, end: int) -> str:
        """Columns `first` up to `end` of a table."""
        return self.add("Slice", values, *(self.constant([number], np.int64) for number in (first, end, 1)))

    def result(self, kind: str, values: str, name: str, **attributes: object) -> None:
        """Ends the graph with a node whose result has this name."""
        self.nodes.append(helper.make_node(kind, [values], [name], **attributes))


def _folded(layer: nn.Conv2d, norm: nn.BatchNorm2d | None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weight and bias of a convolution with the following normalisation folded in."""
    weight = layer.weight.detach().float().numpy()
    if norm is None:
        assert layer.bias is not None
        return weight, layer.bias.detach().float().numpy()
    mean, variance = (getattr(norm, f"running_{name}").float().numpy() for name in ("mean", "var"))
    gain = norm.weight.detach().float().numpy() / np.sqrt(variance + norm.eps)
    return weight * gain[:, None, None, None], norm.bias.detach().float().numpy() - mean * gain


def write(
    network: Network,
    path: Path,
    *,
    side: int,
    slope: float,
    offset: NDArray[np.float64],
    about: Mapping[str, object],
) -> None:
    """Writes the ONNX file atomically.

    Its input is `crops`, n x side x side x 3 bytes; its results are `confidences`, n x classes, and `covered`, n x 1,
    how sure the network is that the mouth is covered, 0..1.

    Args:
        network: the trained network.
        path: the file to write.
        side: side of a crop, pixels.
        slope: factor of the expressions' logits.
        offset: classes, added to them afterwards.
        about: metadata; values other than strings are stored as JSON.
    """
    graph, classes = _Graph(), len(offset)
    logits = graph.logits(graph.inputs("crops"), network)
    expressions = graph.add("Mul", graph.columns(logits, 0, classes), graph.constant(slope))
    graph.result("Softmax", graph.add("Add", expressions, graph.constant(offset)), "confidences", axis=1)
    graph.result("Sigmoid", graph.columns(logits, classes, classes + 1), "covered")
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "ExpressionNet",
            [helper.make_tensor_value_info("crops", TensorProto.UINT8, ["n", side, side, 3])],
            [
                helper.make_tensor_value_info("confidences", TensorProto.FLOAT, ["n", classes]),
                helper.make_tensor_value_info("covered", TensorProto.FLOAT, ["n", 1]),
            ],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=9,
        producer_name="houselights training",
    )
    helper.set_model_props(model, {k: v if isinstance(v, str) else json.dumps(v) for k, v in about.items()})
    onnx.checker.check_model(model, full_check=True)
    part = path.with_suffix(".part")
    part.write_bytes(model.SerializeToString())
    part.replace(path)
