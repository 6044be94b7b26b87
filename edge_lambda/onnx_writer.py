"""Writes small ONNX models: nodes, weights, one input and one output.

Field numbers are those of onnx.proto (ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto, ValueInfoProto).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_lambda.protobuf import message, number

_IR_VERSION, _OPSET = 8, 13  # ONNX 1.10 and later; onnxruntime 1.22 reads both
_ELEMENT_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int64": 7}
_ATTRIBUTE_INT, _ATTRIBUTE_INTS = 2, 7


class OnnxWriter:
    """Collects the nodes and weights of a graph, each named when it is added, and serialises them."""

    def __init__(self, name: str) -> None:
        """Starts an empty graph of that name."""
        self._name = name
        self._nodes: list[bytes] = []
        self._weights: list[bytes] = []

    def weights(self, values: NDArray[Any]) -> str:
        """Adds constant weights: float32, uint8, int8 or int64. Returns their name."""
        name = f"weights{len(self._weights)}"
        dimensions = b"".join(number(1, size) for size in values.shape)
        kind = number(2, _ELEMENT_TYPES[values.dtype.name])
        little_endian = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes()
        self._weights.append(dimensions + kind + message(8, name.encode()) + message(9, little_endian))
        return name

    def node(self, operator: str, *inputs: str, **attributes: int | Sequence[int]) -> str:
        """Adds an operator of ONNX with one output. Returns the output's name.

        Args:
            operator: name of the operator.
            inputs: names of its inputs, as returned by other calls or given to `model`.
            attributes: its integers and lists of integers, each at least 0.
        """
        name = f"node{len(self._nodes)}"
        encoded = b"".join(message(1, given.encode()) for given in inputs)
        encoded += message(2, name.encode()) + message(4, operator.encode())
        for attribute, value in attributes.items():
            kind, content = (
                (_ATTRIBUTE_INT, number(3, value))
                if isinstance(value, int)
                else (_ATTRIBUTE_INTS, b"".join(number(8, item) for item in value))
            )
            encoded += message(5, message(1, attribute.encode()) + content + number(20, kind))
        self._nodes.append(encoded)
        return name

    def model(self, *, given: str, given_type: str, result: str) -> bytes:
        """Serialises the model.

        Args:
            given: name of the input.
            given_type: type of its elements: float32 or uint8.
            result: name of the node whose output, float32, is the model's.
        """
        graph = b"".join(message(1, node) for node in self._nodes) + message(2, self._name.encode())
        graph += b"".join(message(5, weights) for weights in self._weights)
        graph += message(11, _value(given, given_type)) + message(12, _value(result, "float32"))
        return number(1, _IR_VERSION) + message(7, graph) + message(8, number(2, _OPSET))


def _value(name: str, element: str) -> bytes:
    """A tensor of any shape."""
    return message(1, name.encode()) + message(2, message(1, number(1, _ELEMENT_TYPES[element])))
